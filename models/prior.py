"""The fleet prior: what a new or sparse series is taken for until it has its own history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from models.calendar import DAY_TYPES
from models.kinds import KINDS
from models.tables import checked_table, tables_for, tables_of

_SHAPES = {"profile": (len(KINDS), DAY_TYPES, 24)}


@dataclass(frozen=True)
class FleetPrior:
    """Tables by kind of space, in the order of `models.kinds.KINDS`.

    A gamma *shape* a says how far a series strays from its mean: relative standard deviation 1/sqrt(a).

    Parameters
    ----------
    profile
        float64[kinds, 8 day types, 24 hours]: rate relative to the level; mean 1 over the 168 ordinary hours.
    level
        float64[kinds]: presences per hour of a typical series.
    level_shape
        float64[kinds]: gamma shape of the series' levels around it.
    time_shape
        float64[kinds]: shape of a series' time-of-day profile around the fleet's.
    slot_shape
        float64[kinds]: shape of one slot around the series' own profile by time of day.
    dispersion
        float64[kinds]: extra-Poisson variance phi; the variance of a count is rate + phi rate^2.
    dispersion_strength
        float64[kinds]: squared reciprocal of the relative standard deviation of phi between series.

    Raises
    ------
    ValueError
        If a table has another shape or a value that is not finite and above zero.
    """

    profile: NDArray[np.float64]
    level: NDArray[np.float64]
    level_shape: NDArray[np.float64]
    time_shape: NDArray[np.float64]
    slot_shape: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    dispersion_strength: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in (column.name for column in fields(self)):
            shape = _SHAPES.get(name, (len(KINDS),))
            object.__setattr__(self, name, checked_table(name, getattr(self, name), shape, positive=True))
        means = self.profile[:, :7].mean(axis=(1, 2))
        if not np.allclose(means, 1.0, rtol=1e-3):
            raise ValueError("table profile must have mean 1 over the 168 ordinary hours of every kind")

    def to_tables(self) -> dict[str, NDArray[np.float64]]:
        """The tables by name."""
        return tables_of(self)

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[np.float64]]) -> FleetPrior:
        """The prior that `to_tables` wrote.

        Raises
        ------
        ValueError
            If a table is missing or invalid.
        """
        return cls(**tables_for(cls, tables, "the fleet prior"))
