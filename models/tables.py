"""Checks that every frozen table passes before a detector trusts it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
