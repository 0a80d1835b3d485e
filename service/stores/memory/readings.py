"""Readings in a dict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import RLock

from service.domain.counts import ReadingPoints


class MemoryReadingStore:
    """Readings in a dict of each sensor in each series; what is put is not taken back when a transaction fails."""

    def __init__(self) -> None:
        self._readings: defaultdict[tuple[int, int], dict[int, int]] = defaultdict(dict)
        self._lock = RLock()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One thread at a time."""
        with self._lock:
            yield

    def put(self, readings: ReadingPoints) -> None:
        """Keep readings."""
        columns = (readings.series, readings.sources, readings.times, readings.values)
        for series, source, time, value in zip(*(column.tolist() for column in columns), strict=True):
            self._readings[series, source][time] = value

    def read(self, series: int, source: int, start: int, end: int) -> list[tuple[int, int]]:
        """Those in the interval, by time."""
        return sorted(item for item in self._readings[series, source].items() if start <= item[0] < end)

    def points(self) -> list[tuple[int, int, int]]:
        """(series, source, time) of every reading, in nanoseconds UTC."""
        return [(*key, time) for key, times in self._readings.items() for time in times]

    def drop(self, keys: Collection[object]) -> None:
        """Delete readings by their keys."""
        for key, times in self._readings.items():
            for time in [time for time in times if (*key, time) in keys]:
                del times[time]

    def neighbours(self, series: int, source: int, start: int, end: int) -> tuple[int | None, int | None]:
        """The nearest outside the interval."""
        times = self._readings[series, source]
        before = max((time for time in times if time < start), default=None)
        return before, min((time for time in times if time >= end), default=None)
