"""Builds version 0 from a simulated city: the command behind the tables in ``models/version0``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

import numpy as np

from models.city import simulate_city
from models.hyperparameters import Hyperparameters
from models.kinds import kind_number
from models.training.calibrating import calibrate, uncalibrated
from models.training.fleet import fit_fleet
from models.version import ModelVersion

VERSION_0 = "0"
_STAIRWELLS = 600
_WEEKS = 16
_CALIBRATION_SERIES = 4000
_CALIBRATION_WEEKS = 32  # twice the warm-up that the maps tell apart
_WINDOW_MINUTES = (15, 30, 60)
_TIMEZONE = "Europe/Stockholm"


def build_version0(
    seed: int,
    *,
    holidays: Collection[date] = (),
    stairwells: int = _STAIRWELLS,
    weeks: int = _WEEKS,
    series: int = _CALIBRATION_SERIES,
    calibration_weeks: int = _CALIBRATION_WEEKS,
    progress: Callable[[float], None] | None = None,
) -> ModelVersion:
    """Version 0: the fleet prior of a simulated city, calibrated on series in which nothing happens.

    Parameters
    ----------
    seed
        Of the city and of the calibration; the same seed gives the same version.
    holidays
        Local dates of day type 7, frozen into the version.
    stairwells, weeks
        Size of the city.
    series, calibration_weeks
        Size of the calibration.
    progress
        Called with the share done.
    """
    city = simulate_city(seed, stairwells, weeks, timezone=_TIMEZONE, holidays=holidays)
    kinds = np.array([kind_number(kind) for kind in city.kinds], dtype=np.int64)
    prior = fit_fleet(city.calendar, city.starts, np.where(city.annotated, np.nan, city.counts), kinds).prior
    version = ModelVersion(
        VERSION_0, Hyperparameters(), prior, uncalibrated(), timezone=_TIMEZONE, holidays=tuple(holidays)
    )
    return calibrate(
        version,
        series=series,
        weeks=calibration_weeks,
        seed=seed,
        window_minutes=_WINDOW_MINUTES,
        progress=progress,
    )
