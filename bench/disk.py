"""What a month of a simulated town takes on the disk: ``python -m bench.disk [--stairwells 100] [--weeks 9]``.

Counts come hour by hour in batches in no order, two in a hundred of them a day late, so that verdicts are revised.
They are scored every day, a list is made every day and approved every Monday. Every count comes as a reading as well,
as if all sensors sent counters. Then the pages of every table are counted, with those of its indexes, and the chunks.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from models.city import SimulatedCity, simulate_city
from service.domain.counts import CountPoints, ReadingPoints
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.lists.hotspots import approve_list, make_list
from tests.worlds import TENANT, StandingClock, city_points, register_city, sqlite_ports

MONTH_DAYS = 30.4
_LATE_SHARE = 0.02
_BATCHES = 4  # of an hour
_FIRST_LIST_DAYS = 15
_PAGES = """
    SELECT sum(pgsize) FROM dbstat WHERE name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)
"""


@dataclass(frozen=True)
class Room:
    """What one kind of thing takes: how many there are, and their bytes."""

    file: str
    what: str
    number: int
    size_bytes: int

    @property
    def each(self) -> float:
        """Bytes of one."""
        return self.size_bytes / self.number if self.number else 0.0


def live(ports: Ports, city: SimulatedCity, seed: int = 1) -> None:
    """Let the town live, day after day."""
    random = np.random.default_rng(seed)
    late = city_points(city, slice(0, 0))
    for day in range(0, len(city.starts), 24):
        arrived, late = _without_late(city_points(city, slice(day, day + 24)), late, random)
        for hour in np.array_split(np.argsort(arrived.times, kind="stable"), 24):
            for batch in np.array_split(random.permutation(hour), _BATCHES):
                ports.counts.append(_some(arrived, batch))
        with ports.readings.transaction():
            ports.readings.put(
                ReadingPoints(series=arrived.series, sources=arrived.series, times=arrived.times, values=arrived.counts)
            )
        now = datetime.fromtimestamp(int(city.starts[day]), UTC) + timedelta(days=1, minutes=40)
        ports.clock.time = now  # type: ignore[attr-defined] - the clock that stands
        advance(ports)
        if day // 24 >= _FIRST_LIST_DAYS:
            made = make_list(ports, TENANT)
            if now.weekday() == 0:
                approve_list(ports, TENANT, made.list_id, "bench")


def rooms(folder: Path, ports: Ports) -> Iterator[Room]:
    """Every table that grows, then the chunks of state."""
    for file, table in (
        ("counts.db", "count"),
        ("counts.db", "reading"),
        ("counts.db", "change"),
        ("state.db", "verdict"),
        ("state.db", "verdict_revision"),
        ("register.db", "hotspot_list"),
        ("audit.db", "entry"),
    ):
        with closing(sqlite3.connect(folder / file)) as connection:
            number = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - named above
            yield Room(file, table, number, connection.execute(_PAGES, (table,)).fetchone()[0])
    checkpoints = ports.state.ledger().checkpoints
    sizes = {path.name: path.stat().st_size for path in (folder / "state").iterdir()}
    kept = {one.file for one in checkpoints}
    yield Room(
        "state/", "checkpoint of a series", sum(len(one.series) for one in checkpoints), sum(sizes[one] for one in kept)
    )
    in_force = sum(size for name, size in sizes.items() if name not in kept)
    yield Room("state/", "state in force of a series", len(ports.register.series()), in_force)


def _without_late(
    points: CountPoints, before: CountPoints, random: np.random.Generator
) -> tuple[CountPoints, CountPoints]:
    """What arrives today, yesterday's late counts first; and what will be late."""
    is_late = random.random(len(points)) < _LATE_SHARE
    today = _some(points, np.flatnonzero(~is_late))
    arrived = CountPoints(
        **{
            name: np.concatenate([getattr(before, name), getattr(today, name)])
            for name in ("series", "times", "counts", "sources")
        }
    )
    return arrived, _some(points, np.flatnonzero(is_late))


def _some(points: CountPoints, rows: np.ndarray) -> CountPoints:
    return CountPoints(
        series=points.series[rows],
        times=points.times[rows],
        counts=points.counts[rows],
        sources=points.sources[rows],
    )


def main() -> int:
    """Write, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stairwells", type=int, default=100)
    parser.add_argument("--weeks", type=int, default=9)
    arguments = parser.parse_args()
    city = simulate_city(7, arguments.stairwells, arguments.weeks)
    with tempfile.TemporaryDirectory(prefix="disk-") as name:
        folder = Path(name)
        ports = sqlite_ports(folder, datetime.fromtimestamp(int(city.starts[0]), UTC))
        assert isinstance(ports.clock, StandingClock)
        register_city(ports, city)
        live(ports, city)
        months = len(city.starts) / 24 / MONTH_DAYS
        series = len(city.places)
        print(f"{series} series, {len(city.starts)} hourly windows, {months:.1f} months")
        print("| file | what | number | bytes each | bytes per series-month |")
        print("|---|---|---|---|---|")
        for room in rooms(folder, ports):
            print(
                f"| {room.file} | {room.what} | {room.number:,} | {room.each:,.0f} "
                f"| {room.size_bytes / series / months:,.0f} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
