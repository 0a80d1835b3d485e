"""Making a version: the fleet prior of some weeks, calibration maps, and the budgets kept with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.surroundings import Surroundings
from models.training.budget import achieved_budgets
from models.training.calibrating import calibrate
from models.training.fleet import FleetFit, fit_fleet
from models.version import AchievedBudget, ModelVersion
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.effort import Effort
from service.usecases.versions.retraining.panels import evenly

PRIOR_SERIES = 1000
"""Series of each kind of space that the fleet prior is fitted to; more would tell it little."""
_NULL_TOWNS = 1_000_000  # seeds from here on draw towns that no version was calibrated on


@dataclass(frozen=True)
class FitTask:
    """Counts to fit a fleet prior to, float32[m, T]."""

    champion: ModelVersion
    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float32]
    kinds: NDArray[np.int64]
    surroundings: Surroundings | None


@dataclass(frozen=True)
class CalibrateTask:
    """A version to make maps for, and whether to measure what it keeps of its budget in a town of its own."""

    version: ModelVersion
    window_minutes: int
    effort: Effort
    measured: bool


def prior_sample(training: TrainingCounts) -> NDArray[np.int64]:
    """Columns that the fleet prior is fitted to, ascending: of each kind as many as are of use, evenly among all."""
    kinds = training.roster.kinds
    of_kinds = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    return np.sort(np.concatenate([columns[evenly(len(columns), PRIOR_SERIES)] for columns in of_kinds]))


def fit(task: FitTask) -> FleetFit:
    """The fleet of some counts."""
    return fit_fleet(
        task.calendar,
        task.starts,
        task.counts.T,
        task.kinds,
        parent=task.champion.prior,
        surroundings=task.surroundings,
    )


def calibrated(task: CalibrateTask) -> tuple[ModelVersion, list[AchievedBudget]]:
    """The version with maps of its own, and what it keeps of its budgets where that is measured."""
    version, minutes, effort = task.version, task.window_minutes, task.effort
    seed = int(version.id)
    made = calibrate(version, series=effort.null_series, weeks=effort.null_weeks, seed=seed, window_minutes=(minutes,))
    if not task.measured:
        return made, []
    return made, achieved_budgets(
        made,
        seed=_NULL_TOWNS + seed,
        window_minutes=minutes,
        stairwells=effort.town_stairwells,
        weeks=effort.town_weeks,
    )
