"""Counts as deviations from their hour of the week, for rivals that know nothing of a calendar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.rivals.rates import Past, predict

BOUNDS = (-4.0, 12.0)
"""Standard deviations; river needs to know the range of a feature."""

_LEAST_SPREAD = 0.25  # presences: whole counts differ by one


def standardise(panel: Panel) -> Floats:
    """(count - mean) / standard deviation of the hour of the week on the weeks before; NaN where there is none."""
    mean, variance = predict(panel, _moments)
    return np.asarray((panel.counts - mean) / np.sqrt(variance))


def judge_alone(panel: Panel, judge: Callable[[Floats], Floats]) -> Judgement:
    """Scores of each series by its own deviations, which are cut at :data:`BOUNDS`."""
    deviation = np.clip(standardise(panel), *BOUNDS)
    return Judgement(np.stack([judge(alone) for alone in deviation.T], axis=1))


def _moments(past: Past) -> tuple[Floats, Floats]:
    mean = (past.total + past.overall) / (past.visits + 1.0)
    variance = past.squares / np.maximum(past.visits, 1.0) - (past.total / np.maximum(past.visits, 1.0)) ** 2
    return mean, np.maximum(np.maximum(variance, mean), _LEAST_SPREAD**2)
