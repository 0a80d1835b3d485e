"""What is asked of InfluxDB to delete what is old; on a real server, and of one that writes down what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.domain.places import Kind
from service.domain.retention import DataKind
from service.settings.sections import OWN_SCHEMA, InfluxDB
from service.stores.influx.aging import aging_points
from service.stores.influx.connection import InfluxConnection
from service.stores.influx.count_tags import CountTags
from service.stores.influx.places import PlaceTags
from tests.contract.influx import InfluxServer
from tests.contract.stores import HOUR, TENANT, learn, numbers, points, sqlite_stores, verdicts

START = 1_793_491_200  # 2026-11-01 00:00 UTC
NANOSECONDS = 1_000_000_000
DAY = 86_400


@dataclass
class Asked:
    """A server's address, the requests it got, and what it answers queries with."""

    url: str
    requests: list[tuple[str, Any]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """A server that says what InfluxDB 2.7 says, as its API is documented."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.requests.append((urlsplit(self.path).path, body))
            if self.path.startswith("/api/v2/delete"):
                self.send_response(204)
                self.end_headers()
            else:
                self._answer("text/csv", found.answers.pop(0))

        def do_GET(self) -> None:
            rules = [{"type": "expire", "everySeconds": 400 * DAY, "shardGroupDurationSeconds": 7 * DAY}]
            bucket = {"id": "1", "orgID": "2", "name": "counts", "retentionRules": rules}
            self._answer("application/json", json.dumps({"buckets": [bucket]}))

        def _answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Asked(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_weeks_go_up_to_the_instant_and_the_bucket_tells_its_own_rule(asked: Asked, tmp_path: Path) -> None:
    """Of our measurement alone; rows are counted by the server for each place."""
    embedded = sqlite_stores(tmp_path)
    embedded.register.learn(TENANT, [("A", "cellar", Kind.CELLAR), ("B", "cellar", Kind.CELLAR)])
    settings = InfluxDB(asked.url, "org", "counts", "verdicts", "", 5, 5, True, "", "", 7)
    connection, places = InfluxConnection(settings, lambda: "token"), PlaceTags(embedded.register, learning=False)
    tags = CountTags(embedded.register, places, OWN_SCHEMA)
    aging = aging_points(connection, ("counts", "verdicts"), tags=tags, places=places, schema=OWN_SCHEMA)
    first = ",result,table,_time\r\n,_result,0,2026-11-01T00:00:00Z\r\n\r\n"
    asked.answers = [first, first.replace("11-01", "11-08")]
    data = aging[DataKind.COUNTS]
    assert data.delete_before(START + 10 * DAY, 10_000)
    assert not data.delete_before(START + 10 * DAY, 10_000)
    deleted = [body for path, body in asked.requests if path == "/api/v2/delete"]
    assert [one["predicate"] for one in deleted] == ['_measurement="presence"'] * 2
    assert [(one["start"][:4], one["stop"]) for one in deleted] == [
        ("1970", "2026-11-07T23:59:59.999999999Z"),
        ("1970", "2026-11-10T23:59:59.999999999Z"),
    ]
    asked.answers = [
        ",result,table,_value,tenant,stairwell,space,kind,sensor\r\n"
        f",_result,0,3,{TENANT},A,cellar,,\r\n,_result,1,4,{TENANT},B,cellar,,\r\n,_result,2,5,{TENANT},C,cellar,,\r\n\r\n"
    ]
    assert data.rows_before(START) == {1: 3, 2: 4, -1: 5}
    assert data.limit_seconds() == 400 * DAY


@pytest.mark.influx
def test_what_is_old_goes_from_a_real_server(influx_server: InfluxServer, tmp_path: Path) -> None:
    """Superseded verdicts by the time at which they were superseded, which is now."""
    stores = influx_server.stores(tmp_path)
    [series] = learn(stores, 1)
    keys = [(START + hour * HOUR, series) for hour in range(20)]
    stores.counts.append(points([(series, start * NANOSECONDS, 1, 0) for start, _ in keys]))
    stores.verdicts.write(verdicts("0", keys))
    stores.verdicts.supersede(numbers([series]), START, START + 5 * HOUR)
    for kind in (DataKind.COUNTS, DataKind.VERDICTS):
        data, cut = stores.aging[kind], START + 10 * HOUR
        assert data.rows_before(cut) == {series: 10}
        while data.delete_before(cut, 1):
            pass
        assert data.oldest() == cut
    superseded = stores.aging[DataKind.SUPERSEDED]
    assert superseded.rows_before(2**33) == {series: 5}
    assert superseded.limit_seconds() is None
