"""Calibration: how often p-values are as small as they say, by decile of the expected count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.experiment import Figure, Row
from bench.quality.panel import Floats, Judgement

LEVELS = (0.05, 0.01, 0.001)
_DECILES = 10
_COARSEST = 0.001  # looked at over all windows alone: too rare for deciles


@dataclass(frozen=True)
class Calibration:
    """P(p < a) / a.

    Parameters
    ----------
    by_decile
        float64[levels, 10].
    overall
        float64[levels].
    """

    by_decile: Floats
    overall: Floats


def calibrate(judgement: Judgement, within: NDArray[np.bool_], seed: int) -> Calibration | None:
    """Calibration of the randomised p-value P(Y > y) + u P(Y = y); None without a predictive distribution."""
    if judgement.expected is None or judgement.p_value is None or judgement.p_above is None:
        return None
    known = within & ~np.isnan(judgement.p_value)
    expected, above = judgement.expected[known], judgement.p_above[known]
    uniform = np.random.default_rng(seed).random(expected.size)
    p_value = above + uniform * (judgement.p_value[known] - above)
    bounds = np.quantile(expected, np.linspace(0.0, 1.0, _DECILES + 1))
    decile = np.clip(np.searchsorted(bounds, expected, side="right") - 1, 0, _DECILES - 1)
    windows = np.maximum(np.bincount(decile, minlength=_DECILES), 1)
    by_decile = [np.bincount(decile, p_value < level, _DECILES) / windows / level for level in LEVELS]
    overall = [float((p_value < level).mean()) / level for level in LEVELS]
    return Calibration(np.array(by_decile), np.array(overall))


def figures(calibration: Calibration) -> Row:
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


def decile_figures(calibration: Calibration) -> Row:
    """The ratios of each decile, at the levels that deciles can bear."""
    columns = calibration.by_decile[np.array(LEVELS) > _COARSEST].T
    return {
        f"{number}": Figure(" / ".join(f"{ratio:.2f}" for ratio in ratios)) for number, ratios in enumerate(columns, 1)
    }
