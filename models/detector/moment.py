"""One slot of the week, and everything that a step asks the week about it, worked out once for all series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detector.state import Bin, Slot
from models.detector.week import Week
from models.hyperparameters import Hyperparameters


class Beside(NamedTuple):
    """Those hyper-parameters that tell how far what lies beside a slot counts."""

    block_hours: float
    hour_variance: float
    group_variance: float

    @classmethod
    def of(cls, hyper: Hyperparameters) -> Beside:
        """Those among all; versions that differ in others share their moments."""
        return cls(hyper.block_hours, hyper.hour_variance, hyper.group_variance)


class Places:
    """Rows of a state, each a window of the day or a slot, and in it a field and the next one.

    Parameters
    ----------
    rows
        Numbers of the rows.
    fields
        In each of them, the first of the two fields.
    strays
        What variance the log ratio of each strays by, as a share of a variance that the series has.
    """

    def __init__(self, rows: Sequence[int], fields: Sequence[int], strays: Sequence[float]) -> None:
        self.each = tuple(zip(rows, fields, strays, strict=True))
        self.rows: NDArray[np.intp] = np.array(rows, dtype=np.intp)[:, None]
        self.fields: NDArray[np.intp] = np.array(fields, dtype=np.intp)[:, None] + np.arange(2)
        self.strays: NDArray[np.float64] = np.array(strays)[:, None]
        for shared in (self.rows, self.fields, self.strays):
            shared.flags.writeable = False


class Memories:
    """Rows of a state, each a window of the day or a slot, and in them fields that are remembered.

    Parameters
    ----------
    rows
        Numbers of the rows.
    first, epoch
        The first field, and the one after the last, which is the number of the level they belong to.
    """

    def __init__(self, rows: Sequence[int], first: int, epoch: int) -> None:
        self.each = tuple(rows)
        self.fields = slice(first, epoch + 1)
        self.rows: NDArray[np.intp] = np.array(rows, dtype=np.intp)
        self.rows.flags.writeable = False


@dataclass(frozen=True)
class Moment:
    """What the week says of a slot.

    Parameters
    ----------
    slot, time, day_type, hour, part
        Its number, window of the day, day type, hour of the day and part of the day.
    ends_part
        Whether it is the last window of its part of the day.
    holiday
        Whether its day type is the holidays'.
    group_days
        Days of the week in its group: five weekdays or two days of the weekend.
    group, dispersion
        Sum of its group's ratio, and of its group's dispersion: the first of two fields of its window of the day.
    times
        Its group at this time of day, at the times beside it, and the other group at this time.
    slots
        The slot and those beside it.
    ends, days
        Where blocks of hours that this window lies in can end: memories of all days, and of this day of the week.
    week
        Memories of the blocks that end with this window, on each day of the week.
    """

    slot: int
    time: int
    day_type: int
    hour: int
    part: int
    ends_part: bool
    holiday: bool
    group_days: int
    group: int
    dispersion: int
    times: Places
    slots: Places
    ends: Memories
    days: Memories
    week: Memories

    @classmethod
    def of(cls, slot: int, week: Week, beside: Beside) -> Moment:
        """What the week says of this slot, and of what lies beside it."""
        time = week.time_of_day(slot)
        group, other_group = week.group_field(slot), week.other_group_field(slot)
        near, adjacent = week.near_times(time), week.adjacent_slots(slot)
        ahead = week.steps_ahead(beside.block_hours)
        return cls(
            slot=slot,
            time=time,
            day_type=week.day_type(slot),
            hour=week.hour(slot),
            part=week.part_of_day(time),
            ends_part=week.part_of_day(time) != week.part_of_day(time + 1),
            holiday=week.is_holiday(slot),
            group_days=week.group_days(slot),
            group=group,
            dispersion=week.dispersion_field(slot),
            times=Places(
                [time, *(other for _, other in near), time],
                [group] * (1 + len(near)) + [other_group],
                [0.0, *(beside.hour_variance * hours for hours, _ in near), beside.group_variance],
            ),
            slots=Places(
                [slot, *(other for _, other in adjacent)],
                [Slot.SUM] * (1 + len(adjacent)),
                [0.0, *(hours for hours, _ in adjacent)],
            ),
            ends=Memories([week.time_of_day(slot + k) for k in ahead], Bin.NIGHT_MEMORY, Bin.MEMORY_EPOCH),
            days=Memories([week.slot_after(slot, k) for k in ahead], Slot.WEEK_GAIN, Slot.EPOCH),
            week=Memories(range(time, week.windows, week.windows_per_day), Slot.WEEK_MEMORY, Slot.EPOCH),
        )


class Moments:
    """The moments of a week, worked out when they are first asked for.

    Parameters
    ----------
    week
        Whose slots they are.
    beside
        How far what lies beside a slot counts.
    """

    def __init__(self, week: Week, beside: Beside) -> None:
        self._week, self._beside = week, beside
        self._known: dict[int, Moment] = {}

    def __reduce__(self) -> tuple[Callable[..., Moments], tuple[Week, Beside]]:
        """Copied and pickled as what is shared with all others."""
        return moments_of, (self._week, self._beside)

    def at(self, slot: int) -> Moment:
        """What the week says of a slot."""
        known = self._known.get(slot)
        if known is None:
            known = self._known[slot] = Moment.of(slot, self._week, self._beside)
        return known


@lru_cache(maxsize=2)  # at windows of a minute each takes 80 MB
def moments_of(week: Week, beside: Beside) -> Moments:
    """The moments of a week; the same for all who ask, since a detector of one series has less state than they take."""
    return Moments(week, beside)
