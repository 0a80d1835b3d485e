"""A model version: all that scoring needs besides a series' own state, frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.hyperparameters import Hyperparameters
from models.prior import FleetPrior


@dataclass(frozen=True)
class AchievedBudget:
    """Episodes opened per 100 stairwell-weeks where nothing happens.

    Parameters
    ----------
    promised
        The budget that was set.
    first_week, last_week
        Weeks of evidence it is told for, counted from 1; no last week is ever after.
    achieved
        Episodes that opened per 100 stairwell-weeks.
    stairwell_weeks
        How many stairwell-weeks that is the mean of.
    """

    promised: float
    first_week: int
    last_week: int | None
    achieved: float
    stairwell_weeks: float


@dataclass(frozen=True)
class ModelVersion:
    """Hyper-parameters, fleet prior, calibration maps and the calendar they were made with.

    Plain tables and settings go in and out, so that a version is stored without pickles and outlives library upgrades.

    Parameters
    ----------
    id
        Name of the version.
    hyperparameters, prior, calibration
        The numbers chosen, the fleet's tables, and the maps of the score's tail.
    timezone
        IANA name.
    holidays
        Local dates of day type 7.

    Raises
    ------
    ValueError
        If the id is empty or the time zone unknown.
    """

    id: str
    hyperparameters: Hyperparameters
    prior: FleetPrior
    calibration: Calibration
    timezone: str = "Europe/Stockholm"
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("a model version needs an id")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"model version {self.id}: there is no time zone {self.timezone!r}") from None
        object.__setattr__(self, "holidays", tuple(sorted(self.holidays)))

    def to_tables(self) -> dict[str, NDArray[np.float64]]:
        """Every array by name, to be stored as plain ``.npy`` files."""
        return {**self.prior.to_tables(), **self.calibration.to_tables()}

    def to_settings(self) -> dict[str, Any]:
        """Everything else, as what JSON can hold."""
        return {
            "id": self.id,
            "hyperparameters": self.hyperparameters.to_settings(),
            "timezone": self.timezone,
            "holidays": [day.isoformat() for day in self.holidays],
        } | ({"areas": list(self.prior.local.areas)} if self.prior.local else {})

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[np.float64]], settings: Mapping[str, Any]) -> ModelVersion:
        """The version that `to_tables` and `to_settings` wrote.

        Raises
        ------
        ValueError
            If a table or setting is missing or invalid; the message names it.
        """
        missing = sorted({"id", "hyperparameters", "timezone", "holidays"} - set(settings))
        if missing:
            raise ValueError(f"the model version lacks the settings {', '.join(missing)}")
        return cls(
            id=str(settings["id"]),
            hyperparameters=Hyperparameters.from_settings(cast("Mapping[str, float]", settings["hyperparameters"])),
            prior=FleetPrior.from_tables(tables, settings.get("areas")),
            calibration=Calibration.from_tables(tables),
            timezone=str(settings["timezone"]),
            holidays=tuple(date.fromisoformat(str(day)) for day in settings["holidays"]),
        )
