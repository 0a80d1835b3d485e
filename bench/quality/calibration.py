"""Calibration: how often p-values are as small as they say, by decile of the expected count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.experiment import Figure, Row
from bench.quality.panel import Judgement
from models.evaluation import TailRatios, tail_ratios

LEVELS = (0.05, 0.01, 0.001)
_COARSEST = 0.001  # looked at over all windows alone: too rare for deciles


def calibrate(judgement: Judgement, within: NDArray[np.bool_]) -> TailRatios | None:
    """Calibration of the randomised p-value; None without a predictive distribution."""
    if judgement.expected is None or judgement.p_value is None or judgement.p_above is None:
        return None
    known = within & ~np.isnan(judgement.p_value)
    return tail_ratios(judgement.expected[known], judgement.p_value[known], judgement.p_above[known], LEVELS)


def figures(calibration: TailRatios) -> Row:
    """Least and most of the deciles, and of all windows where deciles hold too few."""
    row = {}
    for level, ratios, overall in zip(LEVELS, calibration.by_decile, calibration.overall, strict=True):
        if level > _COARSEST:
            low, high = float(ratios.min()), float(ratios.max())
            row[f"{level:g}, deciles"] = Figure(f"{low:.2f} - {high:.2f}", merit=-max(_miss(low), _miss(high)))
        row[f"{level:g}, all"] = Figure(f"{overall:.2f}", merit=-_miss(overall), detail=overall)
    return row


def _miss(ratio: float) -> float:
    return abs(float(np.log(max(ratio, 1e-3))))


def decile_figures(calibration: TailRatios) -> Row:
    """The ratios of each decile, at the levels that deciles can bear."""
    columns = calibration.by_decile[np.array(LEVELS) > _COARSEST].T
    return {
        f"{number}": Figure(" / ".join(f"{ratio:.2f}" for ratio in ratios)) for number, ratios in enumerate(columns, 1)
    }
