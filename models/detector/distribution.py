r"""The negative binomial distribution of a count, elementwise and exact.

Mean :math:`\mu` and *excess* :math:`\omega`: variance :math:`\mu + \omega \mu^2`. A Poisson count whose rate is gamma
distributed with shape :math:`1/\omega`; the excess holds overdispersion and the uncertainty of the mean alike.
"""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.detector.elementwise import Floats, betainc, betainc_where, clip, log, log1p, maximum, ndtri

__all__ = ["Floats", "Predictive", "log_zero", "normal_score", "quantile"]


class Predictive(NamedTuple):
    """The distribution of one window's counts, with what several questions have in common."""

    mean: Floats
    excess: Floats
    log_mean: Floats
    spread: Floats  # excess times mean
    log_spread: Floats  # log(1 + spread)

    @classmethod
    def of(cls, mean: Floats, excess: Floats) -> Self:
        """The distribution of this mean and excess."""
        spread = excess * mean
        return cls(mean, excess, log(mean), spread, log1p(spread))

    def log_zero(self) -> Floats:
        """log P(Y = 0)."""
        return -self.log_spread / self.excess

    def tails(self, count: Floats) -> tuple[Floats, Floats]:
        """P(Y >= count) and P(Y > count) of counts from 0 on, by the regularised incomplete beta function."""
        shape, chance = self._beta()
        return betainc_where(count > 0.0, maximum(count, 1.0), shape, chance), betainc(count + 1.0, shape, chance)

    def up_to(self, count: Floats) -> Floats:
        """P(Y <= count) of counts from 0 on."""
        return 1.0 - betainc(count + 1.0, *self._beta())

    def _beta(self) -> tuple[Floats, Floats]:
        return 1.0 / self.excess, self.spread / (1.0 + self.spread)

    def log_likelihood_ratio(self, count: Floats, other: Floats) -> Floats:
        """log P(count; other) / P(count; mean) at equal excess; rises with the count where ``other`` > ``mean``."""
        spread = log1p(self.excess * other) - self.log_spread
        return count * (log(other) - self.log_mean - spread) - spread / self.excess


def log_zero(mean: Floats, excess: Floats) -> Floats:
    """log P(Y = 0)."""
    return -log1p(excess * mean) / excess


def normal_score(p_value: Floats, p_above: Floats) -> Floats:
    """Normal score of the mid-p: the quantile residual of a discrete count (Dunn and Smyth 1996)."""
    return -ndtri(clip(0.5 * (p_value + p_above), 1e-300, 1.0 - 1e-16))


def quantile(probability: float | Floats, mean: Floats, excess: Floats) -> Floats:
    """Smallest count whose cumulative probability reaches ``probability``, one for all or one for each."""
    probability = np.broadcast_to(np.asarray(probability, dtype=np.float64), mean.shape)
    count, found = _small_quantile(probability, mean, excess)
    large = np.flatnonzero(~found)
    if large.size:
        count[large] = _large_quantile(probability[large], mean[large], excess[large])
    return count


def _small_quantile(probability: Floats, mean: Floats, excess: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """By adding up the first few probabilities: exact and cheap where counts are small."""
    shape = 1.0 / excess
    chance = excess * mean / (1.0 + excess * mean)
    term = np.exp(log_zero(mean, excess))
    below = term.copy()
    count = np.zeros_like(mean)
    found = below >= probability
    for value in range(1, 9):
        if found.all():
            break
        term = term * (shape + (value - 1.0)) / value * chance
        below = below + term
        count = np.where(found, count, float(value))
        found = found | (below >= probability)
    return count, found


def _large_quantile(probability: Floats, mean: Floats, excess: Floats) -> Floats:
    """By bisection of the incomplete beta function from a bracket around the mean."""
    known = Predictive.of(mean, excess)
    low = np.full_like(mean, -1.0)
    high = np.ceil(mean + 8.0 * np.sqrt(mean + excess * mean * mean)) + 8.0
    while True:
        short = known.up_to(high) < probability
        if not short.any():
            break
        low = np.where(short, high, low)
        high = np.where(short, high * 2.0, high)
    while ((high - low) > 1.0).any():
        middle = np.floor(0.5 * (low + high))
        reached = known.up_to(middle) >= probability
        open_ = (high - low) > 1.0
        high = np.where(open_ & reached, middle, high)
        low = np.where(open_ & ~reached, middle, low)
    return high
