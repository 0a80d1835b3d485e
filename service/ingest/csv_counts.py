"""Counts from CSV: months of history, streamed."""

from __future__ import annotations

import io
import re
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import BinaryIO
from zoneinfo import ZoneInfo

from service.domain.places import Kind
from service.domain.readings import CountRow, nanoseconds, whole_count
from service.errors import RowProblem
from service.ingest.csv_table import CsvTable, read_table
from service.ingest.headers import kind_as_written, meanings
from service.ingest.origins import NamedOrigin
from service.ingest.validation import validated
from service.ingest.wall_clock import instants, is_clock

REQUIRED = ("time", "stairwell", "count")
OPTIONAL = ("space", "kind", "sensor", "date")
_NAMES = meanings((*REQUIRED[1:], *OPTIONAL)) | dict.fromkeys(meanings(("start", "clock")), "time")
PROGRESS_ROWS = 10_000

# A comma before one or two digits is a Swedish decimal; before three it may set off English thousands.
_NUMBER = re.compile(
    r"[+-]?(\d+(\.\d*|,\d{1,2})?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf(inity)?)", re.ASCII | re.IGNORECASE
)


def read_counts_csv(
    stream: BinaryIO, timezone: str, progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[int, CountRow] | RowProblem]:
    """Rows of a table of counts, numbered by line, with their times in UTC; bad rows as problems, in their places.

    Columns and kinds may have the names of :data:`~service.ingest.headers.HEADERS`, Swedish ones among them. A time
    without an offset is by the clock on the wall of ``timezone``. In the hour that autumn repeats, the first row of a
    series with such a time means the first passing, the second row the second, whatever they count. A row that names
    neither space nor kind counts in a space ``stairwell`` of kind other. Rows of different sensors are different series
    here.

    Memory grows by 16 bytes a row, for finding duplicates wherever they stand.

    Parameters
    ----------
    stream
        UTF-8 text, header first: ``time``, ``stairwell``, ``count`` and, as needed, ``space``, ``kind``, ``sensor``,
        and ``date`` where ``time`` tells the clock alone.
    timezone
        IANA name.
    progress
        Called now and then with the bytes read and the bytes there are; the stream must then be seekable.

    Raises
    ------
    InvalidInput
        At once, if the header is not such a header.

    Examples
    --------
    >>> table = b"time,stairwell,count\\n2026-07-01T18:00,A,2\\n2026-07-01T19:00,A,-1\\n"
    >>> (line, row), problem = read_counts_csv(io.BytesIO(table), "Europe/Stockholm")
    >>> line, row.time.isoformat(), row.count
    (2, '2026-07-01T16:00:00+00:00', 2)
    >>> str(problem)
    'row 3: the count is -1, but presences are never negative'
    """
    table = read_table(stream, required=REQUIRED, optional=OPTIONAL, names=_NAMES)
    rows = _Rows(table, ZoneInfo(timezone)).read()
    return _reporting(rows, stream, progress) if progress else rows


@dataclass
class _TimesSoFar:
    """The times a series has had, ascending, each with its line."""

    times: array[int] = field(default_factory=lambda: array("q"))
    lines: array[int] = field(default_factory=lambda: array("q"))

    def line_of(self, time: int) -> int | None:
        """The line that has this time already."""
        if not self.times or time > self.times[-1]:
            return None
        position = bisect_left(self.times, time)
        return self.lines[position] if self.times[position] == time else None

    def add(self, time: int, line: int) -> None:
        """Record a time that is new; files are mostly in order, so it mostly goes to the end."""
        position = len(self.times) if not self.times or time > self.times[-1] else bisect_left(self.times, time)
        self.times.insert(position, time)
        self.lines.insert(position, line)


class _Rows:
    """Reads the rows of one table; files repeat their series and their times, so both are looked up, not parsed."""

    def __init__(self, table: CsvTable, zone: ZoneInfo) -> None:
        self._table = table
        self._series: dict[tuple[str, ...], tuple[NamedOrigin, _TimesSoFar]] = {}
        self._times: dict[tuple[str, str, str | None], _TimesSoFar] = {}
        self._instants = lru_cache(maxsize=131_072)(
            lambda text: [(time, nanoseconds(time)) for time in instants(text, zone)]
        )
        self._count = lru_cache(maxsize=4_096)(_count)
        self._names = [name for name in table.columns if name not in ("time", "count", "date")]
        # The first position twice, because itemgetter makes a tuple of two or more only.
        positions = [table.columns.index(name) for name in self._names]
        self._series_cells = itemgetter(*positions, positions[0])
        self._time_and_count = itemgetter(table.columns.index("time"), table.columns.index("count"))
        self._date = table.columns.index("date") if "date" in table.columns else None

    def read(self) -> Iterator[tuple[int, CountRow] | RowProblem]:
        for item in self._table.rows:
            if isinstance(item, RowProblem):
                yield item
                continue
            line, cells = item
            try:
                row = self._row(line, cells)
            except ValueError as error:
                yield RowProblem(line, str(error))
            else:
                yield line, row

    def _row(self, line: int, cells: list[str]) -> CountRow:
        key = self._series_cells(cells)
        series, so_far = self._series.get(key) or self._meet(key)
        text, count = self._time_and_count(cells)
        text = text.strip()
        if self._date is not None and is_clock(text):
            text = f"{cells[self._date].strip()}T{text}"
        if len(self._instants(text)) == 1:
            self._count(count)  # refused before it claims a time; of an hour that comes twice it claims its passing
        time = self._claim(so_far, text, line)
        return CountRow(
            stairwell=series.stairwell,
            time=time,
            count=self._count(count),
            space=series.space,
            kind=series.kind,
            sensor=series.sensor,
        )

    def _meet(self, key: tuple[str, ...]) -> tuple[NamedOrigin, _TimesSoFar]:
        """The series of cells that are met for the first time; it may have been met in other words."""
        given = {name: cell.strip() for name, cell in zip(self._names, key, strict=False) if cell.strip()}
        if not given.keys() & {"space", "kind"}:
            given["kind"] = Kind.OTHER
        elif "kind" in given:
            given["kind"] = kind_as_written(given["kind"])
        series = validated(given, NamedOrigin)
        so_far = self._times.setdefault((series.stairwell, series.space, series.sensor), _TimesSoFar())
        self._series[key] = series, so_far
        return series, so_far

    def _claim(self, so_far: _TimesSoFar, text: str, line: int) -> datetime:
        """The first instant this text can mean that the series has not had."""
        earlier = None
        for time, instant in self._instants(text):
            earlier = so_far.line_of(instant)
            if earlier is None:
                so_far.add(instant, line)
                return time
        raise ValueError(f"line {earlier} already has this series at {text}; keep one of the two")


def _count(text: str) -> int:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"the count is {text.strip()!r}, not a number; leave out rows without a value")
    return whole_count(float(text.replace(",", ".")))


def _reporting(
    rows: Iterator[tuple[int, CountRow] | RowProblem], stream: BinaryIO, progress: Callable[[int, int], None]
) -> Iterator[tuple[int, CountRow] | RowProblem]:
    here = stream.tell()
    total = stream.seek(0, io.SEEK_END)
    stream.seek(here)
    for number, row in enumerate(rows, start=1):
        yield row
        if number % PROGRESS_ROWS == 0:
            progress(stream.tell(), total)
    progress(total, total)
