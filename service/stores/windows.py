"""Counts of windows: the additions that stores share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import WindowCounts
from service.domain.verdicts import VerdictColumns

SECONDS_PER_HOUR = 3600


def sum_windows(
    seconds: NDArray[np.int64],
    series: NDArray[np.int64],
    counts: NDArray[np.int64],
    *,
    start: int,
    end: int,
    window_seconds: int,
) -> WindowCounts:
    """Add up the points in [start, end) that fall into one window of one series.

    Parameters
    ----------
    seconds, series, counts
        int64[n]: instants (seconds UTC), series numbers and presences of the points, in any order.
    start, end, window_seconds
        Interval and length of the windows, seconds.
    """
    inside = (seconds >= start) & (seconds < end)
    starts = seconds[inside] // window_seconds * window_seconds
    series, counts = series[inside], counts[inside]
    order = np.lexsort((series, starts))
    starts, series, counts = starts[order], series[order], counts[order]
    first = np.ones(len(starts), dtype=bool)
    first[1:] = (starts[1:] != starts[:-1]) | (series[1:] != series[:-1])
    sums = np.add.reduceat(counts, np.flatnonzero(first)) if len(counts) else counts
    return WindowCounts(starts[first], series[first], sums)


def joined(pieces: Sequence[WindowCounts]) -> WindowCounts:
    """The windows of all pieces, one after the other."""
    nothing = np.empty(0, dtype=np.int64)
    return WindowCounts(
        starts=np.concatenate([nothing, *(piece.starts for piece in pieces)]),
        series=np.concatenate([nothing, *(piece.series for piece in pieces)]),
        counts=np.concatenate([nothing, *(piece.counts for piece in pieces)]),
    )


def counts_judged(verdicts: VerdictColumns) -> WindowCounts:
    """The counts that verdicts, in the order of their keys, are about."""
    return WindowCounts(verdicts.starts, verdicts.series, verdicts.count.astype(np.int64))


def earliest_of_each(
    series: NDArray[np.int64], seconds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct series, ascending, int64[m], and the earliest of the seconds of each, int64[m]."""
    order = np.lexsort((seconds, series))
    distinct, first = np.unique(series[order], return_index=True)
    return distinct, seconds[order][first]
