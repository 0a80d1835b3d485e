"""When presences were seen in the blocks that were found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from models.hotspots.blocks import Days


@dataclass(frozen=True)
class Sightings:
    """Presences in one block of each of k series over the period, all int64[k].

    ``days`` counts the different evenings with presences; ``first`` and ``last`` are the UTC epoch seconds of the first
    and last window with presences.
    """

    observed: NDArray[np.int64]
    days: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


def sightings(
    starts: NDArray[np.int64],
    local_seconds: NDArray[np.int64],
    counts: NDArray[np.float64],
    span: Days,
    *,
    weekdays: NDArray[np.int64],
    from_hour: NDArray[np.int64],
    length: NDArray[np.int64],
) -> Sightings:
    """See what was seen in blocks.

    Parameters
    ----------
    starts, local_seconds
        int64[T]: windows, ascending, in UTC and by the wall clock.
    counts
        float64[T, k]: presences of the series, each with some in its block; NaN where missing.
    span
        The days.
    weekdays, from_hour, length
        int64[k]: the blocks; weekdays are a bit mask (Monday 1).

    Examples
    --------
    >>> starts = np.arange(48) * 3600  # Thursday and Friday
    >>> counts = np.zeros((48, 1))
    >>> counts[[20, 25, 45]] = 1.0
    >>> span = Days.ending(1, period=2, history=2)
    >>> sightings(starts, starts, counts, span, weekdays=np.array([24]), from_hour=np.array([20]), length=np.array([6]))
    Sightings(observed=array([3]), days=array([2]), first=array([72000]), last=array([162000]))
    """
    day = local_seconds // SECONDS_PER_DAY - span.first
    recent = np.flatnonzero(day >= span.first_of_period)
    hour, day, counts = local_seconds[recent] % SECONDS_PER_DAY // 3600, day[recent], counts[recent]
    evening = day[:, None] - (hour[:, None] < from_hour)
    inside = ((hour[:, None] - from_hour) % 24 < length) & (evening >= span.first_of_period)
    inside &= (weekdays >> span.weekdays[evening] & 1).astype(bool)
    block, window = np.nonzero((inside & (counts > 0)).T)
    evening = evening[window, block]
    another = np.ones(len(block), dtype=bool)
    another[1:] = (block[1:] != block[:-1]) | (evening[1:] != evening[:-1])
    at = np.arange(len(weekdays))
    return Sightings(
        np.bincount(block, counts[window, block], minlength=len(at)).astype(np.int64),
        np.bincount(block[another], minlength=len(at)),
        starts[recent[window[np.searchsorted(block, at)]]],
        starts[recent[window[np.searchsorted(block, at, side="right") - 1]]],
    )
