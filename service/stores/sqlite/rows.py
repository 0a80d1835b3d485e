"""Between the rows of the files and the structs and arrays of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.stores.sqlite.times import to_text

Told = TypeVar("Told", bound=msgspec.Struct)


def row_of(told: msgspec.Struct, names: Sequence[str] | None = None) -> list[object]:
    """The members of a struct, all or those named, as the files keep them: times as text, lists as JSON."""
    return [_kept(getattr(told, name)) for name in names or told.__struct_fields__]


def struct_of(kind: type[Told], row: Sequence[Any]) -> Told:
    """The struct whose members a row holds, in their order, lists already read from their JSON."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)


def runs_of(numbers: NDArray[np.int64]) -> bytes:
    """The distinct numbers, ascending, as JSON: of each run of them without a gap its first and its last.

    Examples
    --------
    >>> runs_of(np.array([7, 3, 4, 5, 4]))
    b'[[3,5],[7,7]]'
    """
    distinct = np.unique(numbers)
    firsts = distinct[np.diff(distinct, prepend=distinct[:1] - 2) > 1]
    lasts = distinct[np.diff(distinct, append=distinct[-1:] + 2) > 1]
    return msgspec.json.encode(np.column_stack([firsts, lasts]).tolist())


def _kept(value: object) -> object:
    match value:
        case datetime():
            return to_text(value)
        case list():
            return msgspec.json.encode(value).decode()
    return value
