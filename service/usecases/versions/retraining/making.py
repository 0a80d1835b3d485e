"""Making a version: the series that its fleet prior is fitted to, calibration maps, and the budgets kept with them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.training.budget import achieved_budgets
from models.training.calibrating import calibrate
from models.version import AchievedBudget, ModelVersion
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.effort import Effort
from service.usecases.versions.retraining.panels import evenly

PRIOR_SERIES = 1000
"""Series of each kind of space that the fleet prior is fitted to; more would tell it little."""
_NULL_TOWNS = 1_000_000  # seeds from here on draw towns that no version was calibrated on


def prior_sample(training: TrainingCounts) -> NDArray[np.int64]:
    """Columns that the fleet prior is fitted to, ascending: of each kind as many as are of use, evenly among all."""
    kinds = training.roster.kinds
    of_kinds = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    return np.sort(np.concatenate([columns[evenly(len(columns), PRIOR_SERIES)] for columns in of_kinds]))


def calibrated(
    version: ModelVersion, window_minutes: int, effort: Effort, *, measured: bool
) -> tuple[ModelVersion, list[AchievedBudget]]:
    """The version with maps of its own, and, if that is ``measured``, what it keeps of its budgets in another town."""
    seed = int(version.id)
    minutes = (window_minutes,)
    made = calibrate(version, series=effort.null_series, weeks=effort.null_weeks, seed=seed, window_minutes=minutes)
    if not measured:
        return made, []
    return made, achieved_budgets(
        made,
        seed=_NULL_TOWNS + seed,
        window_minutes=window_minutes,
        stairwells=effort.town_stairwells,
        weeks=effort.town_weeks,
    )
