"""Counts that reached the store past us are found, and corrected like any late count."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from service.domain.counts import CountPoints, CountSpan
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import COUNTS
from service.tick import Tick
from service.usecases.intake.reconcile import reconcile
from service.usecases.learning.advance import advance
from tests.worlds import city_points, opened_after, unscored

NOBODY = CountPoints(*(np.empty(0, dtype=np.int64) for _ in range(4)))


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(5, stairwells=4, weeks=2)


@pytest.fixture(scope="module")
def scored(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of four stairwells, scored."""
    folder = tmp_path_factory.mktemp("scored")
    advance(unscored(folder, city))
    return folder


@pytest.fixture
def town(scored: Path, city: SimulatedCity, tmp_path: Path) -> tuple[Ports, CountPoints]:
    """A copy of it, and its counts."""
    return opened_after(Path(shutil.copytree(scored, tmp_path / "a")), city), city_points(city)


def select(points: CountPoints, chosen: np.ndarray) -> CountPoints:
    return CountPoints(*(getattr(points, name)[chosen] for name in ("series", "times", "counts", "sources")))


def past_us(ports: Ports, points: CountPoints, *, gone: CountPoints = NOBODY) -> None:
    """Write and delete counts as somebody else would: without a record of the change."""
    spans = [CountSpan(int(s), int(o), int(t), int(t) + 1) for s, t, _, o in rows(gone)]
    cursor = ports.counts.changes(0).cursor
    ports.counts.append(points)
    ports.counts.replace(NOBODY, spans)
    Database(ports.settings.data_dir / "counts.db", COUNTS).execute("DELETE FROM change WHERE cursor > ?", (cursor,))


def rows(points: CountPoints) -> list[tuple[int, int, int, int]]:
    names = ("series", "times", "counts", "sources")
    return list(zip(*(getattr(points, name).tolist() for name in names), strict=True))


def verdicts(ports: Ports) -> VerdictColumns:
    numbers = np.array([one.number for one in ports.register.series()], dtype=np.int64)
    return ports.verdicts.columns(numbers, 0, 2**40)


def test_nothing_differs_where_everybody_writes_through_us(town: tuple[Ports, CountPoints]) -> None:
    """And before the first tick there is nothing to compare."""
    ports, _ = town
    assert reconcile(ports, 30) == 0


def test_late_other_and_withdrawn_counts_are_found_and_corrected(
    town: tuple[Ports, CountPoints], city: SimulatedCity, tmp_path: Path
) -> None:
    """The verdicts are then, to the last bit, those of a service that had these counts from the beginning."""
    ports, points = town
    doubled = replace(points, counts=points.counts * 2 + 1)
    other, gone = select(doubled, np.flatnonzero(points.series == 2)[-30:]), select(points, np.array([-1]))
    past_us(ports, other, gone=gone if points.counts[-1] else NOBODY)
    before = verdicts(ports)
    assert advance(ports).corrected == 0
    found = reconcile(ports, 30)
    assert found >= 1
    assert advance(ports).corrected == found
    assert reconcile(ports, 30) == 0

    undisturbed = unscored(tmp_path / "b", city)
    past_us(undisturbed, other, gone=gone if points.counts[-1] else NOBODY)
    advance(undisturbed)
    now, expected = verdicts(ports), verdicts(undisturbed)
    assert not np.array_equal(before.score, now.score)
    assert np.array_equal(now.count, expected.count)
    assert np.array_equal(now.score, expected.score)


def test_a_zero_without_its_count_is_no_difference(town: tuple[Ports, CountPoints]) -> None:
    """Under assumed liveness silence is judged as zero, and no count was ever written of it."""
    ports, points = town
    for gone, differing in ((points.counts == 0, 0), (points.counts > 0, 1)):
        past_us(ports, NOBODY, gone=select(points, np.flatnonzero(gone)[-1:]))
        assert reconcile(ports, 30) == differing


def test_only_so_many_days_are_searched(town: tuple[Ports, CountPoints]) -> None:
    """What is older is left for a search by hand."""
    ports, points = town
    past_us(ports, replace(select(points, np.array([0])), counts=np.array([99])))
    assert reconcile(ports, 3) == 0
    assert reconcile(ports, 30) == 1


def test_counts_that_the_store_has_deleted_are_no_difference(town: tuple[Ports, CountPoints]) -> None:
    """Where a bucket keeps less than is searched, everybody differed, every night, and nobody could be corrected. What
    somebody else deletes later than the first count that is left is found all the same.
    """
    ports, points = town
    days = np.unique(points.times // (86_400 * 10**9))
    late = points.times // (86_400 * 10**9) >= days[5]
    past_us(ports, NOBODY, gone=select(points, np.flatnonzero(~late)))
    assert reconcile(ports, 30) == 0
    later = np.flatnonzero(late & (points.series == 2) & (points.counts > 0))[-1:]
    past_us(ports, NOBODY, gone=select(points, later))
    assert reconcile(ports, 30) == 1


def test_the_scheduler_searches_once_a_day_where_others_can_write(town: tuple[Ports, CountPoints]) -> None:
    """What is embedded has a record of every change."""
    ports, points = town
    elsewhere = msgspec.structs.replace(
        ports.settings, store=msgspec.structs.replace(ports.settings.store, kind="influxdb")
    )
    shared = replace(ports, settings=elsewhere)
    other = replace(select(points, np.array([-1])), counts=points.counts[-1:] + 1)
    tick, embedded = Tick(shared), Tick(ports)
    tick.run()
    past_us(ports, other)
    for each in (tick, embedded):
        each.run()
        assert verdicts(ports).count.sum() == points.counts.sum()
    ports.clock.time += timedelta(days=1)
    tick.run()
    assert verdicts(ports).count.sum() == points.counts.sum() + 1
