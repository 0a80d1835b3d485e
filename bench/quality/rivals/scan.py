"""Expectation-based Poisson scan over the last one to six windows (Neill, Int. J. Health Geogr. 8:20, 2009)."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.rivals.rates import hourly_mean, predict

_LONGEST = 6


def judge_scan(panel: Panel) -> Judgement:
    """Highest log likelihood ratio C log(C / B) + B - C of a duration with more counts C than its baseline B."""
    mean, _ = predict(panel, hourly_mean)
    observed = ~(np.isnan(panel.counts) | np.isnan(mean))
    count, baseline = np.where(observed, panel.counts, 0.0), np.where(observed, mean, 0.0)
    score = np.zeros(count.shape)
    total, expected = np.zeros(count.shape), np.zeros(count.shape)
    for back in range(_LONGEST):
        total[back:] += count[: len(count) - back]
        expected[back:] += baseline[: len(count) - back]
        score = np.maximum(score, _log_likelihood_ratio(total, expected))
    return Judgement(np.where(observed, score, np.nan))


def _log_likelihood_ratio(total: Floats, expected: Floats) -> Floats:
    above = total > expected
    count, baseline = np.where(above, total, 1.0), np.where(above, expected, 1.0)
    return np.where(above, count * np.log(count / np.maximum(baseline, 1e-12)) + baseline - count, 0.0)
