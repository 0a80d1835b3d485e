"""A town with spaces that are hot on known evenings, and lists of it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.hotspots import HotspotEntry, HotspotList
from service.domain.places import Kind, Liveness, PlaceRow
from service.ports import Ports
from tests.worlds import TENANT, sqlite_ports

FIRST = 1_746_396_000  # Monday 2025-05-05 00:00 in Stockholm
WEEKS = 7
END = datetime.fromtimestamp(FIRST, UTC) + timedelta(weeks=WEEKS)
CALM = [f"s{number:02d}" for number in range(10, 40)]
HOT = {  # space: weekdays, hours, first week
    ("fresh", "cellar"): [((4, 5), (22, 23, 24, 25), 5), ((1,), (18, 19), 5)],
    ("fresh", "attic"): [((6,), (19, 20, 21), 5)],
    ("always", "cellar"): [((2, 3), (20, 21, 22), 0)],
    ("small", "cellar"): [((0, 3), (20, 21, 22), 4)],
    ("moved in", "cellar"): [((0, 2, 4), (20, 21, 22), WEEKS - 2)],
}


def rows() -> list[PlaceRow]:
    """Calm places north and south, and the hot ones north; ``dark`` was never heard."""
    spaces = [*HOT, ("dark", "cellar"), *((name, "cellar") for name in CALM)]
    return [
        PlaceRow(
            tenant=TENANT,
            area="Norra" if (stairwell, space) in HOT else "Södra",
            property="p",
            building=f"house of {stairwell}",
            stairwell=stairwell,
            space=space,
            kind=Kind.CELLAR,
            address=f"{stairwell} street",
            dwellings={"small": 3, "fresh": None}.get(stairwell, 24),
            sensor=f"sensor of {stairwell} {space}",
            liveness=Liveness.ASSUMED if stairwell == "always" else Liveness.HEARTBEAT,
        )
        for stairwell, space in spaces
    ]


def counts(ports: Ports) -> CountPoints:
    """Few presences anywhere; two in every hour of a block; who moved in was heard for two weeks only."""
    random = np.random.default_rng(11)
    windows = np.arange(WEEKS * 168)
    series, times, values = [], [], []
    for (stairwell, space), number in ports.register.index(TENANT).items():
        if stairwell == "dark":
            continue
        row = random.poisson(0.03, len(windows))
        for weekdays, hours, week in HOT.get((stairwell, space), []):
            inside = np.isin((windows - np.array(hours)[:, None]) % 168, np.array(weekdays) * 24).any(axis=0)
            row[inside & (windows >= week * 168)] = 2
        heard = windows >= (WEEKS - 2) * 168 if stairwell == "moved in" else windows >= 0
        series.append(np.full(heard.sum(), number))
        times.append((FIRST + windows[heard] * 3600) * NANOSECONDS)
        values.append(row[heard])
    columns = [np.concatenate(part).astype(np.int64) for part in (series, times, values)]
    return CountPoints(series=columns[0], times=columns[1], counts=columns[2], sources=np.zeros_like(columns[0]))


def town(scored: Path, folder: Path, **settings: object) -> Ports:
    """The town under other settings."""
    shutil.copytree(scored, folder, dirs_exist_ok=True)
    return sqlite_ports(folder, now=END, **settings)


def by_place(made: HotspotList) -> dict[str, HotspotEntry]:
    return {entry.stairwell: entry for entry in made.entries}
