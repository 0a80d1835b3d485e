"""Builds version 0 from a simulated city: the command behind the tables in ``models/version0``."""

from __future__ import annotations

from collections.abc import Callable

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


def build_version0(seed: int, progress: Callable[[float], None] | None = None) -> ModelVersion:
    """Version 0: the fleet prior of a simulated city, calibrated on series in which nothing happens.

    Parameters
    ----------
    seed
        Of the city and of the calibration; the same seed gives the same version.
    progress
        Called with the share done.
    """
    city = simulate_city(seed, _STAIRWELLS, _WEEKS, timezone=_TIMEZONE)
    kinds = np.array([kind_number(kind) for kind in city.kinds], dtype=np.int64)
    prior = fit_fleet(city.calendar, city.starts, np.where(city.annotated, np.nan, city.counts), kinds).prior
    version = ModelVersion(VERSION_0, Hyperparameters(), prior, uncalibrated(), timezone=_TIMEZONE)
    return calibrate(
        version,
        series=_CALIBRATION_SERIES,
        weeks=_CALIBRATION_WEEKS,
        seed=seed,
        window_minutes=_WINDOW_MINUTES,
        progress=progress,
    )
