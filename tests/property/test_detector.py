"""Properties every detector of presence must have."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.detector.online import OccupancyDetector
from models.detector.state import OccupancyState
from models.detector.verdicts import Verdicts
from models.kinds import KINDS
from models.shipped import shipped_version

SLOTS = 8 * 24


def columns_of(
    n: int, state: OccupancyState | None = None, first: int = 0, window_minutes: int = 60
) -> OccupancyColumns:
    """Columns of n series whose kinds go round from series ``first``."""
    kinds = (np.arange(n) + first) % len(KINDS)
    return OccupancyColumns(shipped_version(), window_minutes, kinds, np.full(n, 0.02), state)


def draw_counts(steps: int, n: int, seed: int = 1) -> NDArray[np.float64]:
    """Overdispersed counts of series from sparse to dense, a tenth missing."""
    random = np.random.default_rng(seed)
    rate = np.geomspace(0.01, 300.0, n) * (1 + np.sin(np.arange(steps) * np.pi / 12))[:, None]
    counts = random.poisson(rate * random.gamma(2.0, 0.5, (steps, n))).astype(float)
    counts[random.random((steps, n)) < 0.1] = np.nan
    return counts


def run(columns: OccupancyColumns, counts: NDArray[np.float64], start: int = 0) -> list[Verdicts]:
    """Step through the slots of ordinary weeks; the verdicts of all windows are told at once."""
    return [columns.tell([columns.advance((start + k) % 168, row) for k, row in enumerate(counts)])]


def learnt(steps: int, seed: int) -> OccupancyColumns:
    """Columns of six series after so many windows."""
    columns = columns_of(6)
    for k, row in enumerate(draw_counts(steps, 6, seed)):
        columns.learn(k % 168, row)
    return columns


def stack(verdicts: list[Verdicts], name: str) -> NDArray[np.float64]:
    """One field over all windows."""
    return np.vstack([getattr(verdict, name) for verdict in verdicts])


def assert_same(one: list[Verdicts], other: list[Verdicts], columns: slice = slice(None)) -> None:
    """Equal to the last bit, NaN included."""
    for name in vars(one[0]):
        np.testing.assert_array_equal(stack(one, name)[:, columns], stack(other, name))


def assert_state(one: OccupancyState, other: OccupancyState) -> None:
    for name in ("slots", "bins", "head"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@settings(max_examples=4)
@given(seed=st.integers(0, 2**31), steps=st.integers(0, 250), slot=st.integers(0, SLOTS - 1))
def test_score_rises_strictly_with_the_count(seed: int, steps: int, slot: int) -> None:
    """For a fixed past a higher count never scores lower, nor has a larger tail."""
    columns = learnt(steps, seed)
    verdicts = [columns.score(slot, np.full(6, float(count))) for count in range(30)]
    assert (np.diff(stack(verdicts, "score"), axis=0) > 0).all()
    assert (np.diff(stack(verdicts, "tail"), axis=0) <= 0).all()
    assert (np.diff(stack(verdicts, "p_value"), axis=0) <= 0).all()


@settings(max_examples=4)
@given(seed=st.integers(0, 2**31), steps=st.integers(0, 250), slot=st.integers(0, SLOTS - 1))
def test_verdicts_are_in_range(seed: int, steps: int, slot: int) -> None:
    """Probabilities are probabilities, intervals hold together, missing counts have no score."""
    columns = learnt(steps, seed)
    counts = np.array([np.nan, 0.0, 1.0, 7.0, 1e3, 1e6])
    verdict = columns.score(slot, counts)
    assert (verdict.expected > 0).all()
    assert (verdict.lower <= verdict.upper).all()
    assert all(np.isnan(getattr(verdict, name)[0]) for name in ("score", "p_value", "p_above", "tail"))
    assert not verdict.anomalous[0]
    known = slice(1, None)
    for probability in (verdict.p_value, verdict.p_above, verdict.episode_probability):
        assert ((probability[known] >= 0) & (probability[known] <= 1)).all()
    assert (verdict.p_above[known] <= verdict.p_value[known]).all()
    assert np.isfinite(verdict.score[known]).all()


def test_scoring_changes_nothing_and_step_is_score_then_learn() -> None:
    """``step`` is ``score`` and then ``learn``, to the last bit."""
    counts = draw_counts(100, 12)
    at_once, apart = columns_of(12), columns_of(12)
    for k, row in enumerate(counts):
        slot = k % SLOTS
        before = apart.state.select(slice(None))
        verdict = apart.score(slot, row)
        assert_state(before, apart.state)
        apart.learn(slot, row)
        assert_same([at_once.step(slot, row)], [verdict])
    assert_state(at_once.state, apart.state)


def test_a_series_does_not_depend_on_those_beside_it() -> None:
    """Any split gives the same bits, width 1 included."""
    counts = draw_counts(100, 64)
    together = run(columns_of(64), counts)
    for cut in (1, 7, 40):
        for first, width in ((0, cut), (cut, 64 - cut), (cut, 1)):
            part = slice(first, first + width)
            assert_same(together, run(columns_of(width, first=first), np.ascontiguousarray(counts[:, part])), part)


def test_in_pieces_is_in_one_go() -> None:
    """Stopping, storing the state, and taking series apart and together again changes nothing."""
    counts = draw_counts(2 * 168, 10)
    whole = columns_of(10)
    expected = run(whole, counts)
    first = columns_of(10)
    verdicts = run(first, counts[:150])
    restored = OccupancyState.concatenate([first.state.select(slice(0, 4)), first.state.select(np.arange(4, 10))])
    second = columns_of(10, restored)
    assert_same(expected, verdicts + run(second, counts[150:], start=150))
    assert_state(whole.state, second.state)


def test_a_step_writes_one_slot_one_window_of_the_day_and_the_head() -> None:
    """What is stored after a step is all that changed."""
    columns = columns_of(8)
    for k, row in enumerate(draw_counts(250, 8)):
        slot = (7 * k) % SLOTS
        before = columns.state.select(slice(None))
        columns.learn(slot, row)
        others = np.arange(SLOTS) != slot
        np.testing.assert_array_equal(before.slots[others], columns.state.slots[others])
        others = np.arange(24) != slot % 24
        np.testing.assert_array_equal(before.bins[others], columns.state.bins[others])


def test_a_series_never_observed_stays_new() -> None:
    """Missing counts before the first one leave no trace."""
    columns = columns_of(3)
    for slot in range(SLOTS):
        columns.learn(slot, np.full(3, np.nan))
    assert_state(columns.state, OccupancyState.new(24, 3))


@pytest.mark.parametrize(("month", "weeks"), [(3, 3), (10, 1), (12, 2)], ids=["spring", "autumn", "new year"])
def test_one_series_equals_its_column(month: int, weeks: int) -> None:
    """River's detector and the columns agree to the last bit, with gaps, over clock changes, Easter and New Year."""
    start = datetime(2026, month, 20, tzinfo=UTC)
    hours = weeks * 168
    counts = draw_counts(hours, 5)[:, 2]
    calendar = Calendar("Europe/Stockholm")
    starts = int(start.timestamp()) + 3600 * np.arange(hours)
    detector = OccupancyDetector(kind="attic")
    columns = columns_of(5)
    for k, slot in enumerate(calendar.slots_of(starts)):
        row = np.full(5, np.nan)
        row[KINDS.index("attic")] = counts[k]
        expected = columns.score(int(slot), row) if k % 7 == 0 else None
        columns.learn(int(slot), row)
        if np.isnan(counts[k]):
            continue
        x = {"time": start + timedelta(hours=k)}
        if expected is not None:
            assert list(vars(detector.verdict_one(x, counts[k])).values()) == [
                column[2] for column in vars(expected).values()
            ]
        detector.learn_one(x, counts[k])


def test_the_detector_clones_and_refuses_the_past() -> None:
    """Parameters survive a clone; a window already passed is an error."""
    detector = OccupancyDetector(kind="cellar", window_minutes=30, share=0.5)
    clone = detector.clone()
    assert (clone.kind, clone.window_minutes, clone.share) == ("cellar", 30, 0.5)
    detector.learn_one({"time": 3600}, 1)
    with pytest.raises(ValueError, match="learn windows in order"):
        detector.learn_one({"time": 3600}, 1)
    assert np.isfinite(clone.score_one({"time": 0}, 0))
