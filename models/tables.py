"""Checks that every frozen table passes before a detector trusts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Tables = dict[str, NDArray[np.float64]]

NO_TABLE = {"table": False}
"""Metadata of a dataclass' field that is not a table."""


def table_names(kind: Any) -> list[str]:
    """Names of the tables of a dataclass."""
    return [column.name for column in fields(kind) if column.metadata.get("table", True)]


def tables_of(holder: Any) -> Tables:
    """The tables of a dataclass by name."""
    return {name: getattr(holder, name) for name in table_names(holder)}


def tables_for(kind: type[Any], tables: Mapping[str, NDArray[np.float64]], called: str) -> Tables:
    """Of all tables, those that a dataclass is made of.

    Raises
    ------
    ValueError
        If one is missing; ``called`` is what the message calls the whole.
    """
    missing = [name for name in table_names(kind) if name not in tables]
    if missing:
        raise ValueError(f"{called} lacks the tables {', '.join(missing)}")
    return {name: tables[name] for name in table_names(kind)}


def checked_table(
    name: str, values: ArrayLike, shape: tuple[int, ...], *, positive: bool = False
) -> NDArray[np.float64]:
    """A read-only float64 copy of ``values``.

    Raises
    ------
    ValueError
        If the shape is another, or a value is not finite (or not above zero where ``positive``).
    """
    table = np.array(values, dtype=np.float64)
    if table.shape != shape:
        raise ValueError(f"table {name} has shape {table.shape}, expected {shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"table {name} holds values that are not finite numbers")
    if positive and not (table > 0).all():
        raise ValueError(f"table {name} holds values that are not above zero")
    table.flags.writeable = False
    return table
