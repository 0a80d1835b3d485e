"""Small worlds for the tests: real SQLite stores in a folder of their own, a clock that stands, a simulated town."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from models.city import SimulatedCity
from models.detector.state import STATE_SCHEMA
from service.bootstrap import build_ports
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.domain.state import Manifest
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports import Ports
from service.settings import load_settings

TENANT = "hyresbolaget"


class StandingClock:
    """A clock that shows what it is told to."""

    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


def sqlite_ports(folder: Path, now: datetime = datetime(2026, 11, 1, tzinfo=UTC), **overrides: object) -> Ports:
    """Ports over fresh SQLite stores; overrides name settings with a double underscore: ``window__minutes=30``.

    The clock stands, so that a minute is never over: the limits of requests are high, and health is asked every time.
    """
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    quick = {"api.requests_per_minute": 1_000_000, "api.writes_per_minute": 1_000_000, "api.health_seconds": 0}
    settings = load_settings(environment={}, overrides={"general.data_dir": str(folder), **quick, **dotted})
    return build_ports(settings, clock=StandingClock(now))


def register_city(ports: Ports, city: SimulatedCity) -> None:
    """Put the town's places in the register, so that its series get the numbers 1, 2, ..."""
    ports.register.put(
        PlaceRow(
            tenant=TENANT,
            area=place.area,
            property=place.property,
            building=place.building,
            stairwell=place.stairwell,
            space=place.space,
            kind=Kind(place.kind),
        )
        for place in city.places
    )


def city_points(city: SimulatedCity, rows: slice = slice(None)) -> CountPoints:
    """The town's counts of some windows as points of the series 1, 2, ..."""
    window, series = np.nonzero(~np.isnan(city.counts[rows]))
    return CountPoints(
        series=(series + 1).astype(np.int64),
        times=city.starts[rows][window] * NANOSECONDS,
        counts=city.counts[rows][window, series].astype(np.int64),
        sources=np.zeros(len(window), dtype=np.int64),
    )


def opened_after(folder: Path, city: SimulatedCity) -> Ports:
    """Ports on a folder; the clock shows two hours after the end of a city."""
    return sqlite_ports(folder, now=end_of(city) + timedelta(hours=2))


def unscored(folder: Path, city: SimulatedCity) -> Ports:
    """The same, with the city's places and all its counts, of which nothing is scored."""
    ports = opened_after(folder, city)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    return ports


def judge_city(ports: Ports, city: SimulatedCity) -> None:
    """Verdicts on the town's counts as if it had been scored, but in no time: only their counts mean anything."""
    window, series = np.nonzero(~np.isnan(city.counts))
    measures = {name: np.full(len(window), 0.5) for name in MEASURES} | {"count": city.counts[window, series]}
    manifest = Manifest(
        origin=int(city.starts[0]),
        watermark=int(end_of(city).timestamp()),
        version="0",
        previous=None,
        window_minutes=city.calendar.window_minutes,
        shard_series=1000,
        cursor=0,
        digest="",
        shards=[],
        layout=STATE_SCHEMA,
    )
    verdicts = VerdictColumns(
        version="0", series=series + 1, starts=city.starts[window], anomalous=np.zeros(len(window), bool), **measures
    )
    with ports.state.transaction():
        ports.verdicts.write(verdicts)
        ports.state.publish(manifest)


def end_of(city: SimulatedCity) -> datetime:
    """The end of the town's last window."""
    return datetime.fromtimestamp(int(city.starts[-1]) + city.calendar.window_seconds, UTC)
