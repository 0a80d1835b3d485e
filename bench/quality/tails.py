"""Upper tails of counts, also where they are too small for a float."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Floats, Judgement
from models.detector.distribution import Predictive

_SMALLEST = 1e-280


def judge_counts(counts: Floats, mean: Floats, excess: Floats) -> Judgement:
    """Counts against negative binomial predictions; NaN where there is no count or no prediction."""
    known = ~(np.isnan(counts) | np.isnan(mean))
    count, mu, omega = counts[known], mean[known], excess[known]
    with np.errstate(divide="ignore"):
        p_value, p_above = Predictive.of(mu, omega).tails(count)
        score = np.where(p_value > _SMALLEST, -np.log(p_value), _far_tail(count, mu, omega))
    return Judgement(
        score=_spread(known, score),
        expected=mean,
        p_value=_spread(known, p_value),
        p_above=_spread(known, p_above),
    )


def _far_tail(count: Floats, mean: Floats, excess: Floats) -> Floats:
    """-log P(Y >= count) to the first order of the saddle point, for counts far above the mean."""
    count = np.maximum(count, 1.0)
    deviance = count * np.log(count / mean)
    deviance -= (count + 1.0 / excess) * (np.log1p(excess * count) - np.log1p(excess * mean))
    return np.asarray(deviance + 0.5 * np.log(2.0 * np.pi * count * (1.0 + excess * count)))


def _spread(known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], values: Floats) -> Floats:
    whole = np.full(known.shape, np.nan)
    whole[known] = values
    return whole
