"""river's GaussianScorer, one for each hour of the week of each series."""

from __future__ import annotations

import math

import numpy as np
from river.anomaly import GaussianScorer
from scipy.special import ndtr

from bench.quality.panel import Judgement, Panel

_GRACE_VISITS = 3
_LEAST_SPREAD = 0.5  # presences: a slot that never changed would take any count for infinitely odd


def judge_gaussian(panel: Panel) -> Judgement:
    """Deviations above the mean in standard deviations, as the scorers learnt them; their own score ends at 1.0."""
    scorers = [
        [GaussianScorer(grace_period=_GRACE_VISITS) for _ in range(panel.width)] for _ in range(panel.windows_per_week)
    ]
    mean, spread = np.full(panel.counts.shape, np.nan), np.full(panel.counts.shape, np.nan)
    for window, time in enumerate(panel.times_of_week):
        for series, (scorer, count) in enumerate(zip(scorers[time], panel.counts[window].tolist(), strict=True)):
            if math.isnan(count):
                continue
            if scorer.gaussian.n_samples >= scorer.grace_period:
                mean[window, series], spread[window, series] = scorer.gaussian.mu, scorer.gaussian.sigma
            scorer.learn_one(None, count)
    spread = np.maximum(spread, _LEAST_SPREAD)
    tail = ndtr((mean - panel.counts) / spread)
    return Judgement((panel.counts - mean) / spread, expected=mean, p_value=tail, p_above=tail)
