"""Counts in InfluxDB."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, Changes, CountPoints, CountSpan, WindowCounts
from service.settings.sections import Schema
from service.stores.influx.annotated_csv import Answer
from service.stores.influx.connection import EVER, FIRST, LAST, InfluxConnection
from service.stores.influx.count_tags import CountTags
from service.stores.replacement import Stored, concatenated, replacement
from service.stores.sqlite.changes import ChangeJournal
from service.stores.windows import joined, sum_windows

ROWS_PER_QUERY = 1_000_000
"""Most rows of one answer: some 60 MB of text."""

_POINTS = """
from(bucket: _bucket)
    |> range(start: _start, stop: _stop)
    |> filter(fn: (r) => r._measurement == _counts and r._field == _number)
"""
_WINDOWS = """
    |> aggregateWindow(every: _window, fn: sum, createEmpty: false, timeSrc: "_start")
"""


class InfluxCountStore:
    """Counts in a bucket, written by us, by Telegraf, or by both; sums over windows are made by the server.

    A batch is written in requests of some thousand points, so another reader may see part of it; whoever appends is
    told only when all of it is stored, and may send it again. What is appended here is noted in the journal of
    changes. Points that others write straight to InfluxDB are scored if they come within the lateness; later ones are
    found when counts are reconciled with those learnt.

    Whoever else writes there must write integers (``count=3i``). Beside integers of the same days InfluxDB refuses a
    float; where the days differ it takes it, and leaves it out of every answer that covers both, without a word.

    Parameters
    ----------
    connection, bucket
        Where the points are.
    tags
        Gives series and sensors their tags.
    schema
        Names of measurement and field.
    changes
        The journal in the embedded counts.db.
    """

    def __init__(
        self,
        connection: InfluxConnection,
        bucket: str,
        *,
        tags: CountTags,
        schema: Schema,
        changes: ChangeJournal,
    ) -> None:
        self._connection = connection
        self._bucket = bucket
        self._tags = tags
        self._schema = schema
        self._changes = changes
        self._keep = f"|> keep(columns: {json.dumps(['_time', '_value', *tags.columns])})"

    def append(self, points: CountPoints) -> None:
        """Write the points, then note the change: a change is never told before its counts can be read."""
        if len(points):
            self._connection.write(self._bucket, self._lines(points))
            self._changes.note(points)

    def replace(self, points: CountPoints, spans: Sequence[CountSpan]) -> None:
        """Compare with what is there, delete what is too much, and write what differs.

        Not one step here: a reader may see part of it, and whoever is told of an error does it again.
        """
        stored: Stored = {}
        for span in spans:
            stored |= self._stored(span)
        put, withdrawn = replacement(points, stored)
        keys = (withdrawn.series.tolist(), withdrawn.sources.tolist(), withdrawn.times.tolist())
        for series, source, time in zip(*keys, strict=True):
            tags = self._tags.of(series, source)
            self._connection.delete(self._bucket, self._schema.measurement, tags, time, time)
        self._connection.write(self._bucket, self._lines(put))
        if len(put) or len(withdrawn):
            self._changes.note(concatenated(put, withdrawn))

    def read(self, start: int, end: int, window_seconds: int, series: NDArray[np.int64] | None = None) -> WindowCounts:
        """Ask for the windows' sums in pieces of bounded size; points of unknown places are left out."""
        wanted = None if series is None else self._tags.known(series.tolist())
        if wanted == []:
            self._connection.check(self._bucket)
            return joined([])
        windows = ROWS_PER_QUERY // max(1, self._tags.count() if wanted is None else len(wanted))
        length = max(1, windows) * window_seconds
        pieces = (
            self._read_piece(piece, min(piece + length, end), window_seconds, wanted)
            for piece in range(start, end, length)
        )
        return joined(list(pieces))

    def extent(self, since: int = 0) -> tuple[int, int] | None:
        """First and last instant with a point; the server looks at the ends of each series only."""
        span = (since - since % 3600, EVER[1])
        first, last = (self._ask(_POINTS + end, span, {}).seconds("_time") for end in (FIRST, LAST))
        return (int(first.min()), int(last.max())) if len(first) and len(last) else None

    def changes(self, cursor: int) -> Changes:
        """What was appended here after the cursor."""
        return self._changes.changes(cursor)

    def note_changes(self, earliest: Mapping[int, int]) -> None:
        """Note the earliest instant of each series."""
        self._changes.note_changes(earliest)

    def forget_changes(self, cursor: int) -> None:
        """Drop the record of changes up to the cursor."""
        self._changes.forget_changes(cursor)

    def _ask(self, flux: str, span: tuple[int, int], parameters: Mapping[str, object]) -> Answer:
        names = {"_counts": self._schema.measurement, "_number": self._schema.field}
        return self._connection.ask(self._bucket, flux, span, {**names, **parameters})

    def _lines(self, points: CountPoints) -> Iterator[str]:
        origins, inverse = np.unique(np.stack([points.series, points.sources]), axis=1, return_inverse=True)
        keys = [self._tags.key(series, source) for series, source in origins.T.tolist()]
        columns = zip(inverse.tolist(), points.counts.tolist(), points.times.tolist(), strict=True)
        return (f"{keys[origin]} {self._schema.field}={count}i {time}" for origin, count, time in columns)

    def _stored(self, span: CountSpan) -> Stored:
        """The points of one source in one series, whatever series the condition lets through besides."""
        condition = self._tags.condition([span.series])
        tags = self._tags.of(span.series, span.source)
        answer = self._ask(
            f'{_POINTS} |> filter(fn: (r) => ({condition.flux}) and r["{self._tags.sensor}"] == _sensor) {self._keep}',
            (span.start // NANOSECONDS, -(-span.end // NANOSECONDS)),
            {"_sensor": tags[self._tags.sensor], **condition.parameters},
        )
        times = answer.nanoseconds("_time")
        numbers = self._tags.numbers(*answer.tables(self._tags.columns), times // NANOSECONDS)
        found = zip(times.tolist(), answer.integers("_value").tolist(), numbers.tolist(), strict=True)
        return {
            (span.series, span.source, time): count
            for time, count, number in found
            if number == span.series and span.start <= time < span.end
        }

    def _read_piece(self, start: int, end: int, window_seconds: int, series: Sequence[int] | None) -> WindowCounts:
        condition = self._tags.condition(series)
        answer = self._ask(
            f"{_POINTS} |> filter(fn: (r) => {condition.flux}) {_WINDOWS} {self._keep}",
            (start, end),
            {"_window": timedelta(seconds=window_seconds), **condition.parameters},
        )
        seconds, counts = answer.seconds("_time"), answer.integers("_value")
        numbers = self._tags.numbers(*answer.tables(self._tags.columns), seconds)
        wanted = numbers >= 0 if series is None else np.isin(numbers, series)
        return sum_windows(
            seconds[wanted], numbers[wanted], counts[wanted], start=start, end=end, window_seconds=window_seconds
        )
