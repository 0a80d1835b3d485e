"""Version 0 is made of one simulated town and holds for others: it does not take that town's hours for everybody's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.calendar import HOLIDAY
from models.detector.columns import OccupancyColumns
from models.evaluation import opened
from models.kinds import kind_number
from models.shipped import shipped_version
from models.training.building import of_any_town
from models.training.fleet import default_prior

SERIES, WEEKS, WARMUP = 60, 10, 4
BUDGET = 0.02  # episodes opened per series-week
MOST_TIME_SHAPE, MOST_SLOT_SHAPE = 2.0, 6.0


def test_hours_keep_half_of_their_log_ratios_and_series_may_stray_far_from_them() -> None:
    known = default_prior()
    profile = np.random.default_rng(1).gamma(2.0, 0.5, known.profile.shape)
    profile /= profile[:, :HOLIDAY].mean(axis=(1, 2), keepdims=True)
    sure = replace(known, profile=profile, time_shape=8 * known.time_shape, slot_shape=0.1 * known.slot_shape)
    prior = of_any_town(sure)
    steps = np.diff(np.log(prior.profile), axis=2)
    np.testing.assert_allclose(steps, 0.5 * np.diff(np.log(profile), axis=2))
    np.testing.assert_allclose(prior.profile[:, :HOLIDAY].mean(axis=(1, 2)), 1.0)
    np.testing.assert_array_equal(prior.time_shape, MOST_TIME_SHAPE)
    np.testing.assert_array_equal(prior.slot_shape, sure.slot_shape)  # wider already
    np.testing.assert_array_equal(prior.level, sure.level)


def test_the_version_that_ships_is_of_any_town() -> None:
    prior = shipped_version().prior
    assert (prior.time_shape <= MOST_TIME_SHAPE).all()
    assert (prior.slot_shape <= MOST_SLOT_SHAPE).all()


@pytest.mark.parametrize("later", [6, pytest.param(12, marks=pytest.mark.long)])
def test_a_calm_town_whose_days_begin_hours_later_keeps_its_budget(later: int) -> None:
    """Hours that are busy from the first day on are no hang-out, whatever version 0 holds for a stairwell."""
    random, stairwell = np.random.default_rng(2), kind_number("stairwell")
    day = np.roll(shipped_version().prior.profile[stairwell, 0] ** 2, later)
    rate = random.uniform(0.1, 0.4, SERIES) * np.tile(day / day.mean(), 7)[:, None]
    columns = OccupancyColumns(shipped_version(), 60, np.full(SERIES, stairwell), np.full(SERIES, BUDGET))
    scored = [columns.advance(slot, random.poisson(rate[slot]).astype(float)) for slot in list(range(168)) * WEEKS]
    episodes = opened(columns.tell(scored).anomalous)[WARMUP * 168 :].sum()
    assert episodes <= 2 * BUDGET * SERIES * (WEEKS - WARMUP)
