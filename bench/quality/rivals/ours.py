"""The detector of this project, in the version that ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.quality.panel import Floats, Judgement, Panel
from models.detector.columns import OccupancyColumns
from models.detector.state import Head
from models.kinds import kind_number
from models.shipped import shipped_version
from models.version import ModelVersion

_NO_DEPENDENCE = 1e12  # weight of none at all, which no counts come up to
_KEPT = ("expected", "p_value", "p_above", "tail")


def judge_ours(panel: Panel, version: ModelVersion | None = None) -> Judgement:
    """Score each window, then learn it; windows are ranked by their score, as by the API, and alarms by its tail."""
    columns = OccupancyColumns(
        version or shipped_version(),
        panel.calendar.window_minutes,
        [kind_number(kind) for kind in panel.kinds],
        panel.shares,
    )
    shifts = np.zeros(panel.counts.shape, dtype=bool)
    scored = []
    for window, (slot, counts) in enumerate(zip(panel.slots, panel.counts, strict=True)):
        epoch = columns.state.head[Head.EPOCH].copy()
        scored.append(columns.advance(int(slot), counts))
        shifts[window] = columns.state.head[Head.EPOCH] != epoch
    verdicts = columns.tell(scored)
    kept = {name: getattr(verdicts, name) for name in _KEPT}
    return Judgement(verdicts.score, **kept, shifts=shifts)


def predict_ours(panel: Panel) -> tuple[Floats, Floats]:
    """Mean and excess variance of each window's predictive distribution before its count is learnt, float64[T, n]."""
    columns = OccupancyColumns(
        shipped_version(), panel.calendar.window_minutes, [kind_number(kind) for kind in panel.kinds], panel.shares
    )
    scored = [columns.advance(int(slot), counts) for slot, counts in zip(panel.slots, panel.counts, strict=True)]
    return np.stack([one.mean for one in scored]), np.stack([one.excess for one in scored])


def judge_at_threshold(panel: Panel) -> Judgement:
    """The same ranking, to be given a threshold like everybody else."""
    return Judgement(judge_ours(panel).score)


def judge_independent(panel: Panel) -> Judgement:
    """The same detector, which takes each count for independent of those before it."""
    version = shipped_version()
    independent = replace(version.hyperparameters, dependence_strength=_NO_DEPENDENCE)
    return judge_ours(panel, replace(version, hyperparameters=independent))


def judge_either_way(panel: Panel) -> Judgement:
    """How unlikely the count of each window is alone, be it high or low: the smaller of its two p-values."""
    judged = judge_ours(panel)
    assert judged.p_value is not None
    assert judged.p_above is not None
    return Judgement(-np.log(np.maximum(np.minimum(judged.p_value, 1.0 - judged.p_above), 1e-300)))
