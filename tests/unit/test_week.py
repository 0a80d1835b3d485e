"""What lies beside what in a week of windows, and what a step asks of it."""

from __future__ import annotations

import numpy as np
import pytest

from models.detector.moment import Beside, Moment
from models.detector.state import Bin, Slot
from models.detector.week import Week
from models.hyperparameters import Hyperparameters

LENGTHS = pytest.mark.parametrize("window_minutes", [15, 30, 60])
SUNDAY, HOLIDAY = 6, 7


@LENGTHS
def test_times_beside_each_other_are_so_both_ways_and_up_to_two_hours_away(window_minutes: int) -> None:
    week = Week(window_minutes)
    near = {(time, other, hours) for time in range(week.windows_per_day) for hours, other in week.near_times(time)}
    assert near == {(other, time, hours) for time, other, hours in near}
    for time, other, hours in near:
        apart = (other - time) % week.windows_per_day
        assert min(apart, week.windows_per_day - apart) * window_minutes / 60 == hours
    assert {hours for *_, hours in near} == {
        2.0 / 2**halved for halved in range(4) if 120 / 2**halved >= window_minutes
    }


@LENGTHS
def test_slots_beside_each_other_are_the_one_before_and_the_one_after(window_minutes: int) -> None:
    """After Sunday comes Monday; a holiday is a circle of its own, and beside the same time on Sunday."""
    week = Week(window_minutes)
    day = week.windows_per_day
    for slot in range(week.slots):
        beside = week.adjacent_slots(slot)
        first = HOLIDAY * day if slot >= HOLIDAY * day else 0
        round_of = week.slots - first if first else week.windows
        expected = [(week.hours, first + (slot - first + step) % round_of) for step in (-1, 1)]
        assert beside == expected + ([(1.0, SUNDAY * day + slot - first)] if first else [])


@LENGTHS
def test_a_moment_reads_its_group_what_is_beside_it_and_the_other_group(window_minutes: int) -> None:
    week, hyper = Week(window_minutes), Hyperparameters(hour_variance=0.4, group_variance=0.9)
    for day_type, (own, other, dispersion, days) in {
        4: (Bin.WEEKDAY_SUM, Bin.WEEKEND_SUM, Bin.WEEKDAY_DISPERSION_SUM, 5),
        5: (Bin.WEEKEND_SUM, Bin.WEEKDAY_SUM, Bin.WEEKEND_DISPERSION_SUM, 2),
        HOLIDAY: (Bin.WEEKEND_SUM, Bin.WEEKDAY_SUM, Bin.WEEKEND_DISPERSION_SUM, 2),
    }.items():
        moment = Moment.of(day_type * week.windows_per_day + 7, week, Beside.of(hyper))
        near = week.near_times(7)
        assert (moment.group, moment.dispersion, moment.group_days) == (own, dispersion, days)
        assert moment.times.each == (
            (7, own, 0.0),
            *((time, own, 0.4 * hours) for hours, time in near),
            (7, other, 0.9),
        )
        assert [field for _, field, _ in moment.slots.each] == [Slot.SUM] * len(moment.slots.each)


@LENGTHS
def test_blocks_that_hold_a_window_end_within_their_length(window_minutes: int) -> None:
    week, hyper = Week(window_minutes), Hyperparameters(block_hours=4.0)
    moment = Moment.of(week.windows - 1, week, Beside.of(hyper))
    ahead = [(time + 1) % week.windows_per_day for time in moment.ends.each]
    assert ahead == [hour * 60 // window_minutes for hour in range(4)]
    assert [slot % week.windows for slot in moment.days.each] == [week.windows - 1, *(end - 1 for end in ahead[1:])]
    assert moment.week.each == tuple(range(week.windows_per_day - 1, week.windows, week.windows_per_day))


@LENGTHS
def test_parts_of_the_day_are_four_hours_each(window_minutes: int) -> None:
    week = Week(window_minutes)
    moments = [Moment.of(slot, week, Beside.of(Hyperparameters())) for slot in range(week.windows_per_day)]
    assert [one.part for one in moments] == np.repeat(range(6), 240 // window_minutes).tolist()
    assert [one.slot for one in moments if one.ends_part] == [240 // window_minutes * part - 1 for part in range(1, 7)]
