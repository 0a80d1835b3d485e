"""The fleet prior: what a new or sparse series is taken for until it has its own history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.calendar import DAY_TYPES, HOLIDAY
from models.kinds import KINDS
from models.surroundings import LocalPrior, Surroundings
from models.tables import NO_TABLE, checked_table, table_names, tables_for, tables_of

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
    local
        How areas and sizes of building differ from all that; None where they do not.

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
    local: LocalPrior | None = field(default=None, metadata=NO_TABLE)

    def __post_init__(self) -> None:
        for name in table_names(type(self)):
            shape = _SHAPES.get(name, (len(KINDS),))
            object.__setattr__(self, name, checked_table(name, getattr(self, name), shape, positive=True))
        means = self.profile[:, :7].mean(axis=(1, 2))
        if not np.allclose(means, 1.0, rtol=1e-3):
            raise ValueError("table profile must have mean 1 over the 168 ordinary hours of every kind")

    def rows(self, n: int, surroundings: Surroundings | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows of the tables of areas and sizes for n series; 0 where nothing is known."""
        if self.local is None or surroundings is None:
            return np.zeros(n, dtype=np.intp), np.zeros(n, dtype=np.intp)
        return self.local.rows(surroundings)

    def series(
        self, kinds: NDArray[np.int64], surroundings: Surroundings | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What series without a history are taken for.

        Parameters
        ----------
        kinds
            int[n]: rows of `models.kinds.KINDS`.
        surroundings
            Where they are; unknown by default. Areas that the prior has not seen are unknown, too.

        Returns
        -------
        rates
            float64[n, 8, 24]: presences per hour.
        level_shape
            float64[n]: gamma shape of their levels; the smaller, the less is known of their areas and buildings.
        """
        profile, level, shape = self.profile[kinds], self.level[kinds], self.level_shape[kinds]
        if self.local:
            areas, sizes = self.rows(len(kinds), surroundings)
            profile = profile * self.local.area_hours[areas][:, None]
            profile = profile / profile[:, :HOLIDAY].mean(axis=(1, 2), keepdims=True)
            level = level * self.local.area_level[areas] * self.local.size_level[sizes]
            shape = 1.0 / (1.0 / shape + self.local.area_variance[areas] + self.local.size_variance[sizes])
        return profile * level[:, None, None], shape

    def to_tables(self) -> dict[str, NDArray[np.float64]]:
        """The tables by name."""
        return tables_of(self) | (self.local.to_tables() if self.local else {})

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[np.float64]], areas: Sequence[str] | None = None) -> FleetPrior:
        """The prior that `to_tables` wrote, and the names of its areas, if it has any tables of areas.

        Raises
        ------
        ValueError
            If a table is missing or invalid.
        """
        local = None if areas is None else LocalPrior.from_tables(tables, areas)
        return cls(**tables_for(cls, tables, "the fleet prior"), local=local)
