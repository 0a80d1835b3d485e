"""The detector of this project, in the version that ships."""

from __future__ import annotations

import numpy as np

from bench.quality.panel import Judgement, Panel
from models.columns import OccupancyColumns
from models.kinds import kind_number
from models.shipped import shipped_version
from models.version import ModelVersion

_KEPT = ("score", "expected", "p_value", "p_above", "tail")


def columns_for(panel: Panel, version: ModelVersion) -> OccupancyColumns:
    """New columns for the panel's series."""
    return OccupancyColumns(
        version, panel.calendar.window_minutes, [kind_number(kind) for kind in panel.kinds], panel.shares
    )


def judge_ours(panel: Panel, version: ModelVersion | None = None) -> Judgement:
    """Score each window, then learn it."""
    columns = columns_for(panel, version or shipped_version())
    kept = {name: np.full(panel.counts.shape, np.nan) for name in _KEPT}
    for window, (slot, counts) in enumerate(zip(panel.slots, panel.counts, strict=True)):
        verdicts = columns.step(int(slot), counts)
        for name, values in kept.items():
            values[window] = getattr(verdicts, name)
    return Judgement(**kept)
