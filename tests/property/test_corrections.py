"""Whatever is corrected, annotated or moved afterwards: verdicts and state are those of a fresh replay, bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from models.detector.state import GROUPS
from service.domain.annotations import AnnotationKind, AnnotationRow
from service.domain.counts import NANOSECONDS, CountPoints, CountSpan
from service.domain.places import Kind, Liveness, PlaceRow
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import make_annotation
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import open_shard, shards_by_number, shards_of
from tests.worlds import TENANT, sqlite_ports

HOUR, WEEK = 3600, 168
WEEKS, SPACES = 4, 4
START = 1_767_571_200 - 50 * HOUR
END = datetime.fromtimestamp(START + WEEKS * WEEK * HOUR, UTC)
LAYOUT = {"advance__checkpoint_weeks": 2, "advance__shard_series": 2}


class World:
    """Counts, annotations and places as they are in the end, whatever they were before."""

    def __init__(self, folder: Path, seed: int, **overrides: object) -> None:
        self.random = np.random.default_rng(seed)
        self.counts = self.random.poisson(0.4, (WEEKS * WEEK, SPACES))
        self.counts[:, 0] = np.where(np.arange(WEEKS * WEEK) < WEEK, -1, self.counts[:, 0])
        self.places = [[place(space)] for space in range(SPACES)]
        self.notes: list[AnnotationRow] = []
        self.settings = LAYOUT | overrides
        self.folder = folder
        self.ports = self.opened("live")
        self.put_places()
        self.append(self.counts)

    def opened(self, name: str) -> Ports:
        return sqlite_ports(self.folder / name, now=END, **self.settings)

    def put_places(self) -> None:
        """The first row of every space first, so that series have the numbers 1, 2, ..."""
        for rank in range(2):
            self.ports.register.put(rows[rank] for rows in self.places if len(rows) > rank)

    def append(self, counts: np.ndarray, begin: int = 0) -> None:
        window, space = np.nonzero(counts >= 0)
        self.ports.counts.append(points(window + begin, space, counts[window, space]))

    def correct_week(self) -> None:
        """Other counts of one series, for up to a week; some windows lose theirs."""
        begin, space = int(self.random.integers(len(self.counts))), int(self.random.integers(SPACES))
        hours = np.arange(begin, min(begin + int(self.random.integers(1, WEEK)), len(self.counts)))
        self.counts[hours, space] = self.random.integers(-1, 4, len(hours))
        kept = hours[self.counts[hours, space] >= 0]
        span = CountSpan(space + 1, 0, *(int(START + hour * HOUR) * NANOSECONDS for hour in (begin, hours[-1] + 1)))
        self.ports.counts.replace(points(kept, np.full(len(kept), space), self.counts[kept, space]), [span])

    def annotate(self) -> None:
        begin, hours = self.random.integers(0, WEEKS * WEEK - 100), self.random.integers(1, 100)
        start, end = (datetime.fromtimestamp(int(START + hour * HOUR), UTC) for hour in (begin, begin + hours))
        kind = (AnnotationKind.RENOVATION, AnnotationKind.NORMAL)[int(self.random.integers(2))]
        row = AnnotationRow(kind=kind, start=start, end=end, stairwell=f"s{int(self.random.integers(SPACES))}")
        self.notes.append(row)
        make_annotation(self.ports, TENANT, row, "key-1")

    def change_kind(self) -> None:
        space, kind = int(self.random.integers(SPACES)), list(Kind)[int(self.random.integers(len(Kind)))]
        self.places[space] = [msgspec.structs.replace(row, kind=kind) for row in self.places[space]]
        self.put_places()

    def move_sensor(self) -> None:
        """The sensor of the first space goes to the second, and another, of which silence is calm, takes its place."""
        moved = END - timedelta(weeks=int(self.random.integers(1, 3)), minutes=20)
        here, there = self.places[0][0], self.places[1][0]
        self.places[0] = [
            msgspec.structs.replace(here, sensor="a", valid_to=moved),
            msgspec.structs.replace(here, sensor="b", valid_from=moved, liveness=Liveness.ASSUMED),
        ]
        self.places[1] = [msgspec.structs.replace(there, sensor="a", valid_from=moved)]
        self.put_places()

    def fresh(self) -> Ports:
        """A store that knows the end from the beginning."""
        live, self.ports = self.ports, self.opened("fresh")
        self.put_places()
        for row in self.notes:
            make_annotation(self.ports, TENANT, row, "key-1")
        self.append(self.counts)
        advance(self.ports, END)
        fresh, self.ports = self.ports, live
        return fresh


def place(space: int) -> PlaceRow:
    names = {"tenant": TENANT, "area": "a", "property": "p", "building": "b", "stairwell": f"s{space}"}
    return PlaceRow(space="cellar", kind=Kind.CELLAR, **names)


def points(hours: np.ndarray, spaces: np.ndarray, counts: np.ndarray) -> CountPoints:
    times = (START + np.asarray(hours, dtype=np.int64) * HOUR) * NANOSECONDS
    return CountPoints(spaces + 1, times, np.asarray(counts, dtype=np.int64), np.zeros(len(times), dtype=np.int64))


def assert_same(live: Ports, fresh: Ports) -> None:
    one, other = (ports.verdicts.columns(np.arange(1, SPACES + 1), 0, 2**40) for ports in (live, fresh))
    for column in fields(VerdictColumns):
        np.testing.assert_array_equal(getattr(one, column.name), getattr(other, column.name), column.name)
    assert_states_are_same(live, fresh)


def assert_states_are_same(live: Ports, fresh: Ports) -> None:
    for mine, theirs in zip(states_of(live), states_of(fresh), strict=True):
        for group in GROUPS:
            np.testing.assert_array_equal(getattr(mine, group), getattr(theirs, group), group)


def states_of(ports: Ports) -> list[Any]:
    manifest: Any = ports.state.manifest()
    version, held = ports.registry.load(manifest.version), shards_by_number(manifest)
    rosters = shards_of(full_roster(ports), manifest.shard_series)
    return [open_shard(ports.state, held[k], one, version, 60).columns.state for k, one in enumerate(rosters)]


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 9))])
def test_corrected_equals_replayed_from_the_beginning(tmp_path: Path, seed: int, monkeypatch: Any) -> None:
    """Slices of few series; corrections of the same series and of others come while the town is caught up with."""
    monkeypatch.setattr(slices, "SLICE_VERDICTS", 2 * WEEK)
    world = World(tmp_path, seed)
    said: list[Callable[[], None]] = [world.correct_week, world.annotate, world.change_kind]
    said += [world.correct_week, world.move_sensor, world.correct_week]
    for days in (13, 6, 0):
        advance(world.ports, END - timedelta(days=days))
        for _ in range(2):
            said.pop(int(world.random.integers(len(said))))()
    advance(world.ports, END)
    assert world.ports.state.ledger().pending == {}
    assert_same(world.ports, world.fresh())
