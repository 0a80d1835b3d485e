"""InfluxDB line protocol: what Telegraf and the InfluxDB clients send.

What measurement, field and tags are called is a setting, so that lines are taken as others already write them. The
common line (the one field, a timestamp, nothing escaped) is read by a regular expression, and what stands before its
first space, which comes again in every batch, is remembered. A body of nothing but common lines is read as columns, any
other line by line, and what is not common by `line-protocol-parser`, which follows InfluxDB's own rules. All ways give
the same answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
from line_protocol_parser import LineFormatError, parse_line

from service.domain.places import Identifier, Kind, Semantics
from service.domain.readings import (
    DEFAULT_SPACE,
    END_OF_TIME,
    MAX_VALUE,
    ColumnsBuilder,
    CountColumns,
    Origin,
    looked_up,
    nanoseconds,
    whole_count,
    within_int64,
)
from service.errors import InvalidInput
from service.ingest.validation import validated
from service.settings.sections import OWN_SCHEMA, Schema

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

_FIELD = rb"%b=(\d{1,9})(?:i|u|\.0)?"
_TIME = re.compile(rb"([1-8]\d{18}|\d{1,18})")
_LONGEST_COMMON_KEY = 501
_LONGEST_KEY = 65_535
"""Bytes of measurement and tags that InfluxDB takes; the parser takes as long as their square to say so."""
_KEY = re.compile(rb"[ \t\r]*+(?!#)((?:\\[\s\S]|[^\\ ])*+)")
_UNCOMMON = (b"\\", b'"', b"#", b"\t", b"\r", b"\v", b"\f")
"""What lines hold that are read one by one."""

_COMMON = rb"""
    ([^\s\\"#][^\s\\"]{0,499})     # measurement and tags, nothing escaped
    [ ]%b
    [ ]([1-8]\d{18}|\d{1,18})      # within int64
    \r?
"""
_LOGICAL_LINE = re.compile(
    rb"""[ \t\r]*+
         (?: \#[^\n]*+                                  # a comment, or
         |   (?: \\[^\n] | [^\\ \n] )*+                 # measurement and tags, where a quote is a letter, and
             (?: ="(?:[^"\\]|\\[\s\S])*+" | [^\n] )*+   # fields, whose text may hold line breaks
         )""",
    re.VERBOSE,
)


class _Tags(msgspec.Struct, frozen=True):
    """The tags that say where a reading comes from; others, such as Telegraf's ``host``, are not kept."""

    stairwell: Identifier | None = None
    space: Identifier = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: Identifier | None = None
    tenant: Identifier | None = None


def read_lines(body: bytes, *, now: datetime, precision: str = "ns", schema: Schema = OWN_SCHEMA) -> CountColumns:
    """Readings of a body of line protocol; rows are numbered by line.

    A line names its stairwell, or a sensor of the register. A boolean says whether somebody is there.

    Parameters
    ----------
    body
        Lines ``presence,stairwell=...[,space=...][,kind=...][,sensor=...][,tenant=...] count=... [timestamp]``, by the
        names of the schema; further tags and fields are not kept.
    now
        The time of lines without a timestamp.
    precision
        Unit of the timestamps, one of :data:`PRECISIONS`.
    schema
        What measurement, field and tags are called.

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
    reader = _reader(schema)
    if columns := reader.read_common(body, unit):
        return columns
    builder = ColumnsBuilder()
    for row, line in _logical_lines(body):
        try:
            if common := reader.common.fullmatch(line):
                key, count, time = common.groups()
                builder.add(row, reader.remembered_origin(b"\n" + key), within_int64(int(time) * unit), int(count))
            elif point := _parsed(line):
                instant = fallback if point["time"] is None else within_int64(point["time"] * unit)
                origin, value = reader.read(point)
                builder.add(row, origin, instant, value)
        except LineFormatError as error:
            builder.refuse(row, f"this is not line protocol: {str(error).rstrip('.')}")
        except UnicodeDecodeError:
            builder.refuse(row, "this is not UTF-8; send line protocol as UTF-8")
        except ValueError as error:
            builder.refuse(row, str(error))
    return builder.build()


def _parsed(line: bytes) -> Mapping[str, Any] | None:
    """The point of a line; None of a comment."""
    if len(line) > _LONGEST_KEY and (key := _KEY.match(line)) and len(key[1]) > _LONGEST_KEY:
        raise ValueError(f"measurement and tags have more than {_LONGEST_KEY} bytes, which InfluxDB takes at most")
    point: Mapping[str, Any] | None = parse_line(line)
    return point


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


class _Reader:
    """Reads lines by the names of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names = {tag: name for tag in _Tags.__struct_fields__ if (name := getattr(schema, f"{tag}_tag"))}
        field = _FIELD % re.escape(schema.field).encode()
        self._field = re.compile(field)
        self.common = re.compile(_COMMON % field, re.VERBOSE)
        self.remembered_origin = lru_cache(maxsize=65_536)(self._origin_at_line_start)

    def read_common(self, body: bytes, unit: int) -> CountColumns | None:
        """The columns of a body whose every line is common and good; None of any other."""
        if any(mark in body for mark in _UNCOMMON):
            return None
        # A line break is made to begin a word, so that one split tells all words, and every third must begin so.
        words = (b"\n" + body.removesuffix(b"\n")).replace(b"\n", b" \n").split(b" ")[1:]
        if len(words) % 3:
            return None
        numbers: dict[Origin, int] = {}
        try:
            origin = looked_up(
                words[::3], lambda start: numbers.setdefault(self.remembered_origin(start), len(numbers))
            )
            counts = looked_up(words[1::3], self._common_count)
            times = looked_up(words[2::3], lambda time: _common_time(time, unit))
        except (ValueError, LineFormatError):
            return None
        return CountColumns(list(numbers), np.arange(1, len(times) + 1), origin, times, counts, [])

    def _common_count(self, field: bytes) -> int:
        return int(_matched(self._field, field))

    def read(self, point: Mapping[str, Any]) -> tuple[Origin, int]:
        """Origin and number of a parsed line."""
        origin = self._origin(point["measurement"], point["tags"])
        value = point["fields"].get(self._schema.field)
        if value is None:
            raise ValueError(f"the line has no field {self._schema.field!r}; see the setting schema.field")
        if isinstance(value, bool):
            return origin._replace(semantics=Semantics.OCCUPIED), int(value)
        if not isinstance(value, int | float):
            raise ValueError(f"the {self._schema.field} is a {type(value).__name__}, not a number")  # noqa: TRY004
        return origin, whole_count(value, MAX_VALUE)

    def _origin_at_line_start(self, start: bytes) -> Origin:
        """Of a line break, and what stands from there to the first space."""
        if not start.startswith(b"\n") or len(start) > _LONGEST_COMMON_KEY:
            raise ValueError("no line commonly begins so")
        point = parse_line(start[1:] + b" any=0i")
        return self._origin(point["measurement"], point["tags"])

    def _origin(self, measurement: str, tags: Mapping[str, str]) -> Origin:
        if measurement != self._schema.measurement:
            raise ValueError(f"the measurement is {measurement!r}, but only {self._schema.measurement!r} is taken in")
        try:
            known = validated({tag: tags[name] for tag, name in self._names.items() if name in tags}, _Tags)
        except ValueError as error:
            raise ValueError(f"the tags do not name a place: {error}") from error
        if known.stairwell is None and known.sensor is None:
            wanted = " or ".join(repr(self._names[tag]) for tag in ("stairwell", "sensor") if tag in self._names)
            raise ValueError(f"the tags do not name a place: there is no {wanted}; see the settings in [schema]")
        return Origin(known.stairwell, known.space, known.kind, known.sensor, known.tenant)


def _common_time(time: bytes, unit: int) -> int:
    instant = int(_matched(_TIME, time)) * unit
    if instant > END_OF_TIME:
        raise ValueError("beyond int64")
    return instant


def _matched(pattern: re.Pattern[bytes], text: bytes) -> bytes:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError("not as lines commonly are")
    return bytes(found[1])


_reader = lru_cache(maxsize=8)(_Reader)
