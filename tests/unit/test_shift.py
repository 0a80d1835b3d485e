"""A shift of level: what speaks for it, when it is accepted, and what is wiped out by then."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector.distribution import Predictive
from models.detector.frame import Frame
from models.detector.shift import learn_shift
from models.detector.state import DAY_PARTS, Head, OccupancyState
from models.detector.step import Step
from models.detector.week import Week
from models.shipped import shipped_version

SERIES, SLOT, DAY, WEEK = 3, 20, 24, 168
FRAME = Frame.of(shipped_version(), Week(60), np.zeros(SERIES, int))
HYPER = shipped_version().hyperparameters
SHIFT_FIELDS = range(Head.SHIFT_UP, Head.SHIFT_DOWN + DAY_PARTS)


def state_of(weeks: float) -> OccupancyState:
    """Series that were heard for so long, of which two presences are expected in every window."""
    state = OccupancyState.new(24, SERIES)
    state.head[Head.SEEN] = weeks * WEEK
    state.head[[Head.MEAN, *range(Head.SHIFT_MEAN, Head.SHIFT_MEAN + DAY_PARTS)]] = 2.0
    state.head[Head.LEVEL_SUM], state.head[Head.LEVEL_EXPOSURE] = 50.0, 40.0
    return state


def learn(state: OccupancyState, counts: NDArray[np.float64], *, mean: float = 2.0, slot: int = SLOT) -> None:
    observed = ~np.isnan(counts)
    learn_shift(
        Step.of(state, FRAME.moments.at(slot)),
        FRAME,
        predictive=Predictive.of(np.full(SERIES, mean), np.full(SERIES, 0.2)),
        count=np.where(observed, counts, 0.0),
        observed=observed,
        seen=observed.astype(float),
    )
    state.head[Head.SEEN] += observed


def after(times: NDArray[np.float64], windows: int, weeks: float = 10.0) -> OccupancyState:
    """So many windows in which counts are so many times what is expected, by window of the day."""
    state = state_of(weeks)
    for window in range(windows):
        learn(state, np.full(SERIES, 2.0) * times[window % DAY], slot=window % WEEK)
    return state


@pytest.mark.parametrize(("times", "ratio"), [(3.0, 3.0), (0.0, 0.0)])
def test_a_level_that_holds_all_day_is_accepted_once_it_has_been_evident_for_days(times: float, ratio: float) -> None:
    windows = 4 * DAY
    assert not after(np.full(DAY, times), int(HYPER.shift_days * DAY) - 1).head[Head.EPOCH].any()
    head = after(np.full(DAY, times), windows).head
    assert (head[Head.EPOCH] == 1.0).all()
    assert np.exp(head[Head.SHIFT_LOG_RATIO]) == pytest.approx(ratio, abs=0.1)
    assert (head[Head.SHIFT_AGE] < windows - HYPER.shift_days * DAY).all()
    assert not after(np.full(DAY, times), windows, weeks=0.5).head[Head.EPOCH].any()


def test_what_keeps_to_two_parts_of_the_day_is_no_shift_however_loud() -> None:
    times = np.where(np.arange(DAY) >= 16, 50.0, 1.0)
    head = after(times, 4 * WEEK).head
    assert not head[Head.EPOCH].any()
    assert (head[Head.SHIFT_UP : Head.SHIFT_UP + DAY_PARTS].max(axis=0) > 0.9).all()


def test_evidence_is_forgotten_by_what_is_counted_and_a_gap_changes_nothing() -> None:
    part = Head.SHIFT_UP + SLOT // 4
    state = state_of(10.0)
    state.head[part] = [0.0, 0.5, 0.5]
    learn(state, np.array([2.0, 2.0, np.nan]))
    kept = 1.0 - 1.0 / float(FRAME.constants.shift_memory)
    assert float(state.head[part, 1] - state.head[part, 0]) == pytest.approx(0.5 * kept)
    assert state.head[part, 2] == 0.5


def test_a_day_that_speaks_for_none_begins_the_days_anew_and_a_gap_does_not() -> None:
    state = state_of(10.0)
    state.head[Head.SHIFT_HELD] = 30.0
    learn(state, np.array([2.0, 2.0, np.nan]))
    assert state.head[Head.SHIFT_HELD].tolist() == [0.0, 0.0, 30.0]


def test_what_was_held_against_the_old_level_is_wiped_out_of_that_series_alone() -> None:
    """The level moves by the ratio, and is as unsure as that of a few presences."""
    state = state_of(10.0)
    evident = [Head.SHIFT_UP + part for part in range(DAY_PARTS)]
    state.head[evident] = 0.9
    state.head[Head.SHIFT_HELD] = [1e3, 0.0, 1e3]
    state.head[[Head.LOITERING, Head.BLOCK, Head.SHIFT_AGE]] = 3.0
    state.head[Head.RECENT_SUM], state.head[Head.RECENT_EXPOSURE] = 29.5, 9.5
    before = state.head.copy()
    learn(state, np.array([6.0, 6.0, np.nan]))
    head = state.head.astype(float)
    assert head[Head.EPOCH].tolist() == [1.0, 0.0, 0.0]
    assert not head[[*SHIFT_FIELDS, Head.LOITERING, Head.BLOCK, Head.SHIFT_HELD, Head.SHIFT_AGE], 0].any()
    kept = [Head.LOITERING, Head.BLOCK, Head.LEVEL_SUM, Head.LEVEL_EXPOSURE]
    np.testing.assert_array_equal(state.head[kept, 1:], before[kept, 1:])
    assert (head[evident, 1] > 0.5).all()
    ratio = np.exp(head[Head.SHIFT_LOG_RATIO, 0])
    assert ratio == pytest.approx(3.0, rel=0.02)
    assert head[Head.LEVEL_SUM, 0] / head[Head.LEVEL_EXPOSURE, 0] == pytest.approx(ratio * 50.0 / 40.0)
    assert head[Head.LEVEL_SUM, 0] == pytest.approx(6.0 * ratio)


def test_means_are_of_the_latest_week() -> None:
    """Also by part of the day: three weeks after all is three times as busy, next to nothing is left of before."""
    state = state_of(50.0)
    for window in range(3 * WEEK):
        learn(state, np.full(SERIES, 6.0), mean=6.0, slot=window % WEEK)
    means = state.head[[Head.MEAN, *range(Head.SHIFT_MEAN, Head.SHIFT_MEAN + DAY_PARTS)]]
    np.testing.assert_allclose(means, 6.0 - 4.0 * np.exp(-3.0), rtol=0.01)
