"""Counts as columns: what ingest appends and what a tick reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class CountPoints:
    """Points to append, one element a point; the key is (series, source, time).

    Attributes
    ----------
    series
        int64[n], series numbers of the register.
    times
        int64[n], nanoseconds since 1970-01-01 UTC: the start of the window, or any instant in it.
    counts
        int64[n], presences, never negative.
    sources
        int64[n], 0, or the sensor's number where several sensors count in one series. Points of several sources in
        one window add up.
    """

    series: NDArray[np.int64]
    times: NDArray[np.int64]
    counts: NDArray[np.int64]
    sources: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series)


@dataclass(frozen=True)
class WindowCounts:
    """Presences per window and series, ordered by window, then series; a window without a point has no row.

    Attributes
    ----------
    starts
        int64[n], seconds since 1970-01-01 UTC of the window's start.
    series
        int64[n], series numbers.
    counts
        int64[n], presences in the window.
    """

    starts: NDArray[np.int64]
    series: NDArray[np.int64]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True)
class Changes:
    """What was appended since a cursor: for each series touched, the earliest instant, seconds UTC."""

    cursor: int
    earliest: dict[int, int]


class CountSpan(NamedTuple):
    """The points of one source of a series in [start, end), nanoseconds UTC."""

    series: int
    source: int
    start: int
    end: int


@dataclass(frozen=True)
class ReadingPoints:
    """Readings that mean something only beside their neighbours; the key is (series, source, time).

    Attributes
    ----------
    series, sources
        int64[n], numbers of the register; the source is the sensor.
    times
        int64[n], nanoseconds since 1970-01-01 UTC.
    values
        int64[n], in the semantics of the sensor.
    """

    series: NDArray[np.int64]
    sources: NDArray[np.int64]
    times: NDArray[np.int64]
    values: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series)
