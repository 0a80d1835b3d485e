"""What is told of a block beside its rank: trend, weeks, hours, and how well it was heard."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from models.calendar import Calendar
from models.hotspots.block_history import FALLING, RISING, STEADY, block_history, coverage_of, presences_by_hour
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot

MONDAY = 1_746_396_000  # 2025-05-05 00:00 in Stockholm; no clock is put back in eight weeks
DAYS = 14
FRIDAYS = HotSpot(0, 0, "emerging", (4,), 22, 2, 9, 0.5, 2, 9.0, 1e-9, True, 0, 0)
EVERY_EVENING = HotSpot(0, 0, "emerging", tuple(range(7)), 20, 23, 9, 0.5, 2, 9.0, 1e-9, True, 0, 0)


def presences(weeks: int = 8, series: int = 1, window_minutes: int = 60) -> Presences:
    """Silence, from a Monday to a Sunday."""
    calendar = Calendar("Europe/Stockholm", window_minutes=window_minutes)
    starts = MONDAY + np.arange(weeks * 7 * calendar.windows_per_day) * calendar.window_seconds
    counts = np.zeros((len(starts), series))
    numbers = np.arange(series)
    return Presences(calendar, starts, counts, counts.copy(), np.zeros(series, dtype=int), numbers)


def window(week: int, weekday: int, hour: int) -> int:
    return (week * 7 + weekday) * 24 + hour


@pytest.mark.parametrize(
    ("before", "now", "trend"), [(0, 3, RISING), (3, 0, FALLING), (2, 2, STEADY), (2, 3, STEADY), (0, 0, STEADY)]
)
def test_trend_is_that_of_the_period_against_as_many_days_before(before: int, now: int, trend: int) -> None:
    """28 and 42 may be chance, however even the evenings are."""
    given = presences()
    for day in range(28):
        given.counts[window(4, day, 21)] = before if day < DAYS else now
    assert block_history(given, EVERY_EVENING, days=DAYS).trend == trend


@pytest.mark.parametrize("week", [5, 7])
def test_one_wild_night_is_no_trend(week: int) -> None:
    """The nights are as different as they are, in the period or before it."""
    given = presences()
    given.counts[window(week, 3, 21)] = 9
    assert block_history(given, EVERY_EVENING, days=DAYS).trend == STEADY


@pytest.mark.parametrize(
    ("evenings", "days", "trend"),
    [
        ([9, 0], 1, RISING),
        ([9, 0, 50], 1, RISING),  # nothing is told by what was before both
        ([0, 9, 50], 1, FALLING),
        ([16, 4, 30, 30], 2, STEADY),  # 20 and 60, where an evening's variance is 7.2 times its mean
        ([12, 8, 30, 30], 2, FALLING),
    ],
)
def test_trends_of_few_evenings_are_those_worked_out_by_hand(evenings: list[int], days: int, trend: int) -> None:
    """Presences of evenings from the last one back."""
    given = presences()
    for ago, count in enumerate(evenings):
        given.counts[window(7, 6 - ago, 21)] = count
    assert block_history(given, EVERY_EVENING, days=days).trend == trend


def test_evenings_are_compared_by_the_hours_heard_in_them() -> None:
    """Fewer hours heard are no fall, and evenings of which some were half heard no more unsteady."""
    given = presences()
    given.counts[:] = 10
    given.counts[window(6, 0, 0) : window(7, 0, 0)] = np.nan
    assert block_history(given, EVERY_EVENING, days=DAYS).trend == STEADY
    given.counts[window(6, 0, 0) :] = 13
    for day in range(0, DAYS, 2):
        given.counts[window(4, day, 20) : window(4, day, 22)] = np.nan
    assert block_history(given, EVERY_EVENING, days=DAYS).trend == RISING


def test_no_trend_is_told_against_days_that_were_not_heard() -> None:
    given = presences()
    given.counts[window(4, 0, 0) : window(6, 0, 0)] = np.nan
    given.counts[window(6, 0, 0) :] = 1
    assert block_history(given, EVERY_EVENING, days=DAYS).trend is None
    assert block_history(presences(weeks=2), EVERY_EVENING, days=DAYS).trend is None


@pytest.mark.parametrize(("heard", "trend"), [(6, None), (8, RISING)])
def test_a_trend_takes_half_of_the_evenings_before(heard: int, trend: int | None) -> None:
    given = presences()
    given.counts[window(4, 0, 0) : window(4, DAYS - heard, 0)] = np.nan
    given.counts[window(6, 0, 0) :] = 3
    assert block_history(given, EVERY_EVENING, days=DAYS).trend == trend


def test_chance_is_seldom_told_as_a_trend() -> None:
    """About one time in twenty, also where evenings are overdispersed."""
    random = np.random.default_rng(5)
    given = presences(weeks=4)
    inside = np.isin(given.local_seconds % 86400 // 3600, [20, 21, 22])
    evenings = np.repeat(random.gamma(3, 1 / 3, (28, 400)), 24, axis=0)
    trends = []
    for column in range(400):
        given.counts[:, 0] = np.where(inside, random.poisson(1.5 * evenings[:, column]), 0)
        trends.append(block_history(given, EVERY_EVENING, days=DAYS).trend)
    assert 0.01 <= np.mean([trend != STEADY for trend in trends]) <= 0.09


def test_presences_past_midnight_belong_to_the_evening_before() -> None:
    """Saturday at one is Friday's; Friday at one is Thursday's and not in the block."""
    given = presences()
    given.counts[window(7, 5, 1)] = 2
    given.counts[window(7, 4, 1)] = 5
    given.counts[window(5, 4, 22)] = 1
    given.counts[window(5, 4, 21)] = 7
    given.counts[window(3, 0, 0) : window(4, 0, 0)] = np.nan
    assert block_history(given, FRIDAYS, days=DAYS).weekly == (None, None, 0, 0, 0, None, 0, 1, 0, 2)


@pytest.mark.parametrize("window_minutes", [30, 60])
def test_the_week_adds_up_the_period_and_the_spaces(window_minutes: int) -> None:
    """By local weekday and hour; windows shorter than an hour are added up, the missing are nothing."""
    given = presences(series=3, window_minutes=window_minutes)
    per_hour = 60 // window_minutes
    given.counts[:] = 1
    given.counts[-1, 0] = np.nan
    week = presences_by_hour(given, np.array([0, 2]), days=DAYS)
    assert week.shape == (7, 24)
    assert week[:, :23].tolist() == [[4 * per_hour] * 23] * 7
    assert week[6, 23] == 4 * per_hour - 1


def test_coverage_is_of_the_whole_period_also_where_the_counts_begin_later() -> None:
    """A service that began a week ago has heard half of a fortnight."""
    given = presences(weeks=3)
    assert coverage_of(given, 0, days=DAYS) == 1.0
    given.counts[-84:] = np.nan
    assert coverage_of(given, 0, days=DAYS) == pytest.approx(0.75)
    assert coverage_of(presences(weeks=1), 0, days=DAYS) == pytest.approx(0.5)


def test_a_night_with_an_hour_twice_is_heard_no_more_than_wholly() -> None:
    """The fortnight that ends when summer time does has one window more than the clock tells."""
    hours = 14 * 24 + 1
    starts = int(datetime(2025, 10, 12, 22, tzinfo=UTC).timestamp()) + 3600 * np.arange(hours)
    none, counts = np.zeros(1, dtype=int), np.zeros((hours, 1))
    given = Presences(Calendar("Europe/Stockholm"), starts, counts, counts, none, none)
    assert coverage_of(given, 0, days=DAYS) == 1.0
    given.counts[-168:] = np.nan
    assert coverage_of(given, 0, days=DAYS) == pytest.approx(0.5, abs=0.005)
