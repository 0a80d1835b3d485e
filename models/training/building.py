"""Builds version 0 from a simulated city: the command behind the tables in ``models/version0``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.calendar import HOLIDAY
from models.city import simulate_city
from models.hyperparameters import Hyperparameters
from models.kinds import kind_number
from models.prior import FleetPrior
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
_MOST_TIME_SHAPE, _MOST_SLOT_SHAPE = 2.0, 6.0


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
    version = ModelVersion(VERSION_0, Hyperparameters(), of_any_town(prior), uncalibrated(), timezone=_TIMEZONE)
    return calibrate(
        version,
        series=_CALIBRATION_SERIES,
        weeks=_CALIBRATION_WEEKS,
        seed=seed,
        window_minutes=_WINDOW_MINUTES,
        progress=progress,
    )


def of_any_town(prior: FleetPrior) -> FleetPrior:
    """A prior that is less sure of when people are about: the next town is not the simulated one.

    Hours keep half of their log ratios to the level, and those of a series may be anything around that. Where version 0
    held the city's hours for everybody's, mornings of a town that lives otherwise were never learnt: they seemed a
    hang-out from the first week on.
    """
    profile = np.sqrt(prior.profile)
    return replace(
        prior,
        profile=profile / profile[:, :HOLIDAY].mean(axis=(1, 2), keepdims=True),
        time_shape=np.minimum(prior.time_shape, _MOST_TIME_SHAPE),
        slot_shape=np.minimum(prior.slot_shape, _MOST_SLOT_SHAPE),
    )
