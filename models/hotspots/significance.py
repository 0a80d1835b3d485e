"""How rarely a scan's best block comes by chance, and which of many places stay significant together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Cells, Days
from models.hotspots.scan import PROFILE_TAIL, Comparison, scan_blocks

_DRAWS_PER_BIN = 150
_BINS = 8
_EULER = 0.5772156649015329
_LEAST_SCALE = 0.2
_NIGHT_SHAPE = 10.0
_HARMONICS = np.arange(1, 4)


@dataclass(frozen=True)
class ScanNull:
    """Gumbel law of the best block's likelihood ratio where nothing is on, by expected presences in the period.

    Parameters
    ----------
    log_expected
        float64[bins]: ascending log of the expected presences of a series.
    location, scale
        float64[bins]: of the Gumbel distribution there; between bins they are interpolated.
    """

    log_expected: NDArray[np.float64]
    location: NDArray[np.float64]
    scale: NDArray[np.float64]

    def log_p_value(self, ratio: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
        """log P(best ratio >= ratio) for series with these expected presences.

        Examples
        --------
        >>> null = ScanNull(np.zeros(1), np.ones(1), np.ones(1))
        >>> null.log_p_value(np.array([1.0, 11.0]), np.ones(2)).round(2).tolist()
        [-0.46, -10.0]
        """
        at = np.log(np.maximum(expected, 1e-9))
        location = np.interp(at, self.log_expected, self.location)
        scale = np.interp(at, self.log_expected, self.scale)
        exponent = np.exp(-(ratio - location) / scale)
        return np.asarray(np.where(exponent > 1e-8, np.log(-np.expm1(-exponent)), np.log(exponent)))


def simulate_null(
    comparison: Comparison, dispersion: NDArray[np.float64], days: Days, random: np.random.Generator
) -> ScanNull:
    """Scan counts drawn from the comparison itself: series picked within each bin of the expected presences.

    A draw has a level and a profile of its own, evenings that share a factor, and overdispersed hours: everything that
    the likelihood ratio allows for, as it is correlated in life.
    """
    expected = comparison.base[days.in_period].sum(axis=(0, 1)).astype(np.float64)
    alive = np.flatnonzero(expected > 0)
    if not len(alive):
        return ScanNull(np.zeros(1), np.zeros(1), np.ones(1))
    ranked = alive[np.argsort(expected[alive], kind="stable")]
    bins = [part for part in np.array_split(ranked, _BINS) if len(part)]
    picked = [random.choice(part, _DRAWS_PER_BIN) for part in bins]
    ratio = np.stack([_null_ratios(comparison.select(part), dispersion[part], days, random) for part in picked])
    scale = np.maximum(_LEAST_SCALE, ratio.std(axis=1) * np.sqrt(6) / np.pi)
    location = ratio.mean(axis=1) - _EULER * scale
    return ScanNull(np.log([np.median(expected[part]) for part in bins]), location, scale)


def false_discovery_control(log_p_values: NDArray[np.float64], rate: float) -> NDArray[np.bool_]:
    """Which of many p-values are significant at a false discovery rate (Benjamini and Hochberg 1995).

    Examples
    --------
    >>> false_discovery_control(np.log([0.001, 0.9, 0.02, 0.04]), 0.05).tolist()
    [True, False, True, False]
    """
    count = len(log_p_values)
    order = np.argsort(log_p_values, kind="stable")
    within = log_p_values[order] <= np.log(rate * np.arange(1, count + 1) / max(count, 1))
    significant = np.zeros(count, dtype=bool)
    if within.any():
        significant[order[: np.flatnonzero(within)[-1] + 1]] = True
    return significant


def _null_ratios(
    comparison: Comparison, dispersion: NDArray[np.float64], days: Days, random: np.random.Generator
) -> NDArray[np.float64]:
    counts = _draw_counts(comparison, dispersion, days, random)
    return scan_blocks(counts, [comparison], dispersion, days)[0].ratio


def _draw_counts(
    comparison: Comparison, dispersion: NDArray[np.float64], days: Days, random: np.random.Generator
) -> Cells:
    base = comparison.base
    n = base.shape[2]
    level = random.gamma(comparison.level_shape) / comparison.level_shape
    learnt = PROFILE_TAIL * comparison.profile_shape + comparison.learnt * base.sum(axis=(0, 1)) / 8
    rate = (
        base * level * _profile_bend(learnt, random) * random.gamma(_NIGHT_SHAPE, 1 / _NIGHT_SHAPE, (len(days), 1, n))
    )
    by_hour = random.standard_gamma(np.broadcast_to(1 / dispersion, base.shape)) * dispersion
    return random.poisson(rate * by_hour).astype(np.float32)


def _profile_bend(shape: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A smooth factor of the day for each series, [24, n], with relative variance 1 / shape."""
    n = len(shape)
    weight = 1 / _HARMONICS / np.sqrt((1 / _HARMONICS**2).sum())
    angle = 2 * np.pi * _HARMONICS[:, None] * np.arange(24) / 24
    cosines, sines = random.normal(size=(2, n, len(_HARMONICS))) * weight
    bend = (cosines @ np.cos(angle) + sines @ np.sin(angle)).T / np.sqrt(shape)
    return np.asarray(np.exp(bend - 0.5 / shape))
