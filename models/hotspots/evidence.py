r"""Evidence that somebody loiters in a block of the week now: a Bayes factor, averaged over what is not known.

Counts of a block are looked at by weekday in four spans: the period, and three of the days before it. Where nothing is
on, presences :math:`C` of a span and weekday are negative binomial around :math:`r E`, with one factor :math:`r` of
the block for all of them, lognormal around what the hours outside the block tell (`models.hotspots.usual`). Where
somebody loiters since one of the spans began, :math:`\lambda` presences are added in each hour heard, on some weekdays:
each of them with chance :math:`\pi`, so that the 128 sets of weekdays are summed over by a product,

.. math:: P(C | \lambda, r, \text{since}) = \prod_w \big((1 - \pi) P_0(C_w | r) + \pi P_\lambda(C_w | r)\big),

and :math:`r`, :math:`\lambda` and the beginning are averaged over. So who is always late is late on every evening, and
loitering shows against the evenings without. What began and ended before the period is a hypothesis of its own beside
that nothing was ever on: without it, long loitering that has ended would be listed for its past.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Cells

RATES = (0.3, 0.7, 1.5)  # presences an hour that loitering may add
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(3)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_WEEKDAY_CHANCE = 0.6  # that loitering keeps to a weekday
_ENDED = 0.06  # odds that loitering began and ended before the period, against that nothing was ever on
_FACTOR_VARIANCE = 0.015  # of the log factor of a block, beyond what a smooth factor of the day leaves open
_MOST_OF_A_WEEKDAY = 90.0  # log-likelihood ratio; seven of them stay within a double
_ENOUGH = np.float32(12.0)  # of a weekday to be looked at; seven of them stay within a single
_TINY = np.float32(1e-6)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blocks:
    """Blocks of series by span and weekday; the period is the first span.

    Parameters
    ----------
    counts, base, hours
        float32[spans, 7, m]: presences, what is expected of them, and hours heard.
    shapes
        float32[spans, 7, m]: of the negative binomial around what is expected.
    variance
        float32[m]: of the log factor of the base.
    """

    counts: Cells
    base: Cells
    hours: Cells
    shapes: Cells
    variance: Cells


@dataclass(frozen=True)
class Evidence:
    """What is said of m blocks.

    Parameters
    ----------
    log_odds
        float64[m]: log of how much likelier the counts are if somebody loiters now than if not.
    chronic
        bool[m]: whether loitering since the first day says at least as much as any later beginning.
    weekdays
        float64[7, m]: chance that loitering keeps to each weekday, if there is any.
    expected
        float64[7, m]: presences of the period by weekday, had nobody loitered.
    """

    log_odds: Floats
    chronic: NDArray[np.bool_]
    weekdays: Floats
    expected: Floats


def promising(counts: Cells, base: Cells, hours: Cells, shapes: Cells) -> Cells:
    """Log-likelihood ratio of the period alone, at the block's likeliest factor and the best of the rates, float32[m].

    Parameters are those of `Blocks`, of the period only, float32[7, m].
    """
    calm = _log_likelihood(counts, base + _TINY, shapes)
    best = np.full(counts.shape[1:], -np.inf, dtype=np.float32)
    for rate in RATES:
        by_weekday = _log_likelihood(counts, base + _TINY + np.float32(rate) * hours, shapes) - calm
        np.maximum(best, np.log(_some_weekdays(np.minimum(by_weekday, _ENOUGH))), out=best)
    return best


def weigh(blocks: Blocks) -> Evidence:
    """Weigh loitering now against none, and against what has ended."""
    spans = len(blocks.counts)
    deviation = np.sqrt(blocks.variance + np.float32(_FACTOR_VARIANCE))
    calm, since, ended, weekdays, factors = [], [], [], [], []
    for node, weight in zip(_NODES.astype(np.float32), _WEIGHTS, strict=True):
        factor = np.exp(deviation * node)
        base = blocks.base * factor + _TINY
        null = _log_likelihood(blocks.counts, base, blocks.shapes)
        log_null = np.log(weight) + _over_weekdays(null)
        calm.append(log_null)
        for rate in RATES:
            louder = base + np.float32(rate) * blocks.hours
            gain = (_log_likelihood(blocks.counts, louder, blocks.shapes) - null).astype(np.float64)
            begun = list(accumulate(gain))
            since.append([log_null + np.log(_some_weekdays(one)) for one in begun])
            ended.append(log_null + np.log(_ended(gain)))
            weekdays.append([_chance(one) for one in begun])
            factors.append(factor)
    log_calm = _log_sum(calm)
    log_since = [_log_sum([one[span] for one in since]) - np.log(len(RATES)) - log_calm for span in range(spans)]
    log_ended = _log_sum(ended) - np.log(len(RATES)) - log_calm
    log_active = _log_sum(log_since) - np.log(spans)
    weights = [np.exp(one - log_calm - np.log(len(RATES) * spans) - log_active) for of in since for one in of]
    chances = [one for of in weekdays for one in of]
    by_factor = [sum(weights[at * spans : (at + 1) * spans]) * factor for at, factor in enumerate(factors)]
    return Evidence(
        log_active - np.log1p(_ENDED * np.exp(np.minimum(log_ended, 500.0))),
        log_since[-1] >= np.max(log_since, axis=0),
        np.asarray(sum(weight * chance for weight, chance in zip(weights, chances, strict=True))),
        np.asarray(blocks.base[0] * sum(by_factor)),
    )


def _log_likelihood(counts: Cells, mean: Cells, shape: Cells) -> Cells:
    """Negative binomial, without what does not depend on the mean."""
    return np.asarray(counts * np.log(mean) - (counts + shape) * np.log(mean + shape))


def _some_weekdays(gain: NDArray[np.floating]) -> NDArray[np.floating]:
    """Likelihood ratio of loitering on some weekdays, [m], of log ratios [7, m]."""
    ratio = 1.0 - _WEEKDAY_CHANCE + _WEEKDAY_CHANCE * np.exp(np.minimum(gain, _MOST_OF_A_WEEKDAY))
    return np.asarray(np.prod(list(ratio), axis=0))


def _chance(gain: Floats) -> Floats:
    """Chance of each weekday, float64[7, m]."""
    odds = _WEEKDAY_CHANCE / (1.0 - _WEEKDAY_CHANCE) * np.exp(np.minimum(gain, _MOST_OF_A_WEEKDAY))
    return np.asarray(odds / (1.0 + odds))


def _ended(gain: Floats) -> Floats:
    """Mean likelihood ratio of loitering in some adjoining spans before the period, [m]."""
    runs = [run for first in range(1, len(gain)) for run in accumulate(gain[first:])]
    return np.asarray(np.add.reduce([_some_weekdays(run) for run in runs]) / len(runs))


def _over_weekdays(values: Cells) -> Floats:
    """Sum over spans and weekdays in a fixed order, float64[m]."""
    total = np.zeros(values.shape[2])
    for span in values:
        for weekday in span:
            total += weekday
    return total


def _log_sum(logs: list[Floats]) -> Floats:
    return np.asarray(np.logaddexp.reduce(logs, axis=0))
