"""Dispersion, clumping and misfit are those that counts were drawn with, whatever they were taken for before."""

from __future__ import annotations

import numpy as np
import pytest

from models.detector.frame import Frame
from models.detector.spread import learn_dispersion, learn_misfit
from models.detector.state import Head, OccupancyState
from models.detector.step import Step
from models.detector.week import Week
from models.shipped import shipped_version

SERIES = 4000
FRAME = Frame.of(shipped_version(), Week(60), np.zeros(SERIES, int))
ONE = np.ones(SERIES)


def step_of(state: OccupancyState) -> Step:
    return Step.of(state, FRAME.moments.at(20))


@pytest.mark.parametrize("taken_for", [0.1, 0.5, 2.0])
def test_dispersion_is_that_of_the_counts(taken_for: float) -> None:
    """A residual of one window in each of many series; within four standard errors of their mean."""
    true, mean, random = 0.5, 8.0 * ONE, np.random.default_rng(1)
    counts = random.poisson(mean * random.gamma(1 / true, true, SERIES))
    state = OccupancyState.new(24, SERIES)
    learn_dispersion(
        step_of(state),
        FRAME,
        mean=mean,
        excess=taken_for * ONE,
        dispersion=taken_for * ONE,
        clumping=0.0 * ONE,
        surplus=np.square(counts - mean) - counts,
        trust=ONE,
    )
    for of_all in (state.head[Head.DISPERSION_SUM :], state.bins[20, FRAME.moments.at(20).dispersion :]):
        told = of_all[0] / of_all[1]
        assert told.mean() == pytest.approx(true, abs=4 * told.std() / np.sqrt(SERIES))


@pytest.mark.parametrize("taken_for", [0.1, 1.0])
def test_clumping_is_that_of_the_counts(taken_for: float) -> None:
    """People who come in threes have three times the variance of those who come alone."""
    mean = 0.6 * ONE
    counts = 3 * np.random.default_rng(2).poisson(mean / 3)
    state = OccupancyState.new(24, SERIES)
    learn_dispersion(
        step_of(state),
        FRAME,
        mean=mean,
        excess=taken_for / mean,
        dispersion=0.0 * ONE,
        clumping=taken_for * ONE,
        surplus=np.square(counts - mean) - counts,
        trust=ONE,
    )
    told = state.head[Head.CLUMPING_SUM] / state.head[Head.CLUMPING_WEIGHT]
    assert told.mean() == pytest.approx(2.0, abs=4 * told.std() / np.sqrt(SERIES))


def misfit(total: np.ndarray, expected: np.ndarray, variance: float) -> np.ndarray:
    """Variance of one ratio of each series around what is expected, as one window tells it."""
    state = OccupancyState.new(24, SERIES)
    learn_misfit(
        step_of(state),
        FRAME,
        Head.SLOT_SUM,
        total=total,
        expected=expected,
        variance=variance * ONE,
        observed=ONE,
    )
    return state.head[Head.SLOT_SUM] / state.head[Head.SLOT_WEIGHT]


def test_misfit_is_that_of_the_ratios_and_a_loud_block_is_none() -> None:
    """Of ratios that stray by a third; and what is out by more than three standard deviations is cut off there."""
    true, expected, random = 0.1, 20.0 * ONE, np.random.default_rng(3)
    told = misfit(random.poisson(expected * random.gamma(1 / true, true, SERIES)), expected, 0.4)
    assert told.mean() == pytest.approx(true, abs=4 * told.std() / np.sqrt(SERIES))
    spread = expected + 0.1 * expected**2
    np.testing.assert_allclose(
        misfit(expected + 1e4, expected, 0.1), misfit(expected + 3.0 * np.sqrt(spread), expected, 0.1), rtol=1e-6
    )
