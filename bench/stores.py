"""How fast the stores are: ``python -m bench.stores [--series 20000] [--weeks 4]``.

Counts of so many series over so many weeks, an hourly window each, are appended window by window and read back; then
a week of verdicts. SQLite is measured beside memory. Where the TRAPPVAKT_TEST_INFLUXDB_ variables name a server,
InfluxDB is measured too, with a tenth of the series for a day.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.verdicts import VerdictQuery
from tests.contract.conftest import named_server
from tests.contract.influx import InfluxServer
from tests.contract.stores import HOUR, Stores, learn, memory_stores, numbers, sqlite_stores, verdicts

START = 1_793_491_200
RANGE_SCAN = "SELECT hour, n FROM count WHERE hour BETWEEN ? AND ? AND series = ?"


def seconds(act: Callable[[], object], times: int = 3) -> float:
    """Median time of an act."""
    moments = [time.perf_counter()]
    for _ in range(times):
        act()
        moments.append(time.perf_counter())
    return statistics.median(after - before for before, after in pairwise(moments))


def window(series: list[int], start: int) -> CountPoints:
    """One hourly count of every series."""
    size = len(series)
    return CountPoints(
        series=numbers(series),
        times=np.full(size, start * NANOSECONDS),
        counts=np.ones(size, dtype=np.int64),
        sources=np.zeros(size, dtype=np.int64),
    )


def measure_counts(stores: Stores, series: list[int], hours: int) -> Iterator[tuple[str, float]]:
    """Append every window, then read in the ways the service does."""
    end = START + hours * HOUR
    began = time.perf_counter()
    for start in range(START, end, HOUR):
        stores.counts.append(window(series, start))
    yield "append a window of all series", (time.perf_counter() - began) / hours
    yield "read a window of all series", seconds(lambda: stores.counts.read(end - HOUR, end, HOUR))
    one = numbers(series[len(series) // 2 :][:1])
    yield "read the history of one series", seconds(lambda: stores.counts.read(START, end, HOUR, one))
    yield "tell the extent", seconds(stores.counts.extent)
    yield "tell the changes of a day", seconds(lambda: stores.counts.changes(max(0, hours - 24)))


def measure_verdicts(stores: Stores, series: list[int], hours: int) -> Iterator[tuple[str, float]]:
    """Write every window, then read in the ways the service does."""
    end = START + hours * HOUR
    began = time.perf_counter()
    for start in range(START, end, HOUR):
        with stores.state.transaction():
            stores.verdicts.write(verdicts("0", [(start, number) for number in series], budget=0.001))
    yield "write a window of verdicts", (time.perf_counter() - began) / hours
    one, all_series = numbers(series[:1]), tuple(series)
    yield "read the verdicts of one series", seconds(lambda: stores.verdicts.columns(one, START, end))
    page = VerdictQuery(series=tuple(series[:1]), limit=100)
    yield "find 100 verdicts of one series", seconds(lambda: stores.verdicts.find(page))
    anomalies = VerdictQuery(series=all_series, anomalous_only=True, limit=100)
    yield "find 100 anomalies of all series", seconds(lambda: stores.verdicts.find(anomalies))
    yield "read the verdicts of all series", seconds(lambda: stores.verdicts.columns(numbers(series), START, end), 1)


@contextmanager
def stores_of(kind: str) -> Iterator[Stores]:
    """Fresh stores of one kind."""
    with tempfile.TemporaryDirectory() as folder:
        if kind != "influxdb":
            yield memory_stores() if kind == "memory" else sqlite_stores(Path(folder))
            return
        server = InfluxServer(*named_server())
        try:
            yield server.stores(Path(folder))
        finally:
            server.close()


def report(kind: str, series_count: int, hours: int) -> None:
    """Measure one kind of stores and print a table."""
    print(f"\n{kind}: {series_count} series, {hours} hours of counts, {min(hours, 168)} of verdicts\n", flush=True)
    with stores_of(kind) as stores:
        series = learn(stores, series_count)
        for what, taken in measure_counts(stores, series, hours):
            print(f"{what:35} {taken * 1000:10.2f} ms", flush=True)
        if kind == "sqlite":
            scan(stores, series[len(series) // 2], hours)
        for what, taken in measure_verdicts(stores, series, min(hours, 168)):
            print(f"{what:35} {taken * 1000:10.2f} ms", flush=True)


def scan(stores: Stores, series: int, hours: int) -> None:
    """The history of one series by a range scan of the key, which the store does not do."""
    path = stores.counts._database.path
    first = START // HOUR
    with sqlite3.connect(path) as connection:
        taken = seconds(lambda: connection.execute(RANGE_SCAN, (first, first + hours, series)).fetchall(), 1)
        rows = connection.execute("SELECT count(*) FROM count").fetchone()[0]
        journal = connection.execute("SELECT sum(length(series) + length(earliest)) FROM change").fetchone()[0]
    print(f"{'  the same by a range scan':35} {taken * 1000:10.2f} ms", flush=True)
    print(f"{'  bytes a count, without changes':35} {(path.stat().st_size - journal) / rows:10.1f}", flush=True)


def main() -> None:
    """Measure every kind there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=20_000)
    parser.add_argument("--weeks", type=int, default=4)
    chosen = parser.parse_args()
    report("memory", chosen.series, 24)
    report("sqlite", chosen.series, 24)
    report("sqlite", chosen.series, chosen.weeks * 168)
    if all(named_server()):
        report("influxdb", chosen.series // 10, 24)


if __name__ == "__main__":
    main()
