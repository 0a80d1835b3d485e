"""InfluxDB line protocol: what Telegraf and the InfluxDB clients send.

The common line (one field ``count``, a timestamp, nothing escaped) is read by a regular expression, and what stands
before its first space, which comes again in every batch, is remembered. Every other line goes to
`line-protocol-parser`, which follows InfluxDB's own rules; both ways give the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache

import msgspec
from line_protocol_parser import LineFormatError, parse_line

from service.domain.places import Identifier, Kind
from service.domain.readings import (
    DEFAULT_SPACE,
    ColumnsBuilder,
    CountColumns,
    Origin,
    nanoseconds,
    whole_count,
    within_int64,
)
from service.errors import InvalidInput
from service.ingest.validation import validated

MEASUREMENT = "presence"
FIELD = "count"

PRECISIONS: Mapping[str, int] = {
    "n": 1,
    "ns": 1,
    "u": 1_000,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
"""Nanoseconds in a unit of time, by the names of InfluxDB 1 and 2."""

_COMMON = re.compile(
    rb"""([^\s\\"#][^\s\\"]{0,499})     # measurement and tags, nothing escaped
         [ ]count=(\d{1,9})(?:i|u|\.0)?
         [ ]([1-8]\d{18}|\d{1,18})      # within int64
         \r?""",
    re.VERBOSE,
)
_LOGICAL_LINE = re.compile(
    rb"""[ \t\r]*+
         (?: \#[^\n]*+                                  # a comment, or
         |   (?: \\[^\n] | [^\\ \n] )*+                 # measurement and tags, where a quote is a letter, and
             (?: ="(?:[^"\\]|\\[\s\S])*+" | [^\n] )*+   # fields, whose text may hold line breaks
         )""",
    re.VERBOSE,
)


class _Tags(msgspec.Struct, frozen=True):
    """The tags that say where a count comes from; others, such as Telegraf's ``host``, are not kept."""

    stairwell: Identifier
    space: Identifier = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: Identifier | None = None
    tenant: Identifier | None = None


def read_lines(body: bytes, *, now: datetime, precision: str = "ns") -> CountColumns:
    """Counts of a body of line protocol; rows are numbered by line.

    Parameters
    ----------
    body
        Lines ``presence,stairwell=...[,space=...][,kind=...][,sensor=...][,tenant=...] count=... [timestamp]``.
    now
        The time of lines without a timestamp.
    precision
        Unit of the timestamps, one of :data:`PRECISIONS`.

    Raises
    ------
    InvalidInput
        If the precision is unknown. A bad line is a problem of its row and leaves the others alone.

    Examples
    --------
    >>> from datetime import UTC
    >>> body = b"presence,stairwell=A,space=cellar count=3i 1767222000"
    >>> columns = read_lines(body, now=datetime.now(UTC), precision="s")
    >>> columns.origins[0].space, columns.counts.tolist()
    ('cellar', [3])
    """
    if precision not in PRECISIONS:
        raise InvalidInput(f"the precision {precision!r} is unknown; use one of {', '.join(PRECISIONS)}")
    unit, fallback = PRECISIONS[precision], nanoseconds(now)
    builder = ColumnsBuilder()
    for row, line in _logical_lines(body):
        try:
            if common := _COMMON.fullmatch(line):
                key, count, time = common.groups()
                builder.add(row, _remembered_origin(key), within_int64(int(time) * unit), int(count))
            elif point := parse_line(line):
                time = fallback if point["time"] is None else within_int64(point["time"] * unit)
                builder.add(row, _origin(point["measurement"], point["tags"]), time, _count(point["fields"]))
        except LineFormatError as error:
            builder.refuse(row, f"this is not line protocol: {str(error).rstrip('.')}")
        except UnicodeDecodeError:
            builder.refuse(row, "this is not UTF-8; send line protocol as UTF-8")
        except ValueError as error:
            builder.refuse(row, str(error))
    return builder.build()


def _logical_lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with the number of their first line; a text field may run over several."""
    if b'"' not in body:
        for row, line in enumerate(body.split(b"\n"), start=1):
            if line and not line.isspace():
                yield row, line
        return
    row, start = 1, 0
    while start < len(body):
        found = _LOGICAL_LINE.match(body, start)
        line = found.group() if found else b""
        if line and not line.isspace():
            yield row, line
        row += line.count(b"\n") + 1
        start += len(line) + 1


@lru_cache(maxsize=65_536)
def _remembered_origin(key: bytes) -> Origin:
    point = parse_line(key + b" count=0i")
    return _origin(point["measurement"], point["tags"])


def _origin(measurement: str, tags: Mapping[str, str]) -> Origin:
    if measurement != MEASUREMENT:
        raise ValueError(f"the measurement is {measurement!r}, but only {MEASUREMENT!r} is taken in")
    try:
        known = validated(tags, _Tags)
    except ValueError as error:
        raise ValueError(f"the tags do not name a place: {error}") from error
    return Origin(known.stairwell, known.space, known.kind, known.sensor, known.tenant)


def _count(fields: Mapping[str, object]) -> int:
    if foreign := sorted(fields.keys() - {FIELD}):
        raise ValueError(f"the field {foreign[0]!r} is not kept here; send {FIELD!r} alone")
    value = fields[FIELD]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"the count is a {type(value).__name__}, not a number")  # noqa: TRY004 - the row is at fault
    return whole_count(value)
