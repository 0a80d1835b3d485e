"""Between the rows of the files and the structs and arrays of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

Told = TypeVar("Told", bound=msgspec.Struct)


def row_of(told: msgspec.Struct) -> list[object]:
    """The members of a struct, as the files keep them: times as text, lists as JSON."""
    return [_kept(getattr(told, name)) for name in told.__struct_fields__]


def struct_of(kind: type[Told], row: Sequence[Any]) -> Told:
    """The struct whose members a row holds, in their order, lists already read from their JSON."""
    return msgspec.convert(dict(zip(kind.__struct_fields__, row, strict=True)), kind)


@overload
def to_text(time: datetime) -> str: ...
@overload
def to_text(time: None) -> None: ...
def to_text(time: datetime | None) -> str | None:
    """An aware time as ISO 8601 in UTC, readable with any SQLite tool; None stays None."""
    return None if time is None else time.astimezone(UTC).isoformat()


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
