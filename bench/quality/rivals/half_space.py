"""river's HalfSpaceTrees on deviations from the hour of the week, one forest for each series."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from river.anomaly import HalfSpaceTrees

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.residuals import BOUNDS, judge_alone

_LIMITS: dict[Hashable, tuple[float, float]] = {"now": BOUNDS, "before": BOUNDS, "lately": BOUNDS}
_LATELY_WINDOWS = 4


def judge_half_space_trees(panel: Panel, seed: int = 0) -> Judgement:
    """Score of this window's deviation, the one before and the mean of the last four."""
    return judge_alone(panel, lambda deviation: _judge_series(deviation, seed))


def _judge_series(deviation: Floats, seed: int) -> Floats:
    forest = HalfSpaceTrees(limits=_LIMITS, seed=seed)
    score = np.full(len(deviation), np.nan)
    before, lately = 0.0, 0.0
    for window in np.flatnonzero(~np.isnan(deviation)):
        now = float(deviation[window])
        lately += (now - lately) / _LATELY_WINDOWS
        features = {"now": now, "before": before, "lately": lately}
        score[window] = forest.score_one(features)
        forest.learn_one(features)
        before = now
    return score
