"""How far counts depend on those before them: what is learnt of it, what is not, and what it does to the evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.quality.dependent import lasting_factor
from models.detector.columns import OccupancyColumns
from models.detector.dependence import learn_dependence, raised
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, Lesson
from models.detector.state import DAY_PARTS, HEAD_FIELDS, Head, OccupancyState
from models.detector.step import Step
from models.detector.week import Week
from models.shipped import shipped_version
from models.version import ModelVersion

WEEK = 168
HOURS = np.arange(WEEK) % 24
BUSY = 0.2 + 0.8 * ((HOURS >= 7) & (HOURS < 23))  # presences an hour
BY_HOURS, BY_DAYS = Head.DEPENDENCE, Head.DEPENDENCE + 1


def learnt(counts: NDArray[np.float64]) -> OccupancyColumns:
    series = counts.shape[1]
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(series, dtype=int), np.full(series, 0.02))
    for window, row in enumerate(counts):
        columns.learn(window % WEEK, row)
    return columns


def opened(counts: NDArray[np.float64], version: ModelVersion) -> NDArray[np.int64]:
    """Episodes that each half of the series opened after eight weeks."""
    series = counts.shape[1]
    columns = OccupancyColumns(version, 60, np.zeros(series, dtype=int), np.full(series, 0.02))
    scored = [columns.advance(window % WEEK, row) for window, row in enumerate(counts)]
    anomalous = columns.tell(scored[8 * WEEK :]).anomalous
    return (anomalous[1:] & ~anomalous[:-1]).sum(axis=0).reshape(2, -1).sum(axis=1)


def test_nothing_depends_where_nothing_is_known() -> None:
    head = np.zeros((HEAD_FIELDS, 3))
    head[Head.NEAR_SUM] = [0.0, 5.0, 50.0]
    np.testing.assert_array_equal(raised(head), 1.0)


def test_expectations_rise_with_what_was_counted_but_within_bounds() -> None:
    """By the posterior mean of a gamma factor, (1 + cO) / (1 + cE), from 1 up to three standard deviations."""
    head = np.zeros((HEAD_FIELDS, 5))
    head[Head.NEAR_SUM] = [0.0, 1.0, 2.0, 3.0, 1000.0]
    head[Head.NEAR_EXPOSURE] = 1.0
    head[BY_HOURS] = 0.25
    np.testing.assert_allclose(raised(head), [1.0, 1.0, 1.5 / 1.25, 1.75 / 1.25, 2.5])
    head[Head.NEAR_SUM + 1], head[Head.NEAR_EXPOSURE + 1], head[BY_DAYS] = 9.0, 5.0, 0.1
    np.testing.assert_allclose(raised(head), [1.9 / 1.75, 2.15 / 1.75, 2.4 / 1.75, 2.65 / 1.75, 1 + 3 * 0.35**0.5])


@pytest.mark.parametrize("known", [0.0, 1.0])
def test_independent_counts_stray_no_further_together_than_the_weight_says(known: float) -> None:
    """Quiet or busy, and overdispersed: a sum has at most the variance of its weight, or chance would be learnt.

    Of a series that is not known yet, nothing is learnt.
    """
    series, random = 400, np.random.default_rng(1)
    mean, excess, one, none = np.geomspace(0.2, 20.0, series), np.full(series, 0.5), np.ones(series), np.zeros(series)
    expectation = Expectation(mean, one, mean, excess, none, one, one, one, excess)
    frame, state = Frame.of(shipped_version(), Week(60), np.zeros(series, int)), OccupancyState.new(24, series)
    for window in range(6 * WEEK):
        step, learnt_before = Step.of(state, frame.moments.at(window % WEEK)), state.head[BY_HOURS : BY_DAYS + 1].copy()
        lesson = Lesson(random.poisson(mean * random.gamma(1 / excess, excess)).astype(float), one, none, none)
        learn_dependence(step, frame, expectation, lesson, settled=np.full(series, known), seen=one)
        if not step.moment.ends_part:
            np.testing.assert_array_equal(state.head[BY_HOURS : BY_DAYS + 1], learnt_before)
    sums = state.head[Head.DEPENDENCE_SUM : Head.TAIL_WINDOWS].reshape(2, 2, DAY_PARTS, series).astype(float)
    if known:
        squares = sums[:, 0] ** 2 / sums[:, 1]
        assert (squares.reshape(2, DAY_PARTS, 4, -1).mean(axis=(1, 3)) < 0.7).all()
    else:
        assert not sums.any()


def lasting() -> NDArray[np.float64]:
    """Counts of three times 40 series: independent, with a factor that lasts for hours, with one that does for days."""
    random = np.random.default_rng(3)
    rate = np.tile(BUSY, 14)[:, None] * np.ones(40)
    factors = [lasting_factor(random, *rate.shape, hours=hours, spread=0.7) for hours in (5.0, 60.0)]
    return random.poisson(np.hstack([rate, *(rate * factor for factor in factors)])).astype(float)


def hung_out() -> NDArray[np.float64]:
    """Counts of 60 series with loitering for four hours on four evenings in the last six weeks."""
    random = np.random.default_rng(4)
    rate = np.tile(0.1 * BUSY, 14)[:, None] * np.ones(60)
    evenings = np.isin(np.arange(WEEK) // 24, [1, 3, 4, 5]) & (HOURS >= 19) & (HOURS < 23)
    rate[8 * WEEK :] += np.tile(evenings, 6)[:, None] * 0.8
    return random.poisson(rate).astype(float)


@pytest.fixture(scope="module")
def dependences() -> NDArray[np.float32]:
    """By hours and by days, of all these series beside each other."""
    return learnt(np.hstack([lasting(), hung_out()])).state.head[BY_HOURS : BY_DAYS + 1]


def test_what_lasts_is_learnt_and_what_is_independent_is_not(dependences: NDArray[np.float32]) -> None:
    independent, hours, days = dependences[:, :120].reshape(2, 3, 40).swapaxes(0, 1)
    assert np.median(independent, axis=1).max() < 0.02
    assert np.median(hours[0]) > 0.15
    assert np.median(days, axis=1).min() > 0.1


def test_a_hang_out_is_not_explained_by_itself(dependences: NDArray[np.float32]) -> None:
    """Six weeks of it teach next to nothing, however regular."""
    assert (np.median(dependences[:, 120:], axis=1) < 0.05).all()


def test_dependent_counts_open_fewer_episodes_than_if_they_were_taken_for_independent() -> None:
    random = np.random.default_rng(5)
    rate = np.tile(0.3 * BUSY, 14)[:, None] * np.ones(80)
    factors = [lasting_factor(random, *rate.shape, hours=hours, spread=0.6) for hours in (6.0, 72.0)]
    counts = random.poisson(np.hstack([rate * factor for factor in factors])).astype(float)
    version = shipped_version()
    independent = replace(version, hyperparameters=replace(version.hyperparameters, dependence_strength=1e12))
    ours, without = opened(counts, version), opened(counts, independent)
    assert (without > 25).all()
    assert (ours < 0.6 * without).all()


def test_a_series_alone_learns_it_to_the_same_bits() -> None:
    random = np.random.default_rng(6)
    rate = np.tile(BUSY, 6)[:, None] * np.ones(3)
    counts = random.poisson(rate * lasting_factor(random, *rate.shape, hours=8.0, spread=0.8)).astype(float)
    counts[random.random(counts.shape) < 0.02] = np.nan
    together = learnt(counts).state.head
    assert (together[BY_HOURS] > 0.0).all()
    for series in range(3):
        np.testing.assert_array_equal(learnt(counts[:, [series]]).state.head[:, 0], together[:, series])


def test_a_gap_of_a_day_cuts_the_thread() -> None:
    columns = learnt(np.full((WEEK, 2), 6.0))
    before = columns.state.head[Head.NEAR_SUM : Head.NEAR_SUM + 2].copy()
    for window in range(24):
        columns.learn(window, np.full(2, np.nan))
    assert (columns.state.head[Head.NEAR_SUM : Head.NEAR_SUM + 2] < 1e-4 * before).all()
