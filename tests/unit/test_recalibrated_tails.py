"""P-values read off how often a series' own counts came as far out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.detector.columns import OccupancyColumns
from models.detector.tails import recalibrated, tail_curve
from models.detector.verdicts import Verdicts
from models.evaluation import tail_ratios
from models.shipped import shipped_version
from models.version import ModelVersion

LEVELS = np.array([0.05, 0.01, 0.002])


def counted(of_bands: float, of_series: float, *, windows: float = 1000.0, times: float = 1.0) -> np.ndarray:
    """What one series has counted: windows of its bands and of all, p-values ``times`` as often below each level."""
    shares = np.concatenate([[1.0], times * LEVELS])
    return np.concatenate([of_bands * windows * shares, of_series * windows * shares])[:, None]


def read(counted: np.ndarray, strength: float = 1.0) -> np.ndarray:
    curve = tail_curve(counted, strength)
    return np.array([float(recalibrated(curve, np.array([level]))[0]) for level in LEVELS])


def test_a_new_series_keeps_its_p_values() -> None:
    assert read(counted(0.0, 0.0)) == pytest.approx(LEVELS)


def test_a_band_that_has_seen_nothing_takes_after_its_series() -> None:
    """One that has seen much goes by itself, and one between lies between."""
    untold, told = read(counted(0.0, 100.0, times=4.0)), read(counted(100.0, 100.0, times=4.0))
    assert untold == pytest.approx(4.0 * LEVELS, rel=0.05)
    assert told == pytest.approx(4.0 * LEVELS, rel=0.05)
    mixed = counted(0.0, 100.0, times=4.0) + counted(0.5, 0.0)  # 500 windows of the band, as often as they should
    assert (read(mixed) < untold).all()
    assert (read(mixed) > LEVELS).all()


def test_p_values_rise_strictly_with_what_they_are_read_from() -> None:
    curve = tail_curve(counted(1.0, 3.0, times=2.5), 1.0)
    nominal = np.concatenate([[1e-300], np.geomspace(1e-12, 1.0, 200)])
    assert (np.diff([float(recalibrated(curve, np.array([p]))[0]) for p in nominal]) > 0).all()


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


def test_heavy_tails_are_counted_within_months() -> None:
    """Weeks 5 to 30; bands each pulled towards the nominal frequency alone left 1.8 over all, 2.0 in some decile."""
    told = judged(shipped_version(), heavy_tailed(30, 12, seed=4))
    after = slice(4 * 168, None)
    ratios = tail_ratios(told.expected[after].ravel(), told.p_value[after].ravel(), told.p_above[after].ravel())
    assert 0.85 < ratios.overall[0] < 1.15
    assert 0.8 < ratios.overall[1] < 1.45
    assert ratios.by_decile[1].max() < 1.75


def test_alarms_do_not_hang_on_the_recalibration() -> None:
    """Scores, their tails, what is anomalous and expected are the same to the last bit, p-values are not."""
    version, counts = shipped_version(), heavy_tailed(6, 5, seed=5)
    other = replace(version, hyperparameters=replace(version.hyperparameters, tail_strength=50.0))
    one, another = judged(version, counts), judged(other, counts)
    for name in ("expected", "score", "episode_probability", "tail", "anomalous", "lower"):
        np.testing.assert_array_equal(getattr(one, name), getattr(another, name))
    assert not np.array_equal(one.p_value, another.p_value)
