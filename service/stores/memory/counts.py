"""Counts in a dict."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, Changes, CountPoints, CountSpan, WindowCounts
from service.errors import StoreError
from service.stores.replacement import concatenated, replacement
from service.stores.windows import earliest_of_each, sum_windows


class MemoryCountStore:
    """Counts in a dict by (time, series, source)."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, int, int], int] = {}
        self._batches: dict[int, dict[int, int]] = {}
        self._cursor = 0

    def append(self, points: CountPoints) -> None:
        """Store all points, or none when one is negative."""
        if not len(points):
            return
        if (points.counts < 0).any():
            raise StoreError("a count is negative; check what ingest let through")
        keys = zip(points.times.tolist(), points.series.tolist(), points.sources.tolist(), strict=True)
        self._counts.update(zip(keys, points.counts.tolist(), strict=True))
        self._note(points)

    def replace(self, points: CountPoints, spans: Sequence[CountSpan]) -> None:
        """Take out what is not among the points, then store them."""
        stored = {
            (series, source, time): count
            for (time, series, source), count in self._counts.items()
            if any((series, source) == span[:2] and span.start <= time < span.end for span in spans)
        }
        put, withdrawn = replacement(points, stored)
        for key in zip(withdrawn.times.tolist(), withdrawn.series.tolist(), withdrawn.sources.tolist(), strict=True):
            del self._counts[key]
        keys = zip(put.times.tolist(), put.series.tolist(), put.sources.tolist(), strict=True)
        self._counts.update(zip(keys, put.counts.tolist(), strict=True))
        if len(put) or len(withdrawn):
            self._note(concatenated(put, withdrawn))

    def _note(self, points: CountPoints) -> None:
        series, earliest = earliest_of_each(points.series, points.times // NANOSECONDS)
        self.note_changes(dict(zip(series.tolist(), earliest.tolist(), strict=True)))

    def read(self, start: int, end: int, window_seconds: int, series: NDArray[np.int64] | None = None) -> WindowCounts:
        """Presences per window."""
        keys = np.array(list(self._counts), dtype=np.int64).reshape(-1, 3)
        counts = np.array(list(self._counts.values()), dtype=np.int64)
        wanted = np.ones(len(keys), dtype=bool) if series is None else np.isin(keys[:, 1], series)
        keys, counts = keys[wanted], counts[wanted]
        return sum_windows(
            keys[:, 0] // NANOSECONDS, keys[:, 1], counts, start=start, end=end, window_seconds=window_seconds
        )

    def extent(self, since: int = 0) -> tuple[int, int] | None:
        """First and last instant with a point."""
        hour = since - since % 3600
        times = [time // NANOSECONDS for time, _, _ in self._counts if time // NANOSECONDS >= hour]
        return (min(times), max(times)) if times else None

    def changes(self, cursor: int) -> Changes:
        """What was appended after the cursor."""
        earliest: dict[int, int] = {}
        for number, batch in self._batches.items():
            if number > cursor:
                earliest |= {series: min(second, earliest.get(series, second)) for series, second in batch.items()}
        return Changes(max([cursor, *self._batches]), earliest)

    def note_changes(self, earliest: Mapping[int, int]) -> None:
        """Note the earliest instant of each series."""
        if earliest:
            self._cursor += 1
            self._batches[self._cursor] = dict(earliest)

    def points(self) -> Collection[tuple[int, int, int]]:
        """(time, series, source) of every point, in nanoseconds UTC."""
        return self._counts.keys()

    def drop(self, keys: Collection[object]) -> None:
        """Delete points by their keys, without a record of the change."""
        self._counts = {key: n for key, n in self._counts.items() if key not in keys}

    def forget_changes(self, cursor: int) -> None:
        """Drop the record of changes up to the cursor."""
        self._batches = {number: batch for number, batch in self._batches.items() if number > cursor}
