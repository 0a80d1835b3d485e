"""Counts as JSON: ``{"counts": [{"stairwell": ..., "space": ..., "time": ..., "count": ...}, ...]}``.

Rows repeat their places, times and counts, so what is slow to check is checked once for each distinct one of a body.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from service.domain.places import Kind
from service.domain.readings import (
    DEFAULT_SPACE,
    MAX_COUNT,
    CountColumns,
    CountRow,
    Reading,
    looked_up,
    nanoseconds,
    whole_count,
)
from service.ingest.json_rows import read_json_rows, with_whole_numbers
from service.ingest.origins import checked_origin
from service.ingest.validation import validated


class CountBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that brings counts."""

    counts: list[CountRow]


class _Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A row of the types of :class:`CountRow`, whose names and number are not checked yet."""

    stairwell: str
    time: Annotated[datetime, Meta(tz=True)]
    count: Annotated[int, Meta(ge=0, le=MAX_COUNT)] | float
    space: str = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: str | None = None


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    counts: list[_Written]


_decoder = msgspec.json.Decoder(_Batch)


def read_counts_json(body: bytes) -> CountColumns:
    """The rows of a body, numbered from 1, and the problems of bad ones.

    A body without a fault is read as columns, any other row by row, with the same answer.

    Raises
    ------
    InvalidInput
        If the body as a whole is not of this form.

    Examples
    --------
    >>> body = b'{"counts": [{"stairwell": "A", "time": "2026-07-01T16:00:00Z", "count": 2}, {"stairwell": "A"}]}'
    >>> columns = read_counts_json(body)
    >>> columns.counts.tolist(), str(columns.problems[0])
    ([2], 'row 2: missing required field time')
    """
    try:
        return _columns(_decoder.decode(body).counts)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return CountColumns.of(read_json_rows(body, "counts", _read))


def _columns(rows: Sequence[_Written]) -> CountColumns:
    numbers: dict[tuple[str, str, Kind | None, str | None], int] = {}
    origin = [numbers.setdefault((row.stairwell, row.space, row.kind, row.sensor), len(numbers)) for row in rows]
    return CountColumns(
        origins=[checked_origin(*place) for place in numbers],
        rows=np.arange(1, len(rows) + 1),
        origin=np.array(origin, dtype=np.int64),
        times=looked_up([row.time for row in rows], nanoseconds),
        counts=looked_up([row.count for row in rows], whole_count),
    )


def _read(row: object) -> Reading | CountRow:
    try:
        written = msgspec.convert(row, _Written)
        origin = checked_origin(written.stairwell, written.space, written.kind, written.sensor)
        return Reading(origin, written.time, whole_count(written.count))
    except (msgspec.ValidationError, ValueError):
        return validated(with_whole_numbers(row), CountRow)  # which says what is wrong
