"""What the model says of the counts of one window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdicts:
    """What the model said of one window's counts before learning them.

    ``expected``, ``lower``, ``upper`` and ``evidence_weeks`` are given for every series; the others are NaN (and
    ``anomalous`` false) where the count is missing.

    Parameters
    ----------
    expected
        float64[n]: mean of the predictive distribution, presences per window.
    lower, upper
        float64[n]: its central 95 %.
    p_value, p_above
        float64[n]: P(Y >= count) and P(Y > count), as often as this series' counts come that far out.
    score
        float64[n]: log odds that loitering is going on now, persistence included.
    episode_probability
        float64[n]: the same as a probability.
    tail
        float64[n]: episodes a series opens in a week at a score this high when nothing is on.
    anomalous
        bool[n]: the tail is within the series' share of the alarm budget.
    evidence_weeks
        float64[n]: weeks learnt; 0 when new.
    """

    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_above: NDArray[np.float64]
    score: NDArray[np.float64]
    episode_probability: NDArray[np.float64]
    tail: NDArray[np.float64]
    anomalous: NDArray[np.bool_]
    evidence_weeks: NDArray[np.float64]
