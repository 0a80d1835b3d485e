"""Counts in counts.db.

The key starts with the hour, so that a batch, which is about now, is written to the end of the file, and a window of
all series is read in one piece. One series' history is read by look-ups on the hours: over four weeks of 1e5 series a
range scan would cost 200 times as much.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, CountPoints, CountSpan, WindowCounts
from service.stores.replacement import Stored, concatenated, replacement
from service.stores.sqlite.changes import ChangeJournal
from service.stores.sqlite.rows import runs_of
from service.stores.windows import SECONDS_PER_HOUR, sum_windows

_NANOSECONDS_PER_HOUR = SECONDS_PER_HOUR * NANOSECONDS

_UPSERT = """
    INSERT INTO count (hour, series, nanosecond, source, n) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET n = excluded.n
"""
_ALL_SERIES = "SELECT hour, series, nanosecond, n FROM count WHERE hour BETWEEN ? AND ?"
_SOME_SERIES = """
    WITH hours AS MATERIALIZED (SELECT value FROM json_each(?)),
         runs AS MATERIALIZED (
             SELECT json_extract(value, '$[0]') AS first, json_extract(value, '$[1]') AS last FROM json_each(?)
         )
    SELECT hour, series, nanosecond, n
    FROM hours CROSS JOIN runs CROSS JOIN count ON hour = hours.value AND series BETWEEN runs.first AND runs.last
"""
_SPAN = """
    WITH hours AS MATERIALIZED (SELECT value FROM json_each(?))
    SELECT hour * 3600000000000 + nanosecond AS time, n
    FROM hours CROSS JOIN count ON hour = hours.value AND series = ?
    WHERE source = ? AND time BETWEEN ? AND ?
"""
_DELETE = "DELETE FROM count WHERE hour = ? AND series = ? AND nanosecond = ? AND source = ?"
_EXTENT = """
    SELECT hour * 3600 + min(nanosecond) / 1000000000 FROM count
        WHERE hour = (SELECT min(hour) FROM count WHERE hour >= :hour)
    UNION ALL
    SELECT hour * 3600 + max(nanosecond) / 1000000000 FROM count
        WHERE hour = (SELECT max(hour) FROM count WHERE hour >= :hour)
"""


class SqliteCountStore(ChangeJournal):
    """Counts and the journal of what was appended when, committed together."""

    def append(self, points: CountPoints) -> None:
        """Store all points and note the earliest instant of each series touched."""
        if not len(points):
            return
        with self._database.transaction() as connection:
            connection.executemany(_UPSERT, _rows(points))
            self.note(points)

    def replace(self, points: CountPoints, spans: Sequence[CountSpan]) -> None:
        """Compare with what is there, hour by hour, and write what differs."""
        with self._database.transaction() as connection:
            put, withdrawn = replacement(points, self._stored(spans))
            if not len(put) and not len(withdrawn):
                return
            connection.executemany(_DELETE, (row[:4] for row in _rows(withdrawn)))
            connection.executemany(_UPSERT, _rows(put))
            self.note(concatenated(put, withdrawn))

    def read(self, start: int, end: int, window_seconds: int, series: NDArray[np.int64] | None = None) -> WindowCounts:
        """Read the hours that the interval touches, then add up its windows."""
        hours = range(start // SECONDS_PER_HOUR, -(-end // SECONDS_PER_HOUR))
        if series is None:
            columns = self._columns(_ALL_SERIES, (hours.start, hours.stop - 1))
        else:
            columns = self._look_up(hours, series)
        hour, number, nanosecond, n = columns
        seconds = hour * SECONDS_PER_HOUR + nanosecond // NANOSECONDS
        return sum_windows(seconds, number, n, start=start, end=end, window_seconds=window_seconds)

    def extent(self, since: int = 0) -> tuple[int, int] | None:
        """First and last instant with a point; both hours are found by the key."""
        rows = self._database.rows(_EXTENT, {"hour": since // SECONDS_PER_HOUR})
        return (rows[0][0], rows[1][0]) if len(rows) == 2 and rows[0][0] is not None else None

    def _stored(self, spans: Sequence[CountSpan]) -> Stored:
        stored: Stored = {}
        for series, source, start, end in spans:
            hours = list(range(start // _NANOSECONDS_PER_HOUR, -(-end // _NANOSECONDS_PER_HOUR)))
            rows = self._database.rows(_SPAN, (msgspec.json.encode(hours), series, source, start, end - 1))
            stored |= {(series, source, time): n for time, n in rows}
        return stored

    def _look_up(self, hours: range, series: NDArray[np.int64]) -> NDArray[np.int64]:
        extent = self.extent()
        if extent is None or not len(series):
            return np.empty((4, 0), dtype=np.int64)
        first, last = (second // SECONDS_PER_HOUR for second in extent)
        known = range(max(hours.start, first), min(hours.stop, last + 1))
        return self._columns(_SOME_SERIES, (msgspec.json.encode(list(known)), runs_of(series)))

    def _columns(self, sql: str, parameters: Sequence[object]) -> NDArray[np.int64]:
        """Four columns of a query, int64[4, n], never held as tuples."""
        numbers = chain.from_iterable(self._database.iterate(sql, parameters))
        return np.fromiter(numbers, dtype=np.int64).reshape(-1, 4).T


def _rows(points: CountPoints) -> Iterable[tuple[Any, ...]]:
    """The points in the order of the key, equal keys in the order they came: the last one wins."""
    hours, nanoseconds = np.divmod(points.times, _NANOSECONDS_PER_HOUR)
    order = np.lexsort((points.sources, nanoseconds, points.series, hours))
    columns = (hours, points.series, nanoseconds, points.sources, points.counts)
    return zip(*(column[order].tolist() for column in columns), strict=True)
