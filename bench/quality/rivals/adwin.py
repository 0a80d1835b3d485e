"""river's ADWIN on deviations from the hour of the week: a detector of drift, here the rival in shifts of level."""

from __future__ import annotations

import numpy as np
from river.drift import ADWIN

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.residuals import standardise

_DELTAS = (0.1, 0.03, 0.01, 0.002, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)
_REPORTED = 0.002  # river's default: a drift at this level is reported as a shift
_BOUNDS = (-4.0, 8.0)


def judge_adwin(panel: Panel) -> Judgement:
    """-log10 of the strictest level at which the mean has risen in this window; 0 where it has not."""
    deviation = np.clip(standardise(panel), *_BOUNDS)
    score = np.where(np.isnan(deviation), np.nan, 0.0)
    shifts = np.zeros(deviation.shape, dtype=bool)
    for series in range(panel.width):
        for delta in _DELTAS:
            rises, drifts = _drifts(deviation[:, series], delta)
            score[rises, series] = -np.log10(delta)
            if delta == _REPORTED:
                shifts[drifts, series] = True
    return Judgement(score, shifts=shifts)


def _drifts(deviation: Floats, delta: float) -> tuple[list[int], list[int]]:
    """Windows where the mean rises, and where it changes at all."""
    adwin = ADWIN(delta=delta, clock=1)
    rises, drifts = [], []
    for window in np.flatnonzero(~np.isnan(deviation)).tolist():
        before = adwin.estimation
        adwin.update(deviation[window])
        if adwin.drift_detected:
            drifts.append(window)
            if adwin.estimation > before:
                rises.append(window)
    return rises, drifts
