"""Alarms at a budget: stairwell-weeks, and what a calibrated detector flags by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.datasets import BUDGET
from bench.quality.panel import Judgement, Panel
from models.evaluation import opened

Flags = NDArray[np.bool_]


def stairwell_weeks(panel: Panel, within: Flags) -> float:
    """Stairwell-weeks that the observed windows ``within`` amount to; a stairwell's series share its week."""
    observed = (~np.isnan(panel.counts) & within).sum(axis=0)
    return float((observed * panel.shares).sum() / BUDGET / panel.windows_per_week)


def episode_rate(flagged: Flags, panel: Panel, within: Flags) -> float:
    """Episodes opened within some windows per 100 stairwell-weeks of them."""
    return 100.0 * float((opened(flagged) & within).sum()) / max(stairwell_weeks(panel, within), 1.0)


def flag_at_own_budget(judgement: Judgement, panel: Panel) -> Flags:
    """Windows whose calibrated tail is within the series' share of the budget."""
    assert judgement.tail is not None, "only a calibrated detector keeps a budget by itself"
    return np.asarray(judgement.tail <= panel.shares)
