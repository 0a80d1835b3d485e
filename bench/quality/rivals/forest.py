"""Random cut forest (Guha, Mishra, Roy and Schrijvers, ICML 2016) on deviations from the hour of the week, by krcf."""

from __future__ import annotations

import numpy as np
from krcf import RandomCutForest

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.residuals import judge_alone

_SHINGLE_WINDOWS = 4
_TREES, _SAMPLE = 50, 256


def judge_random_cut_forest(panel: Panel, seed: int = 0) -> Judgement:
    """Score of the last four deviations, one forest for each series."""
    return judge_alone(panel, lambda deviation: _judge_series(deviation, seed))


def _judge_series(deviation: Floats, seed: int) -> Floats:
    forest = RandomCutForest(
        {
            "dimensions": 1,
            "shingle_size": _SHINGLE_WINDOWS,
            "num_trees": _TREES,
            "sample_size": _SAMPLE,
            "output_after": _SAMPLE,
            "random_seed": seed + 1,  # 0 is taken for "choose one"
            "parallel_execution_enabled": False,
        }
    )
    score = np.full(len(deviation), np.nan)
    for window in np.flatnonzero(~np.isnan(deviation)):
        point = [float(deviation[window])]
        score[window] = forest.score(point)
        forest.update(point)
    return score
