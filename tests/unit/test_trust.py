"""How far a count is learnt from: by how likely it is, by what is known, and by how much else was not believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from models.detector.frame import Frame
from models.detector.occupancy import Expectation, Lesson, expect, learn_rates
from models.detector.state import Head, OccupancyState, Slot
from models.detector.step import Step
from models.detector.trust import lesson_of
from models.detector.week import Week
from models.shipped import shipped_version

HYPER = shipped_version().hyperparameters
SURPRISES = np.array([1.0, 2.5, 4.0, 8.0])  # normal scores
FRAME = Frame.of(shipped_version(), Week(60), np.zeros(4, int))
EXPECTED: Expectation = expect(Step.of(OccupancyState.new(24, 4), FRAME.moments.at(20)), FRAME)


def lesson(*, distrusted: float = 0.0, seen: float = 1e6, **changes: Any) -> Lesson:
    """Of counts far above what is expected, each less likely than the one before."""
    head = np.zeros((Head.TAIL_WINDOWS, 4))
    head[Head.SEEN], head[Head.DISTRUST] = seen, distrusted
    p_value = norm.sf(SURPRISES)
    given = {
        "count": EXPECTED.mean + 3.0,
        "p_value": p_value,
        "p_above": p_value,
        "loitering": np.zeros(4),
        "hang_out": np.full(4, -50.0),
        "settled": np.ones(4),
        "trusted": False,
        "observed": np.ones(4, dtype=bool),
    }
    return lesson_of(head, FRAME, EXPECTED, **given | changes)


LIKELY = np.minimum(1.0, (HYPER.unlikely_z / SURPRISES) ** 2)


def test_a_count_is_learnt_from_less_the_less_likely_it_is_and_the_more_loitering_explains_it() -> None:
    assert lesson().trust == pytest.approx(LIKELY)
    assert lesson(loitering=np.full(4, 0.75)).trust == pytest.approx(0.25 * LIKELY)
    assert lesson(trusted=np.array([True, False, True, False])).trust == pytest.approx([1.0, 1.0, 1.0, LIKELY[3]])
    assert lesson(observed=np.array([True, True, True, False])).trust[3] == 0.0


def test_what_a_series_does_before_it_is_known_is_learnt() -> None:
    assert lesson(settled=np.zeros(4)).trust.tolist() == [1.0] * 4
    assert lesson(settled=np.full(4, 0.5)).trust == pytest.approx(1.0 - 0.5 * (1.0 - LIKELY))


def test_distrust_is_rationed_where_much_was_not_believed() -> None:
    """It counts by how much it would be if it were not, and only of counts above what is expected."""
    for distrusted, ration in ((0.5 * HYPER.most_distrust, 1.0), (4.0 * HYPER.most_distrust, 0.25)):
        told = lesson(distrusted=distrusted)
        assert told.trust == pytest.approx(1.0 - ration * (1.0 - LIKELY))
        assert told.distrust == pytest.approx(1.0 - LIKELY)
    assert not lesson(count=0.5 * EXPECTED.mean).distrust.any()


def test_surpluses_are_cut_off_where_they_are_unlikely_and_counts_where_they_are_incredible() -> None:
    told = lesson()
    assert told.surplus == pytest.approx((9.0 - told.credible) * np.minimum(1.0, (HYPER.dispersion_z / SURPRISES) ** 2))
    wild = lesson(count=np.full(4, 1e9))
    assert (lesson(count=np.full(4, 1e6)).credible == wild.credible).all()
    assert (wild.credible < 100.0).all()
    assert (lesson(count=np.full(4, 1e9), seen=0.0).credible > 50.0 * wild.credible).all()


@pytest.mark.parametrize("factor", [0.7, 1.4])
def test_a_mean_that_is_wrong_matters_to_a_surplus_to_second_order_only(factor: float) -> None:
    """Of counts that are Poisson the surplus is none on average, but for the square of what the mean is wrong by."""
    likely = np.zeros(4)
    surplus = np.mean(
        [
            lesson(count=count, p_value=likely + 0.5, p_above=likely + 0.5).surplus
            for count in np.random.default_rng(3).poisson(factor * EXPECTED.mean, (4000, 4)).astype(float)
        ]
    )
    assert surplus == pytest.approx(((factor - 1.0) * EXPECTED.mean[0]) ** 2, abs=0.01)


def test_a_count_far_above_what_is_expected_tells_no_more_than_its_own_size_says() -> None:
    """The mean may be wrong by orders of magnitude, and the count with it: what it adds has an end."""
    state, none = OccupancyState.new(24, 4), np.zeros(4)
    counts = np.array([0.0, 1e3, 1e5, 1e7])
    learn_rates(Step.of(state, FRAME.moments.at(20)), FRAME, EXPECTED, Lesson(counts, np.ones(4), none, none))
    for added in (state.head[Head.LEVEL_SUM], state.slots[20, Slot.SUM]):
        assert added[0] == 0.0 < added[1:].min()
        assert added[1:].max() < 1.1 * added[1:].min()
