"""InfluxDB's own client, and what Telegraf sends, write to the embedded store unchanged."""

from __future__ import annotations

import dataclasses
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import urllib3
from influxdb_client import InfluxDBClient, Point, WriteOptions, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException

from service.domain.keys import Role
from service.ports import Ports
from tests.api.conftest import Town, body, served
from tests.worlds import sqlite_ports

START = 1790812800  # 2026-10-01, UTC
HOUR = 3600


class NextMinute:
    """Counts requests, and lets the next minute begin once one is too many."""

    def __init__(self, ports: Ports) -> None:
        self._counter, self._clock = ports.requests, ports.clock
        self._quota = ports.settings.api.writes_per_minute
        self.refused = 0

    def count(self, key_id: str, policy: str, window: int) -> int:
        counted = self._counter.count(key_id, policy, window)
        if counted > self._quota:
            self._clock.time += timedelta(seconds=1)
            self.refused += 1
        return counted


@pytest.fixture
def town(tmp_path) -> Town:
    return Town(sqlite_ports(tmp_path))


@pytest.fixture
def address(town) -> Iterator[str]:
    with served(town.app) as address:
        yield address


@pytest.fixture(params=[False, True], ids=["plain", "gzip"])
def client(request, town, address) -> Iterator[InfluxDBClient]:
    with InfluxDBClient(address, town.tokens[Role.INGEST], org="any", enable_gzip=request.param) as client:
        yield client


def points(count: int) -> list[Point]:
    return [
        Point("presence").tag("stairwell", f"s{k % 50}").field("count", k % 7).time(START + k // 50 * HOUR, "s")
        for k in range(count)
    ]


def stored(town: Town) -> list[int]:
    """Counts by window, then stairwell."""
    names = {one.number: int(one.stairwell[1:]) for one in town.ports.register.series()}
    windows = town.ports.counts.read(START, START + 200 * HOUR, HOUR)
    rows = sorted(zip(windows.starts, map(names.get, windows.series), windows.counts, strict=True))
    return [int(count) for *_, count in rows]


def test_the_client_finds_a_server(client):
    assert client.ping()
    assert client.version() == "2.7.0"
    assert client.health().status == "pass"


def test_synchronous_writes_arrive(client, town):
    client.write_api(write_options=SYNCHRONOUS).write("any", record=points(1000), write_precision=WritePrecision.S)
    assert stored(town) == [k % 7 for k in range(1000)]


def test_batching_writes_arrive(client, town):
    """As programs use it: batches in the background, flushed when the writer is closed."""
    failures: list[object] = []
    options = WriteOptions(batch_size=300, flush_interval=10_000)
    with client.write_api(options, error_callback=lambda *seen: failures.append(seen)) as writer:
        for point in points(1000):
            writer.write("any", record=point)
    assert failures == []
    assert stored(town) == [k % 7 for k in range(1000)]


@pytest.mark.parametrize(("precision", "factor"), [("ns", 10**9), ("us", 10**6), ("ms", 10**3), ("s", 1)], ids=str)
def test_every_precision_means_the_same_time(client, town, precision, factor):
    line = f"presence,stairwell=s0 count=3i {START * factor}"
    client.write_api(write_options=SYNCHRONOUS).write("any", record=line, write_precision=precision)
    assert stored(town) == [3]


def test_the_client_shows_which_line_is_bad(client, town):
    lines = [
        f"presence,stairwell=s0 count=3i {START}",
        "presence count=4i 1",
        f"presence,stairwell=s1 count=5i {START}",
    ]
    with pytest.raises(ApiException) as refused:
        client.write_api(write_options=SYNCHRONOUS).write("any", record="\n".join(lines), write_precision="s")
    assert refused.value.status == 422
    assert "1 of 3 rows" in refused.value.message
    assert "row 2" in refused.value.message
    assert stored(town) == [3, 5], "the good lines are kept"


def test_the_client_shows_a_wrong_token(address):
    with InfluxDBClient(address, "tv_wrong", org="any") as client, pytest.raises(ApiException) as refused:
        client.write_api(write_options=SYNCHRONOUS).write("any", record="presence,stairwell=s0 count=1i 1")
    assert refused.value.status == 401
    assert "revoked" in refused.value.message


def test_a_writer_that_is_told_to_wait_loses_nothing(tmp_path):
    """The client's own batching mode goes on when the next minute begins."""
    last_second = datetime(2026, 11, 1, 12, 0, 59, tzinfo=UTC)
    ports = sqlite_ports(tmp_path, last_second, api__writes_per_minute=2)
    counter = NextMinute(ports)
    town = Town(dataclasses.replace(ports, requests=counter))
    failures: list[object] = []
    options = WriteOptions(batch_size=100, flush_interval=10_000)
    with (
        served(town.app) as address,
        InfluxDBClient(address, town.tokens[Role.INGEST], org="any") as client,
        client.write_api(options, error_callback=lambda *seen: failures.append(seen)) as writer,
    ):
        for point in points(400):
            writer.write("any", record=point)
    assert failures == []
    assert stored(town) == [k % 7 for k in range(400)]
    assert counter.refused == 1


def test_a_batch_as_telegraf_sends_it(town, address):
    """Its tags of its own, floats, gzip, nanoseconds, and a query in its order."""
    lines = [
        f"presence,host=gw-{k % 3},space=cellar,stairwell=s{k} count={k % 5}.0 {START}000000000\n" for k in range(5000)
    ]
    response = urllib3.request(
        "POST",
        f"{address}/api/v2/write?bucket=counts&org=trappvakt",
        body=gzip.compress("".join(lines).encode()),
        headers={
            "Authorization": f"Token {town.tokens[Role.INGEST]}",
            "Content-Type": "text/plain; charset=utf-8",
            "Content-Encoding": "gzip",
            "User-Agent": "Telegraf/1.33.0",
        },
    )
    assert (response.status, response.data) == (204, b"")
    assert stored(town) == [k % 5 for k in range(5000)]


def test_an_error_is_influxdbs_and_a_problem_document_at_once(town):
    """``code`` and ``message`` for InfluxDB's clients, ``type`` and ``detail`` for ours."""
    response = town.reader.post("/api/v2/write", data=b"presence,stairwell=s0 count=1i 1")
    problem = body(response)
    assert (response.status_code, problem["code"]) == (403, "forbidden")
    assert problem["message"] == problem["detail"]
    assert problem["type"] == "/problems/not-permitted"


@pytest.mark.parametrize("query", ["precision=fortnight", "db=counts", "precision=s&precision=ms"])
def test_an_odd_query_is_refused(town, query):
    response = town.ingest.post(f"/api/v2/write?{query}", data=b"presence,stairwell=s0 count=1i 1")
    assert (response.status_code, body(response)["code"]) == (422, "unprocessable entity")
