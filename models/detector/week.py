"""The week as slots: what lies beside what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from models.calendar import DAY_TYPES, HOLIDAY
from models.detector.state import DAY_PARTS, Bin

_SATURDAY = 5


@dataclass(frozen=True)
class Week:
    """Slots of a week of windows of one length.

    Parameters
    ----------
    window_minutes
        Length of a window; divides 60.

    Raises
    ------
    ValueError
        If the window does not divide an hour.
    """

    window_minutes: int

    def __post_init__(self) -> None:
        if self.window_minutes <= 0 or 60 % self.window_minutes:
            raise ValueError(f"window_minutes is {self.window_minutes}, but a window must divide 60 minutes")

    @cached_property
    def hours(self) -> float:
        """Length of a window in hours."""
        return self.window_minutes / 60

    @cached_property
    def windows_per_day(self) -> int:
        """Windows of a day."""
        return 1440 // self.window_minutes

    @cached_property
    def windows(self) -> int:
        """Windows of a week."""
        return 7 * self.windows_per_day

    @cached_property
    def slots(self) -> int:
        """Slots: those of a week and of a holiday."""
        return DAY_TYPES * self.windows_per_day

    def day_type(self, slot: int) -> int:
        """Monday 0 to Sunday 6, holiday 7."""
        return slot // self.windows_per_day

    def time_of_day(self, slot: int) -> int:
        """Window of the day."""
        return slot % self.windows_per_day

    def hour(self, slot: int) -> int:
        """Hour of the day."""
        return self.time_of_day(slot) * self.window_minutes // 60

    def part_of_day(self, time: int) -> int:
        """Part of the day that a window of the day lies in."""
        return time * DAY_PARTS // self.windows_per_day

    def is_holiday(self, slot: int) -> bool:
        """Whether the slot is of day type 7."""
        return self.day_type(slot) == HOLIDAY

    def holiday_slot(self, slot: int) -> int:
        """The slot of the same time of day on a holiday."""
        return HOLIDAY * self.windows_per_day + self.time_of_day(slot)

    def group_days(self, slot: int) -> int:
        """Days of the week in the slot's group: five weekdays or two days of the weekend."""
        return 5 if self.day_type(slot) < _SATURDAY else 2

    def group_field(self, slot: int) -> int:
        """Sum of the slot's group of days, which its exposure comes after; a holiday reads the weekend's."""
        return Bin.WEEKDAY_SUM if self.day_type(slot) < _SATURDAY else Bin.WEEKEND_SUM

    def other_group_field(self, slot: int) -> int:
        """The same of the other group."""
        return Bin.WEEKEND_SUM if self.day_type(slot) < _SATURDAY else Bin.WEEKDAY_SUM

    def dispersion_field(self, slot: int) -> int:
        """Sum of the dispersion of the slot's group of days, which its weight comes after."""
        return Bin.WEEKDAY_DISPERSION_SUM if self.day_type(slot) < _SATURDAY else Bin.WEEKEND_DISPERSION_SUM

    def near_times(self, time: int) -> list[tuple[float, int]]:
        """Windows of the day up to two hours away, as (hours away, window)."""
        day = self.windows_per_day
        return [(step * self.hours, (time + sign * step) % day) for step in self._steps() for sign in (-1, 1)]

    def adjacent_slots(self, slot: int) -> list[tuple[float, int]]:
        """The slots just before and after; of a holiday also the same time on Sunday, as if an hour away."""
        near = [(self.hours, self.slot_after(slot, step)) for step in (-1, 1)]
        if self.is_holiday(slot):
            near.append((1.0, slot - self.windows_per_day))
        return near

    def slot_after(self, slot: int, windows: int) -> int:
        """The slot some windows later; a holiday wraps into itself."""
        if self.is_holiday(slot):
            return HOLIDAY * self.windows_per_day + (slot + windows) % self.windows_per_day
        return (slot + windows) % self.windows

    def steps_ahead(self, block_hours: float) -> range:
        """Windows ahead, four at most, at which a block of hours that holds this window can end."""
        windows = max(1, round(block_hours / self.hours))
        return range(0, windows, max(1, windows // 4))

    def _steps(self) -> list[int]:
        """1, 2, 4 ... windows, up to two hours."""
        steps = [1]
        while steps[-1] * 2 * self.hours <= 2.0:
            steps.append(steps[-1] * 2)
        return steps
