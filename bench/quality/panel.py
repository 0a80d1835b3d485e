"""What a rival is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.calendar import HOLIDAY, Calendar

Floats = NDArray[np.float64]
DAYS_PER_WEEK = 7
_SUNDAY = 6


@dataclass(frozen=True)
class Panel:
    """Counts of ``n`` series in ``T`` adjacent windows.

    Parameters
    ----------
    calendar
        Local calendar of all series.
    starts
        int64[T]: UTC epoch seconds, a window apart.
    counts
        float64[T, n]: NaN where missing.
    kinds
        Kind of space of each series.
    shares
        float64[n]: each series' share of the alarm budget, episodes opened per series-week.
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    counts: Floats
    kinds: tuple[str, ...]
    shares: Floats

    @property
    def width(self) -> int:
        """Number of series."""
        return int(self.counts.shape[1])

    @property
    def windows_per_week(self) -> int:
        """Windows, and hour-of-week slots, of an ordinary week."""
        return DAYS_PER_WEEK * self.calendar.windows_per_day

    @cached_property
    def slots(self) -> NDArray[np.int32]:
        """Slot of each window; holidays are a day type of their own."""
        return self.calendar.slots_of(self.starts)

    @cached_property
    def times_of_week(self) -> NDArray[np.int64]:
        """Local time of the week of each window, Monday first; holidays are taken for Sundays, as people live them."""
        days, times = np.divmod(self.slots.astype(np.int64), self.calendar.windows_per_day)
        return np.where(days == HOLIDAY, _SUNDAY, days) * self.calendar.windows_per_day + times

    def weeks(self) -> Iterator[slice]:
        """The windows of each week since the panel's first, the last one perhaps not whole."""
        for first in range(0, len(self.starts), self.windows_per_week):
            yield slice(first, min(first + self.windows_per_week, len(self.starts)))

    def weeks_before(self, weeks: float) -> NDArray[np.bool_]:
        """bool[T]: windows in the first ``weeks`` weeks."""
        return np.arange(len(self.starts)) < weeks * self.windows_per_week

    def until(self, windows: int) -> Panel:
        """The first windows alone: what a causal rival may know of."""
        return replace(self, starts=self.starts[:windows], counts=self.counts[:windows])


@dataclass(frozen=True)
class Judgement:
    """What a rival says of each window, float64[T, n] each; NaN where it says nothing.

    Parameters
    ----------
    score
        Evidence of something unusual; higher is more.
    expected, p_value, p_above
        Mean of its predictive distribution, P(Y >= count) and P(Y > count), if it has one.
    tail
        Episodes a series opens in a week at a score this high when nothing is on, if it is calibrated.
    shifts
        bool[T, n]: a shift of the series' level is reported here, if it can.
    """

    score: Floats
    expected: Floats | None = None
    p_value: Floats | None = None
    p_above: Floats | None = None
    tail: Floats | None = None
    shifts: NDArray[np.bool_] | None = None


Judge = Callable[[Panel], Judgement]


@dataclass(frozen=True)
class Rival:
    """A detector under its name; ``judge`` uses nothing later than the window it judges.

    Parameters
    ----------
    name
        As in the tables and in ``--rivals``.
    title
        What it is, in a few words.
    judge
        One pass over a panel.
    racing
        Whether being first counts: an oracle, or our own score read otherwise, is no rival.
    package
        What it needs of the extra ``bench``, if anything.
    note
        Its settings, and what else the page should tell of it.
    """

    name: str
    title: str
    judge: Judge
    racing: bool = True
    package: str = ""
    note: str = ""
