"""Ingest: lines and rows a second. Run: python bench/ingest.py [BODIES]

Gzip bodies of 5,000 lines of line protocol, as Telegraf sends them: 2,500 stairwells with two spaces, hour by hour.
Then the same counts as JSON, all rows of a body good or one bad, and months of history as CSV. Each is read alone, then
read, checked and stored in SQLite, every batch synced to disk.
Then the same lines of sensors whose counts are derived: counters, a message of each of the 5,000 in every body.
The second rate is by the processor's time, for a machine that has other work.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from service.bootstrap import build_ports
from service.domain.places import Kind, PlaceRow, Semantics
from service.ingest import line_protocol
from service.ingest.csv_counts import read_counts_csv
from service.ingest.json_counts import read_counts_json
from service.ingest.line_protocol import read_lines
from service.ports import Ports
from service.settings import load_settings
from service.settings.sections import OWN_SCHEMA
from service.usecases.intake.ingest import ingest_columns, ingest_counts

TENANT = "bench"
LINES = 5_000
START = datetime(2026, 1, 1, tzinfo=UTC)


def line_protocol_bodies(bodies: int) -> list[bytes]:
    """One body an hour: every series once."""
    return [gzip.compress("\n".join(_lines(START + timedelta(hours=hour))).encode(), 1) for hour in range(bodies)]


def _lines(hour: datetime) -> Iterator[str]:
    time_ns = int(hour.timestamp()) * 1_000_000_000
    for number in range(LINES // 2):
        for space in ("cellar", "attic"):
            count = (number * 7 + hour.hour) % 11 // 9
            key = f"presence,host=gw,sensor={space[0]}{number},space={space},stairwell=S{number}"
            yield f"{key} count={count}i {time_ns}"


def json_bodies(bodies: int, bad: int = 0) -> list[bytes]:
    """One body an hour: every series once, the first rows bad."""
    return [json.dumps({"counts": list(_rows(START + timedelta(hours=hour), bad))}).encode() for hour in range(bodies)]


def _rows(hour: datetime, bad: int) -> Iterator[dict[str, object]]:
    for number in range(LINES):
        place = {"stairwell": f"S{number // 2}", "space": ("cellar", "attic")[number % 2]}
        yield {**place, "time": hour.isoformat(), "count": -1 if number < bad else (number * 7 + hour.hour) % 11 // 9}


def history(rows: int) -> bytes:
    """A table of 500 series, ordered by time."""
    hours = (START + timedelta(hours=number) for number in range(rows // 500))
    lines = (f"{hour.isoformat()},S{number},cellar,{number % 3}" for hour in hours for number in range(500))
    return "\n".join(["time,stairwell,space,count", *lines]).encode()


def register_counters(ports: Ports) -> None:
    """Say that every sensor of the bodies is a counter."""
    ports.register.put(
        PlaceRow(
            tenant=TENANT,
            area="A",
            property="P",
            building="B",
            stairwell=f"S{number}",
            space=space,
            kind=Kind(space),
            sensor=f"{space[0]}{number}",
            semantics=Semantics.CUMULATIVE,
        )
        for number in range(LINES // 2)
        for space in ("cellar", "attic")
    )


@contextmanager
def fresh_ports() -> Iterator[Ports]:
    """Ports over an empty SQLite store."""
    with tempfile.TemporaryDirectory() as folder:
        yield build_ports(load_settings(environment={}, overrides={"general.data_dir": folder}))


def report(what: str, rows: int, work: Callable[[], object]) -> None:
    """Run the work and print its rate."""
    started, processor_started = time.perf_counter(), time.process_time()
    work()
    seconds, processor_seconds = time.perf_counter() - started, time.process_time() - processor_started
    print(f"{what:50} {rows / seconds:10,.0f} rows/s {rows / processor_seconds:10,.0f} rows/s of processor")


def read_all(bodies: list[bytes]) -> None:
    """Unpack and parse."""
    for body in bodies:
        assert len(read_lines(gzip.decompress(body), now=datetime.now(UTC))) == LINES


def store_all(ports: Ports, bodies: list[bytes]) -> None:
    """Unpack, parse, check and store."""
    for body in bodies:
        columns = read_lines(gzip.decompress(body), now=datetime.now(UTC))
        assert ingest_columns(ports, TENANT, columns).accepted == LINES


def store_json(ports: Ports, bodies: list[bytes]) -> None:
    """Parse, check and store."""
    for body in bodies:
        ingest_columns(ports, TENANT, read_counts_json(body))


def main() -> None:
    """Print a table of rates."""
    bodies = line_protocol_bodies(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
    rows = len(bodies) * LINES
    report("line protocol, read", rows, lambda: read_all(bodies))
    reader = line_protocol._reader(OWN_SCHEMA)
    with patch.object(reader, "read_common", lambda *_: None):
        report("line protocol, read, line by line", rows, lambda: read_all(bodies))
        with patch.object(reader, "common", re.compile(rb"(?!)")):
            report("line protocol, read, every line the exact way", rows, lambda: read_all(bodies))
    with fresh_ports() as ports:
        store_all(ports, bodies[:1])
        report("line protocol, read and stored", rows, lambda: store_all(ports, bodies))
        report("line protocol, read and stored again", rows, lambda: store_all(ports, bodies))
    few = bodies[: max(1, len(bodies) // 10)]
    with fresh_ports() as ports:
        register_counters(ports)
        store_all(ports, few[:1])
        report("line protocol of counters, read and derived", len(few) * LINES, lambda: store_all(ports, few))
    for what, bad in (("JSON", 0), ("JSON with a bad row in each body", 1)):
        documents = json_bodies(len(bodies), bad)
        report(f"{what}, read", rows, lambda: [read_counts_json(body) for body in documents])  # noqa: B023
        with fresh_ports() as ports:
            store_json(ports, documents[:1])
            report(f"{what}, read and stored", rows, lambda: store_json(ports, documents))  # noqa: B023
    table = history(rows)
    report("CSV, read", rows, lambda: sum(1 for _ in read_counts_csv(io.BytesIO(table), "UTC")))
    with fresh_ports() as ports:
        rows_of = read_counts_csv(io.BytesIO(table), "UTC")
        report("CSV, read and stored", rows, lambda: ingest_counts(ports, TENANT, rows_of))


if __name__ == "__main__":
    main()
