"""How rarely a scan's evidence comes by chance, and which of many places stay significant together."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Cells, Days
from models.hotspots.company import draw_with_company
from models.hotspots.scan import Comparison, scan_blocks

_DRAWS = 1200
_PARTS = 10  # of the draws, each with a stream of its own
_TAIL = 0.1  # share of the draws that the law of the tail is taken from
_FEWEST_IN_TAIL = 10
_LEAST_SCALE = 0.5
_NIGHT_SHAPE = 10.0
_LEAST_DISPERSION = 1e-3
_HARMONICS = np.arange(1, 4)


@dataclass(frozen=True)
class ScanNull:
    """Law of the evidence of a series where nothing is on: that of the draws, and an exponential tail.

    The tail is the generalised Pareto law's of shape 0 (Pickands 1975, Ann. Stat. 3:119). A Bayes factor x comes by
    chance with a probability of at most 1/x, so the tail is no longer than that of scale 1 if the model is true.

    Parameters
    ----------
    draws
        float64[m]: evidence in the draws below the tail, ascending.
    threshold, scale
        Where the tail begins, and the mean excess there.
    tail
        Share of the draws in the tail.
    """

    draws: NDArray[np.float64]
    threshold: float
    scale: float
    tail: float

    @classmethod
    def of(cls, evidence: NDArray[np.float64]) -> ScanNull:
        """The law of some draws.

        Examples
        --------
        >>> null = ScanNull.of(np.random.default_rng(1).exponential(2.0, 1000))
        >>> round(null.tail, 3), round(null.scale, 1), round(null.threshold, 1)
        (0.1, 2.0, 4.7)
        """
        ordered = np.sort(evidence)
        finite = int((ordered > -np.inf).sum())
        in_tail = min(finite, int(np.ceil(_TAIL * len(ordered))))
        if in_tail < _FEWEST_IN_TAIL:
            return cls(ordered[:0], 0.0, 1.0, 1.0)
        body, tail = np.split(ordered, [len(ordered) - in_tail])
        threshold = float(tail[0])
        scale = max(_LEAST_SCALE, float(tail.mean()) - threshold)
        return cls(body, threshold, scale, in_tail / len(ordered))

    def log_p_value(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """log P(evidence of a series where nothing is on >= evidence).

        Examples
        --------
        >>> ScanNull(np.zeros(9), 1.0, 1.0, 0.1).log_p_value(np.array([-np.inf, 0.5, 1.0, 11.0])).round(2).tolist()
        [0.0, -2.3, -2.3, -12.3]
        """
        body = len(self.draws) - np.searchsorted(self.draws, evidence, side="left")
        share = body / max(len(self.draws), 1) * (1 - self.tail) + self.tail
        beyond = np.maximum(evidence - self.threshold, 0.0) / self.scale
        return np.asarray(np.log(share) - beyond)


def simulate_null(observed: Cells, comparison: Comparison, days: Days, seed: int) -> ScanNull:
    """Scan counts drawn from the comparison itself, of series picked from all that were heard.

    Parameters are those of `models.hotspots.scan.scan_blocks`, and the seed of the draws.

    A draw has a level, a profile, weekdays and a dispersion of its own, follows the town's mood as far as it does, and
    has evenings that share a factor: what the evidence allows for, as it is correlated in life, and that series differ.
    Levels are those of the series.
    """
    heard = np.flatnonzero(comparison.base[days.in_period].sum(axis=(0, 1)) > 0)
    if not len(heard):
        return ScanNull.of(np.zeros(0))
    picked = heard[np.arange(_DRAWS) % len(heard)]
    parts = np.split(picked, _PARTS)

    def scan(part: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.float64]:
        against = comparison.select(part)
        rates = draw_rates(observed[..., part], against, days, random)
        return scan_blocks(draw_with_company(rates, against.town.company, random), against, days).evidence

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter in every pass
        evidence = list(pool.map(scan, parts, np.random.default_rng(seed).spawn(_PARTS)))
    return ScanNull.of(np.concatenate(evidence))


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


def draw_rates(observed: Cells, comparison: Comparison, days: Days, random: np.random.Generator) -> NDArray[np.float64]:
    """Means of counts of the same series where nothing is on, float64[days, 24, n], as `simulate_null` has them."""
    base = comparison.base
    n = base.shape[2]
    presences, expected = (cells.sum(axis=(0, 1), dtype=np.float64) for cells in (observed, base))
    level = random.gamma(comparison.level_shape + presences) / (comparison.level_shape + expected)
    weekdays = random.gamma(comparison.weekday_shape, size=(7, n)) / comparison.weekday_shape
    nights = random.gamma(_NIGHT_SHAPE, 1 / _NIGHT_SHAPE, (len(days), n)) * weekdays[days.weekdays]
    rate = base * level * _profile_bend(comparison.profile_shape, random) * nights[:, None]
    in_period = days.in_period
    [apart] = random.spawn(1)  # what is drawn of a town as ever does not depend on its mood
    rate[in_period] *= np.exp(comparison.town.mood.log_of_some(days.weekdays[in_period], n, apart))
    strength = comparison.dispersion_strength
    dispersion = np.maximum(comparison.dispersion * random.gamma(strength) / strength, _LEAST_DISPERSION)
    by_hour = random.standard_gamma(np.broadcast_to(1 / dispersion, base.shape)) * dispersion
    return np.asarray(rate * by_hour)


def _profile_bend(shape: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A smooth factor of the day for each series, [24, n], with relative variance 1 / shape."""
    n = len(shape)
    weight = 1 / _HARMONICS / np.sqrt((1 / _HARMONICS**2).sum())
    angle = 2 * np.pi * _HARMONICS[:, None] * np.arange(24) / 24
    cosines, sines = random.normal(size=(2, n, len(_HARMONICS))) * weight
    bend = (cosines @ np.cos(angle) + sines @ np.sin(angle)).T / np.sqrt(shape)
    return np.asarray(np.exp(bend - 0.5 / shape))
