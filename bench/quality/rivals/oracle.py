"""A CUSUM (Page 1954) that knows nights, hours and rates: what no detector can know, for simulated towns only."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Judgement, Panel
from bench.quality.towns import Town
from models.detector.distribution import Predictive

_DISPERSION = 0.4  # of counts in the towns: windows and days differ


def judge_oracle(panel: Panel) -> Judgement:
    """Sum of the log likelihood ratios of the counts in the hours of the hang-out, never below 0."""
    assert isinstance(panel, Town), "the oracle needs a town's truth"
    window_hours = panel.calendar.window_minutes / 60
    mean = np.maximum(panel.rate * window_hours, 1e-6)
    known = Predictive.of(mean, np.full_like(mean, _DISPERSION))
    gain = known.log_likelihood_ratio(np.nan_to_num(panel.counts), mean + panel.added * window_hours)
    gain = np.where(panel.hours & ~np.isnan(panel.counts), gain, 0.0)
    score = np.zeros_like(gain)
    total = np.zeros(panel.width)
    for window, step in enumerate(gain):
        total = np.maximum(0.0, total + step)
        score[window] = total
    return Judgement(score)
