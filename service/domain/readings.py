"""Readings on their way in: one row as its sender means it, and many as columns that checks run on."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from service.domain.places import Identifier, Kind, Semantics
from service.errors import RowProblem

Value = TypeVar("Value", bound=Hashable)

DEFAULT_SPACE = "stairwell"
"""The space meant by a row that names none."""

MAX_COUNT = 1_000_000_000
"""No window holds more presences; a greater count is a broken counter."""

MAX_VALUE = 2**53
"""No counter stands higher: the last whole number that every sender can write."""

LONGEST_STAY_SECONDS = 86_400
"""Nobody stays longer than a day: the message that somebody left was lost."""

END_OF_TIME = 2**63 - 1
"""The last nanosecond an int64 can hold, in the year 2262."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CountRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Presences in one space during one window; ``time`` is the window's start, or any instant in it."""

    stairwell: Identifier
    time: Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset.")]
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)]
    space: Identifier = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: Identifier | None = None


class ReadingRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message of a sensor of the register.

    It holds what the sensor's semantics say, and nothing else: ``count``, presences since the message before (delta);
    ``counter``, the state of a counter that only grows (cumulative); ``occupied``, whether somebody is there; or
    ``duration_seconds``, how long somebody stayed from ``time`` on (presence).
    """

    sensor: Identifier
    time: Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset.")]
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)] | None = None
    counter: Annotated[int, Meta(ge=0, le=MAX_VALUE)] | None = None
    occupied: bool | None = None
    duration_seconds: Annotated[int, Meta(ge=0, le=LONGEST_STAY_SECONDS)] | None = None


class Origin(NamedTuple):
    """Where readings come from, as their sender names it; ``tenant`` only where the sender does.

    Without a stairwell, the sensor is looked up in the register. ``semantics`` is what the message says that it means.
    """

    stairwell: str | None
    space: str
    kind: Kind | None
    sensor: str | None
    tenant: str | None = None
    semantics: Semantics | None = None


class Reading(NamedTuple):
    """One message: whence, when, and its number in the semantics of its sensor; seconds where it is a presence."""

    origin: Origin
    time: datetime
    value: int


@dataclass(frozen=True)
class CountColumns:
    """Rows that could be read, one element a row, and the problems of those that could not.

    Attributes
    ----------
    origins
        The distinct origins.
    rows
        int64[n], row numbers in the input, from 1.
    origin
        int64[n], positions in ``origins``.
    times
        int64[n], nanoseconds since 1970-01-01 UTC, cut to what an int64 can hold.
    counts
        int64[n], the number that each row brings, in the semantics of its sensor; not yet checked.
    problems
        The rows that could not be read.
    """

    origins: Sequence[Origin]
    rows: NDArray[np.int64]
    origin: NDArray[np.int64]
    times: NDArray[np.int64]
    counts: NDArray[np.int64]
    problems: Sequence[RowProblem] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, rows: Iterable[tuple[int, CountRow | Reading] | RowProblem]) -> CountColumns:
        """The columns of numbered rows."""
        problems, numbers, readings = list[RowProblem](), list[int](), list[Reading]()
        for item in rows:
            if isinstance(item, RowProblem):
                problems.append(item)
            else:
                numbers.append(item[0])
                readings.append(item[1] if isinstance(item[1], Reading) else _reading(item[1]))
        positions: dict[Origin, int] = {}
        origin = [positions.setdefault(one.origin, len(positions)) for one in readings]
        return cls(
            origins=list(positions),
            rows=np.array(numbers, dtype=np.int64),
            origin=np.array(origin, dtype=np.int64),
            times=looked_up([one.time for one in readings], nanoseconds),
            counts=looked_up([one.value for one in readings], lambda value: min(max(value, -1), MAX_VALUE + 1)),
            problems=problems,
        )


@dataclass
class ColumnsBuilder:
    """Collects rows for :class:`CountColumns`."""

    problems: list[RowProblem] = field(default_factory=list)
    _numbers: dict[Origin, int] = field(default_factory=dict)
    _rows: list[int] = field(default_factory=list)
    _origin: list[int] = field(default_factory=list)
    _times: list[int] = field(default_factory=list)
    _counts: list[int] = field(default_factory=list)

    def add(self, row: int, origin: Origin, time: int, count: int) -> None:
        """Add a row; ``time`` in nanoseconds, it and ``count`` within int64."""
        self._rows.append(row)
        self._origin.append(self._numbers.setdefault(origin, len(self._numbers)))
        self._times.append(time)
        self._counts.append(count)

    def refuse(self, row: int, message: str) -> None:
        """Record that a row cannot be read."""
        self.problems.append(RowProblem(row, message))

    def build(self) -> CountColumns:
        """The columns collected so far."""
        return CountColumns(
            origins=list(self._numbers),
            rows=np.array(self._rows, dtype=np.int64),
            origin=np.array(self._origin, dtype=np.int64),
            times=np.array(self._times, dtype=np.int64),
            counts=np.array(self._counts, dtype=np.int64),
            problems=self.problems,
        )


def _reading(row: CountRow) -> Reading:
    return Reading(Origin(row.stairwell, row.space, row.kind, row.sensor), row.time, row.count)


def looked_up(values: Sequence[Value], read: Callable[[Value], int]) -> NDArray[np.int64]:
    """What each value says, int64[n]; each distinct one, of which a batch has few, is read once."""
    known = {value: read(value) for value in dict.fromkeys(values)}
    return np.fromiter(map(known.__getitem__, values), dtype=np.int64, count=len(values))


def nanoseconds(time: datetime) -> int:
    """Nanoseconds since 1970-01-01 UTC of an aware time, cut to what an int64 can hold.

    Examples
    --------
    >>> nanoseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005000
    """
    since = time - _EPOCH
    return within_int64(((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000)


def within_int64(number: int) -> int:
    """The number, or the end of int64 nearest to it."""
    if -END_OF_TIME <= number <= END_OF_TIME:
        return number
    return END_OF_TIME if number > 0 else -END_OF_TIME


def whole_count(number: float, most: int = MAX_COUNT) -> int:
    """A count from a number as it was sent; 3.0 is 3.

    Raises
    ------
    ValueError
        If it is negative, not whole, not finite or greater than ``most``.

    Examples
    --------
    >>> whole_count(3.0)
    3
    """
    if not math.isfinite(number):
        raise ValueError(f"the count is {number}, not a number of presences; leave out rows without a value")
    if number < 0:
        raise ValueError(f"the count is {number:g}, but presences are never negative")
    if number != int(number):
        raise ValueError(f"the count is {number:g}, but presences are whole")
    if number > most:
        raise ValueError(f"the count is {number:.10g}, more than {most}; the counter is broken")
    return int(number)
