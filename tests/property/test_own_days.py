"""Days that single series keep as holidays: judged as if everybody kept them, beside neighbours who do not."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.shipped import shipped_version
from service.domain.annotations import Marks
from service.domain.verdicts import VerdictColumns
from service.usecases.learning.scoring import Roster, score_and_learn, slots_stepped
from tests.property.test_detector import assert_same, assert_state, columns_of, draw_counts

N, DAYS = 9, 12
FRIDAY = date(2026, 10, 23)  # the clocks change in the second night
STARTS = 1_792_706_400 + 3600 * np.arange(DAYS * 24)
TOWN = Calendar("Europe/Stockholm", [FRIDAY + timedelta(days=2)])
BREAK = frozenset(FRIDAY + timedelta(days=day) for day in (2, 3, 4, 5))
FAIR = frozenset({FRIDAY + timedelta(days=4), FRIDAY + timedelta(days=8)})
KEPT = {1: BREAK, 2: FAIR, 5: BREAK, 6: FAIR, 8: frozenset[date]()}


@settings(max_examples=3)
@given(seed=st.integers(0, 2**31), share=st.floats(0, 1))
def test_a_window_with_two_slots_is_each_series_alone_in_its_own(seed: int, share: float) -> None:
    """Verdicts and state to the last bit, whoever keeps the day, marks and missing counts among them."""
    counts, random = draw_counts(40, 6, seed), np.random.default_rng(seed)
    holiday, left_out, confirmed = random.random((3, *counts.shape)) < np.array([share, 0.2, 0.2])[:, None, None]
    together, apart = columns_of(6), [columns_of(1, first=k) for k in range(6)]
    for step, row in enumerate(counts):
        slot = int(random.integers(8 * 24))
        marks = {"left_out": left_out[step], "confirmed": confirmed[step]}
        verdicts = together.step(slot, row, holiday=holiday[step], **marks)
        for k, alone in enumerate(apart):
            own, mine = 7 * 24 + slot % 24 if holiday[step, k] else slot, slice(k, k + 1)
            one = alone.step(own, row[mine], **{name: mark[mine] for name, mark in marks.items()})
            assert_same([verdicts], [one], mine)
    for k, alone in enumerate(apart):
        assert_state(together.state.select([k]), alone.state)


def roster_of(own_days: dict[int, frozenset[date]]) -> Roster:
    """Series with heartbeats and one without, of which silences are known."""
    return Roster(
        numbers=np.arange(1, N + 1),
        kinds=np.arange(N) % 7,
        shares=np.full(N, 0.02),
        assumed=((5, 0, 2**40), (0, 0, 2**40)),
        restarts=((2, int(STARTS[110])),),
        silences=((5, int(STARTS[120])),),
        own_days=tuple(own_days.items()),
    )


def judged(
    roster: Roster, calendar: Calendar, counts: NDArray[np.float64], marks: Marks, batches: int = 1
) -> tuple[VerdictColumns, OccupancyColumns]:
    columns = OccupancyColumns(shipped_version(), 60, roster.kinds, roster.shares)
    parts = []
    for part in np.array_split(np.arange(len(STARTS)), batches):
        said = Marks(marks.left_out[part], marks.confirmed[part])
        parts.append(
            score_and_learn(columns, calendar, roster, STARTS[part], counts[part], silence_odds=1e-3, marks=said)
        )
    return VerdictColumns.concatenate("0", parts), columns


@pytest.fixture(scope="module")
def world() -> tuple[NDArray[np.float64], Marks]:
    counts, random = draw_counts(len(STARTS), N, 5), np.random.default_rng(5)
    counts[100:200, 5] = np.nan
    return counts, Marks(*(random.random((2, *counts.shape)) < 0.05))


@pytest.fixture(scope="module")
def mixed(world) -> tuple[VerdictColumns, OccupancyColumns]:
    return judged(roster_of(KEPT), TOWN, *world)


def assert_verdicts(one: VerdictColumns, other: VerdictColumns) -> None:
    for column in fields(VerdictColumns):
        np.testing.assert_array_equal(getattr(one, column.name), getattr(other, column.name), column.name)


def test_each_series_is_judged_by_the_calendar_it_keeps(world, mixed) -> None:
    """As a town would be whose calendar that is; nobody else's verdicts change by a bit."""
    counts, marks = world
    whole = {
        days: judged(roster_of({}), Calendar(TOWN.timezone, TOWN.holidays | days), counts, marks)
        for days in (frozenset[date](), BREAK, FAIR)
    }
    for k in range(N):
        verdicts, columns = whole[KEPT.get(k, frozenset())]
        assert_verdicts(mixed[0].where(mixed[0].series == k + 1), verdicts.where(verdicts.series == k + 1))
        assert_state(mixed[1].state.select([k]), columns.state.select([k]))
    plain = whole[frozenset()][0]
    for k, days in KEPT.items():
        one, other = (found.expected[found.series == k + 1] for found in (mixed[0], plain))
        assert np.array_equal(one, other) == (not days)


@pytest.mark.parametrize("cut", [1, 2, 6])
def test_any_split_of_width_and_time_gives_the_same_bits(world, mixed, cut: int) -> None:
    counts, marks = world
    for keep in (np.arange(cut), np.arange(cut, N)):
        said = Marks(marks.left_out[:, keep], marks.confirmed[:, keep])
        verdicts, columns = judged(roster_of(KEPT).select(keep), TOWN, counts[:, keep], said, batches=5 * cut)
        assert_verdicts(mixed[0].where(np.isin(mixed[0].series, keep + 1)), verdicts)
        assert_state(mixed[1].state.select(keep), columns.state)


@pytest.mark.parametrize("day", range(DAYS))
def test_only_the_slots_that_are_told_change(world, day: int) -> None:
    """Others are not written to the disk."""
    counts, _ = world
    starts, roster = STARTS[day * 24 : (day + 1) * 24], replace(roster_of(KEPT), restarts=())
    columns = OccupancyColumns(shipped_version(), 60, roster.kinds, roster.shares)
    score_and_learn(columns, TOWN, roster, starts, np.nan_to_num(counts[day * 24 : (day + 1) * 24]))
    changed = set(np.flatnonzero(columns.state.slots.any(axis=(1, 2))).tolist())
    assert changed <= slots_stepped(TOWN, roster, starts)
    twice = FRIDAY + timedelta(days=day) in (BREAK | FAIR) - TOWN.holidays
    assert (len(slots_stepped(TOWN, roster, starts)) > 25) == twice  # 25: an hour of the day before, in winter
