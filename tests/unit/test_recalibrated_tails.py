"""P-values read off how often a series' own counts came as far out."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from models.detector.columns import OccupancyColumns
from models.detector.frame import Frame
from models.detector.judging import bounded, count_silence, judge, learn
from models.detector.state import TAIL_BANDS, Bin, Head, OccupancyState
from models.detector.step import Step
from models.detector.tails import Tail, TailCurves, distances_of
from models.detector.verdicts import Verdicts
from models.detector.week import Week
from models.evaluation import tail_ratios
from models.shipped import shipped_version
from models.version import ModelVersion

LEVELS = np.array([0.05, 0.01, 0.002])
SERIES, WEEKS = 12, 4


def frame_of(series: int) -> Frame:
    return Frame.of(shipped_version(), Week(60), np.zeros(series, dtype=np.int64))


def tail_of(mean: float, average: float = 0.0, p_value: float = 0.01) -> Tail:
    """What a new series knows of a window, whose average window is expected to have ``average`` presences."""
    state = OccupancyState.new(24, 1)
    state.head[Head.MEAN] = average
    values = {"mean": mean, "p_value": p_value, "p_above": 0.5 * p_value}
    return Tail.of(state.head, frame_of(1), **{name: np.array([value]) for name, value in values.items()})


@pytest.mark.parametrize("p_value", [1e-9, *LEVELS, 0.7])
def test_a_new_series_keeps_its_p_values(p_value: float) -> None:
    tail = tail_of(3.0, p_value=p_value)
    assert tail.frequency[:, 0] == pytest.approx([p_value, 0.5 * p_value])


def test_a_window_belongs_to_the_bands_around_what_is_expected() -> None:
    """Whatever is expected, also far from the series' mean."""
    bands = np.stack([tail_of(mean, 2.0).bands[:, 0] for mean in np.geomspace(1e-6, 1e6, 200)])
    assert bands.sum(axis=1) == pytest.approx(1.0)
    assert (np.count_nonzero(bands, axis=1) <= 2).all()
    assert (np.diff(bands @ np.arange(TAIL_BANDS)) >= 0.0).all()
    assert bands[0, 0] == bands[-1, -1] == 1.0


@pytest.mark.parametrize("ratios", [(2.0, 3.0, 5.0), (0.5, 0.2, 0.01), (30.0, 1.0, 1.0), (1.0, 200.0, 0.001)])
def test_p_values_rise_strictly_with_what_they_are_read_from(ratios: tuple[float, float, float]) -> None:
    """And `nominal` reads the same curve the other way round."""
    p_values = np.concatenate([[1e-300], np.geomspace(1e-12, 1.0, 200)])
    curve = TailCurves(np.log(np.array(ratios)).reshape(-1, 1, 1))
    told = np.exp(curve.log_frequency(0, distances_of(p_values[:, None]))[:, 0])
    assert (np.diff(told) > 0).all()
    assert [float(curve.nominal(float(frequency))[0, 0]) for frequency in told[1:]] == pytest.approx(p_values[1:])


def recalibrated(head: np.ndarray, p_values: np.ndarray) -> np.ndarray:
    """P-values of average windows of some series, [windows, n], told one after the other, each learnt after it."""
    frame, mean, observed = frame_of(1), np.ones(head.shape[1]), np.ones(head.shape[1], dtype=bool)
    head[Head.MEAN] = mean
    told = []
    for row in p_values:
        tail = Tail.of(head, frame, mean=mean, p_value=row, p_above=0.999 * row)
        told.append(tail.frequency[0])
        tail.learn(head, frame, observed)
    return np.stack(told)


@pytest.mark.parametrize("power", [0.7, 1.0, 3.0])
def test_each_level_is_met_as_often_as_it_says(power: float) -> None:
    """Whether small p-values come too seldom, as they should, or up to sixty times too often."""
    drawn = np.random.default_rng(6).random((4000, 20)) ** power
    told = recalibrated(OccupancyState.new(24, 20).head, drawn)[1000:]
    assert [(told < level).mean() / level for level in LEVELS] == pytest.approx([1.0, 1.0, 1.0], abs=0.25)


def test_corrections_keep_within_their_bounds() -> None:
    """However long counts are all far out, or none ever is; and then levels are met again, the rarest last."""
    head = OccupancyState.new(24, 1).head
    corrections = head[Head.TAIL_CORRECTION :]
    recalibrated(head, np.full((300, 1), 1e-30))
    assert corrections.max() == 3.0
    recalibrated(head, np.ones((2000, 1)))
    assert corrections.min() == -3.0
    told = recalibrated(head, np.random.default_rng(7).random((4000, 1)))[1000:]
    assert (told < 0.05).mean() == pytest.approx(0.05, rel=0.1)
    assert np.abs(corrections).max() <= 3.0


def heavy_tailed(weeks: int, series: int, seed: int) -> np.ndarray:
    """Busy counts whose hours and days stray like Student's t, more so at night."""
    random = np.random.default_rng(seed)
    hours = np.arange(168 * weeks)
    rate = np.geomspace(20.0, 2000.0, series) * np.exp(1.2 * np.sin(hours * np.pi / 12))[:, None]
    by_day = np.exp(0.1 * random.standard_t(4, (7 * weeks, series)))[hours // 24]
    by_hour = np.exp(0.1 * random.standard_t(3, (hours.size, series)) * np.where(hours % 24 < 8, 2.0, 1.0)[:, None])
    return random.poisson(np.minimum(rate * by_day * by_hour, 1e6)).astype(float)


def judged(version: ModelVersion, counts: np.ndarray) -> Verdicts:
    columns = OccupancyColumns(version, 60, np.zeros(counts.shape[1], dtype=int), np.full(counts.shape[1], 0.02))
    return columns.tell([columns.advance(window % 168, row) for window, row in enumerate(counts)])


@pytest.fixture(scope="module")
def settled() -> Verdicts:
    """Weeks 5 to 26 of busy places in which nothing happens."""
    told = judged(shipped_version(), heavy_tailed(26, SERIES, seed=4))
    return Verdicts(*(getattr(told, each.name)[4 * 168 :] for each in fields(Verdicts)))


def test_heavy_tails_are_learnt_within_months(settled: Verdicts) -> None:
    """Hour by hour, too: with three bands, counted alone, some decile had 1.7 times too many."""
    ratios = tail_ratios(settled.expected.ravel(), settled.p_value.ravel(), settled.p_above.ravel())
    assert ratios.overall == pytest.approx(1.0, abs=0.15)
    assert ratios.by_decile[0] == pytest.approx(1.0, abs=0.25)
    assert ratios.by_decile[1] == pytest.approx(1.0, abs=0.5)


def test_nothing_is_learnt_of_a_holiday() -> None:
    columns = OccupancyColumns(shipped_version(), 60, [0], [0.02])
    for window in range(WEEKS * 168):
        columns.learn(window % 168, np.array([3.0]))
    before = columns.state.head[Head.TAIL_WINDOWS :].copy()
    columns.learn(columns.week.holiday_slot(20), np.array([60.0]))
    np.testing.assert_array_equal(columns.state.head[Head.TAIL_WINDOWS :], before)
    columns.learn(20, np.array([60.0]))
    assert (columns.state.head[Head.TAIL_WINDOWS :] != before).any()


def test_evidence_is_bounded_by_how_often_counts_come_that_far_out() -> None:
    """Markov's inequality: a likelihood ratio is at most the reciprocal of its p-value, here of what was counted."""
    frame = frame_of(3)
    judgement = judge(Step.of(OccupancyState.new(24, 3), frame.moments.at(20)), frame, np.array([0.0, 2.0, 40.0]))
    judged = bounded(judgement, np.log([0.9, 0.5, 1e-3]))
    assert judged.evidence[0] == judgement.evidence[0] < 0.0
    assert judgement.evidence[2] > judged.evidence[2] == pytest.approx(np.log(1e3))
    assert (np.diff(judged.log_odds) > 0.0).all()


def test_the_bound_loses_nothing_of_nights_that_add_up() -> None:
    """What is remembered of a hang-out of two weeks is as much as by the kernels without any bound."""
    random = np.random.default_rng(8)
    rates = 0.5 * (1.0 + np.sin(np.arange(6 * 168) * np.pi / 12))[:, None] * np.ones(SERIES)
    rates[4 * 168 :][np.arange(2 * 168) % 24 >= 20] += 2.0
    frame, free = frame_of(SERIES), OccupancyState.new(24, SERIES)
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(SERIES, dtype=int), np.full(SERIES, 0.02))
    for window, row in enumerate(random.poisson(rates).astype(float)):
        step = Step.of(free, frame.moments.at(window % 168))
        judgement = judge(step, frame, row)
        learn(step, frame, judgement)
        count_silence(step, judgement)
        columns.learn(window % 168, row)
    remembered, most = (state.bins[20:, Bin.NIGHT_MEMORY].max(axis=0) for state in (columns.state, free))
    assert most.min() > 5.0
    assert (remembered > 0.95 * most).all()


def test_one_evening_does_not_hide_the_next() -> None:
    """Two evenings of five times the usual, six weeks apart: the second is found about as often as the first.

    Where evidence was bounded by what the bands are corrected by, a third as often.
    """
    series = 2 * SERIES
    random = np.random.default_rng(9)
    hours = np.arange(15 * 168)
    rates = 20.0 * np.exp(0.8 * np.sin((hours % 24 - 9) * np.pi / 12))[:, None] * np.ones(series)
    evenings = [slice(week * 168 + 20, week * 168 + 26) for week in (8, 14)]
    by_day = random.gamma(10.0, 0.1, (hours.size // 24, series))[hours // 24]
    by_hour = random.gamma(8.0, 0.125, (hours.size, series))
    for evening in evenings:
        rates[evening] *= 5.0
    told = judged(shipped_version(), random.poisson(rates * by_day * by_hour).astype(float))
    first, second = (told.anomalous[evening].any(axis=0).mean() for evening in evenings)
    assert first > 0.35  # over the draws 0.54 to 0.71, of 24
    assert second > 0.6 * first
