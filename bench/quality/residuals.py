"""Counts as deviations from their hour of the week, for rivals that know nothing of a calendar."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Floats, Panel
from bench.quality.rivals.rates import Past, predict

_LEAST_SPREAD = 0.25  # presences: whole counts differ by one


def standardise(panel: Panel) -> Floats:
    """(count - mean) / standard deviation of the hour of the week on the weeks before; NaN where there is none."""
    mean, variance = predict(panel, _moments)
    return np.asarray((panel.counts - mean) / np.sqrt(variance))


def _moments(past: Past) -> tuple[Floats, Floats]:
    mean = (past.total + past.overall) / (past.visits + 1.0)
    variance = past.squares / np.maximum(past.visits, 1.0) - (past.total / np.maximum(past.visits, 1.0)) ** 2
    return mean, np.maximum(np.maximum(variance, mean), _LEAST_SPREAD**2)
