"""Area and building of a series: what is known of a place before its sensor has counted anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.tables import NO_TABLE, checked_table, table_names, tables_for, tables_of

SIZE_BANDS = (1, 11, 21, 41, 81)
"""Fewest dwellings of a building in each band of size from 1 on; band 0 is for buildings whose size nobody told."""


class Surroundings:
    """Where series are.

    Parameters
    ----------
    areas
        Name of each series' area, one name for one area of the whole fleet; empty where unknown.
    dwellings
        int[n]: dwellings of its building; 0 where unknown.

    Raises
    ------
    ValueError
        If the lengths disagree or a number of dwellings is negative.

    Examples
    --------
    >>> two = Surroundings(["north", ""], [30, 0])
    >>> two.sizes.tolist(), two[[1]].areas.tolist()
    ([3, 0], [''])
    """

    def __init__(self, areas: ArrayLike, dwellings: ArrayLike) -> None:
        self.areas = np.array(areas, dtype=np.str_, ndmin=1)
        self.dwellings = np.array(dwellings, dtype=np.int64, ndmin=1)
        if self.areas.shape != self.dwellings.shape:
            raise ValueError(f"{self.areas.size} areas but {self.dwellings.size} numbers of dwellings: one of each")
        if (self.dwellings < 0).any():
            raise ValueError("dwellings of a building must not be negative")

    @classmethod
    def unknown(cls, n: int) -> Self:
        """Series of which nothing is known."""
        return cls(np.full(n, ""), np.zeros(n))

    def __len__(self) -> int:
        return len(self.areas)

    def __getitem__(self, keep: NDArray[np.integer] | NDArray[np.bool_] | Sequence[int] | slice) -> Self:
        return type(self)(self.areas[keep], self.dwellings[keep])

    @property
    def sizes(self) -> NDArray[np.intp]:
        """Band of size of each building."""
        return np.searchsorted(SIZE_BANDS, self.dwellings, side="right")


@dataclass(frozen=True, kw_only=True)
class LocalPrior:
    """How areas and sizes of building differ from the fleet; row 0 of each table is for those that are unknown.

    Parameters
    ----------
    areas
        Names of the areas in the rows from 1 on.
    area_level
        float64[1 + areas]: factor of the level.
    area_variance
        float64[1 + areas]: variance of its logarithm, by which the level is less sure.
    area_hours
        float64[1 + areas, 24]: factor of the profile by hour of the day.
    size_level, size_variance
        float64[1 + len(SIZE_BANDS)]: factor and variance of the level by band of size.

    Raises
    ------
    ValueError
        If a table has another shape, or a value that is not finite and above zero.
    """

    areas: tuple[str, ...] = field(metadata=NO_TABLE)
    area_level: NDArray[np.float64]
    area_variance: NDArray[np.float64]
    area_hours: NDArray[np.float64]
    size_level: NDArray[np.float64]
    size_variance: NDArray[np.float64]

    def __post_init__(self) -> None:
        rows, bands = 1 + len(self.areas), 1 + len(SIZE_BANDS)
        for name in table_names(type(self)):
            shape = (rows, 24) if name == "area_hours" else (rows,) if name.startswith("area") else (bands,)
            object.__setattr__(self, name, checked_table(name, getattr(self, name), shape, positive=True))

    def rows(self, surroundings: Surroundings) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row of each series' area, 0 where it is unknown or was not seen, and of the size of its building."""
        row = {name: number for number, name in enumerate(self.areas, start=1)}
        return np.array([row.get(name, 0) for name in surroundings.areas.tolist()], dtype=np.intp), surroundings.sizes

    def to_tables(self) -> dict[str, NDArray[np.float64]]:
        """The tables by name; the names of the areas are kept elsewhere."""
        return tables_of(self)

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[np.float64]], areas: Sequence[str]) -> Self:
        """The prior that `to_tables` wrote, and the names of its areas.

        Raises
        ------
        ValueError
            If a table is missing or invalid.
        """
        return cls(areas=tuple(areas), **tables_for(cls, tables, "the prior of areas"))
