"""Local time, and only here in the models: from a UTC window to its slot of the week.

A *slot* is a local day type and a time of day. Day types 0 to 6 are Monday to Sunday; day type 7 is the holidays and
the eves people keep, which start out from Sunday and are learnt apart.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

HOLIDAY = 7
DAY_TYPES = 8
SECONDS_PER_DAY = 86_400
SECONDS_PER_WEEK = 7 * SECONDS_PER_DAY
_EPOCH_DAY = date(1970, 1, 1)

DayNumbers = TypeVar("DayNumbers", int, NDArray[np.int64])


@dataclass(frozen=True)
class Calendar:
    """The local calendar of one town.

    Parameters
    ----------
    timezone
        IANA name, for instance ``Europe/Stockholm``.
    holidays
        Local dates of day type 7.
    window_minutes
        Length of a window; divides 60.

    Raises
    ------
    ValueError
        If the window does not divide an hour.
    zoneinfo.ZoneInfoNotFoundError
        If there is no such time zone.

    Examples
    --------
    >>> calendar = Calendar("Europe/Stockholm", holidays=[date(2026, 1, 1)])
    >>> new_year, friday = 1767222000, 1767308400  # local midnights
    >>> calendar.slots_of(np.array([new_year, friday])).tolist()
    [168, 96]
    """

    timezone: str
    holidays: Collection[date] = field(default=())
    window_minutes: int = 60

    def __post_init__(self) -> None:
        if self.window_minutes <= 0 or 60 % self.window_minutes:
            raise ValueError(f"window_minutes is {self.window_minutes}, but a window must divide 60 minutes")
        object.__setattr__(self, "holidays", frozenset(self.holidays))
        _ = self._zone

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def window_seconds(self) -> int:
        """Length of a window in seconds."""
        return self.window_minutes * 60

    @property
    def windows_per_day(self) -> int:
        """Windows of an ordinary local day."""
        return 24 * 60 // self.window_minutes

    @property
    def slots(self) -> int:
        """Number of slots: eight day types times the windows of a day."""
        return DAY_TYPES * self.windows_per_day

    def local_seconds(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Wall-clock seconds since 1970-01-01 00:00 local time, for UTC epoch seconds.

        The offset is looked up once an hour, not once a row: zones change their offset on the hour of UTC or, in the
        few that do not, on a quarter of it.
        """
        quarters, inverse = np.unique(starts // 900, return_inverse=True)
        offsets = np.array([self._offset(int(quarter) * 900) for quarter in quarters], dtype=np.int64)
        return starts + offsets[inverse]

    def slots_of(self, starts: NDArray[np.int64]) -> NDArray[np.int32]:
        """Slot of each window, shape of ``starts`` (UTC epoch seconds of the windows' starts)."""
        local = self.local_seconds(np.asarray(starts, dtype=np.int64))
        days = local // SECONDS_PER_DAY
        day_types = weekdays_of(days)
        if self.holidays:
            day_types = np.where(np.isin(days, _day_numbers(self.holidays)), HOLIDAY, day_types)
        times_of_day = local % SECONDS_PER_DAY // self.window_seconds
        return (day_types * self.windows_per_day + times_of_day).astype(np.int32)

    def local_days(self, starts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local day number (days since 1970-01-01) of each window."""
        return self.local_seconds(np.asarray(starts, dtype=np.int64)) // SECONDS_PER_DAY

    def on_days(self, days: Collection[date], starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which windows lie on some local dates, shape of ``starts``."""
        return np.isin(self.local_days(starts), _day_numbers(days))

    def _offset(self, second: int) -> int:
        offset = datetime.fromtimestamp(second, UTC).astimezone(self._zone).utcoffset() or timedelta()
        return int(offset.total_seconds())


def weekdays_of(days: DayNumbers) -> DayNumbers:
    """Weekday of day numbers, Monday 0: day 0, 1970-01-01, was a Thursday."""
    return (days + 3) % 7


def _day_numbers(days: Collection[date]) -> NDArray[np.int64]:
    """Days since 1970-01-01."""
    return np.array([(day - _EPOCH_DAY).days for day in days], dtype=np.int64)
