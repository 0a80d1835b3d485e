"""What readings mean: presences of windows from counters, occupancy and stays."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.counts import NANOSECONDS
from service.domain.derivation import Derivation, counted_between
from service.domain.places import Semantics
from service.domain.readings import nanoseconds

MINUTE = 60 * NANOSECONDS
MIDNIGHT = nanoseconds(datetime(2026, 11, 20, tzinfo=UTC))


def at(clock: str) -> int:
    """The time of a clock that goes on past midnight: 26:00 is two the day after."""
    hours, minutes, *seconds = map(int, clock.split(":"))
    return MIDNIGHT + (hours * 60 + minutes) * MINUTE + sum(seconds) * NANOSECONDS


def hours(rules: Derivation, *readings: tuple[str, int]) -> dict[int, int]:
    """Presences by hour of that day."""
    counts = rules.counts([(at(clock), int(value)) for clock, value in readings])
    return {(start - MIDNIGHT) // (60 * MINUTE): presences for start, presences in counts.items()}


PRESENCE = Derivation(Semantics.PRESENCE, assumed=True)
COUNTER = Derivation(Semantics.CUMULATIVE, assumed=False)
OCCUPIED = Derivation(Semantics.OCCUPIED, assumed=False)
SELDOM = Derivation(Semantics.OCCUPIED, assumed=True)


@pytest.mark.parametrize(
    ("start", "minutes", "counted"),
    [
        ("10:10", 20, {10: 1}),
        ("10:50", 20, {10: 1}),
        ("10:50", 24, {10: 1}),
        ("10:50", 25, {10: 1, 11: 1}),
        ("10:50", 84, {10: 1, 11: 1}),
        ("10:50", 85, {10: 1, 11: 1, 12: 1}),
        ("10:00", 60, {10: 1}),
        ("23:30", 180, {23: 1, 24: 1, 25: 1, 26: 1}),
        ("10:10", 0, {10: 0}),
    ],
)
def test_a_presence_counts_where_it_starts_and_where_it_covers_a_quarter_of_an_hour(
    start: str, minutes: int, counted: dict[int, int]
) -> None:
    """One without a length is a sign of life."""
    assert hours(PRESENCE, (start, minutes * 60)) == counted


def test_presences_in_one_window_add_up() -> None:
    assert hours(PRESENCE, ("10:05", 1200), ("10:30", 1000), ("10:45", 3000)) == {10: 3, 11: 1}


def test_a_window_shorter_than_a_quarter_is_covered_as_a_whole() -> None:
    rules = Derivation(Semantics.PRESENCE, assumed=True, window_seconds=600)
    counts = rules.counts([(at("10:05"), 20 * 60)])
    assert [(start - at("10:00")) // (10 * MINUTE) for start in counts] == [0, 1]


def test_who_passes_by_is_not_counted_where_a_stay_has_a_least_length() -> None:
    rules = Derivation(Semantics.PRESENCE, assumed=True, shortest_stay_seconds=900)
    assert hours(rules, ("10:05", 899), ("11:05", 900)) == {10: 0, 11: 1}


def test_a_counter_counts_from_reading_to_reading() -> None:
    """Its first reading tells nothing: how it came there is unknown."""
    assert hours(COUNTER, ("10:00", 140)) == {}
    assert hours(COUNTER, ("10:00", 140), ("10:10", 143), ("10:20", 143), ("11:10", 144)) == {10: 4, 11: 0}


def test_a_rise_is_spread_over_the_windows_it_was_counted_in() -> None:
    """Whole presences, by share of time; a few seconds beside the hour move nothing."""
    assert hours(COUNTER, ("09:59:58", 5), ("11:00:03", 12)) == {9: 0, 10: 7, 11: 0}
    assert hours(COUNTER, ("10:30", 0), ("12:30", 4)) == {10: 1, 11: 2, 12: 1}


def test_what_a_counter_counted_in_a_long_silence_is_unknown() -> None:
    """Nobody knows when it was; and a counter that did not move may have been dead."""
    assert hours(COUNTER, ("10:00", 5), ("10:30", 6), ("14:30", 9), ("15:00", 9)) == {10: 1, 14: 0}
    assert hours(COUNTER, ("10:00", 5), ("10:30", 5), ("14:30", 5)) == {10: 0}


def test_a_counter_that_speaks_only_when_it_counts_tells_when() -> None:
    seldom = Derivation(Semantics.CUMULATIVE, assumed=True)
    assert hours(seldom, ("10:00", 5), ("14:30", 6), ("38:00", 7)) == {14: 1, 38: 1}


@pytest.mark.parametrize(
    ("old", "new", "counted"),
    [
        (255, 2, 3),
        (65_535, 0, 1),
        (2**24 - 2, 5, 7),
        (2**32 - 1, 3, 4),
        (700, 12, 12),
        (700, 0, 0),
        (60_000, 2, 2),
        (900, 899, None),
        (0, 5000, None),
        (2**40, 4, 4),
    ],
)
def test_a_counter_that_falls_has_rolled_over_or_started_anew(old: int, new: int, counted: int | None) -> None:
    """And one that jumps further than a sensor can count in ten minutes tells nothing."""
    assert counted_between((at("10:00"), old), (at("10:10"), new)) == counted


def test_windows_around_a_jump_are_unknown() -> None:
    assert hours(COUNTER, ("08:00", 1), ("09:00", 2), ("10:00", 9000), ("11:00", 9001)) == {8: 1, 10: 1}


def test_somebody_who_comes_and_goes_is_one_presence() -> None:
    """Repeated messages keep the stay going; silence within the gap is calm."""
    readings = [("09:10", 0), ("10:05", 1), ("10:35", 1), ("11:05", 1), ("11:20", 0), ("12:20", 0)]
    assert hours(OCCUPIED, *readings) == {9: 0, 10: 1, 11: 1, 12: 0}


def test_a_stay_that_was_lost_sight_of_ends_with_the_last_message() -> None:
    """After it nothing is known, until the sensor speaks again."""
    assert hours(OCCUPIED, ("10:05", 1), ("10:35", 1), ("15:00", 0)) == {10: 1, 15: 0}
    assert hours(OCCUPIED, ("10:05", 1), ("15:00", 1)) == {10: 1, 15: 1}


def test_a_sensor_of_changes_is_occupied_until_it_says_otherwise() -> None:
    """For a day at most; a second coming without a going means that a message was lost."""
    assert hours(SELDOM, ("10:05", 1), ("15:10", 0)) == {10: 1, 11: 1, 12: 1, 13: 1, 14: 1, 15: 0}
    assert hours(SELDOM, ("10:05", 1), ("15:10", 1), ("15:20", 0)) == {10: 1, 15: 1}
    assert hours(SELDOM, ("10:05", 1), ("35:10", 0)) == {10: 1, 35: 0}


def test_two_vacant_messages_and_one_from_before_are_no_stay() -> None:
    assert hours(OCCUPIED, ("10:05", 0), ("10:10", 0)) == {10: 0}


readings_of_a_day = st.dictionaries(st.integers(0, 26 * 60), st.integers(0, 400), max_size=30)


@settings(max_examples=75)
@given(
    semantics=st.sampled_from([Semantics.CUMULATIVE, Semantics.OCCUPIED, Semantics.PRESENCE]),
    assumed=st.booleans(),
    readings=readings_of_a_day,
    shortest=st.sampled_from([0, 900]),
    window=st.sampled_from([600, 3600]),
)
def test_windows_beyond_the_reach_of_a_reading_do_not_depend_on_it(
    semantics: Semantics, assumed: bool, readings: dict[int, int], shortest: int, window: int
) -> None:
    """So that the windows around a late reading are all that has to be derived anew."""
    rules = Derivation(
        semantics, assumed=assumed, window_seconds=window, longest_gap_seconds=1800, shortest_stay_seconds=shortest
    )
    limit = 1 if semantics is Semantics.OCCUPIED else 400 * 60
    times = sorted((minute * MINUTE, min(value, limit)) for minute, value in readings.items())
    counts = rules.counts(times)
    for position in range(len(times)):
        without = rules.counts(times[:position] + times[position + 1 :])
        changed = {start for start in counts | without if counts.get(start) != without.get(start)}
        time = times[position][0]
        end = time + rules.reach
        if rules.looks_back and position + 1 < len(times):
            end = max(end, times[position + 1][0])
        assert all(rules.window(time - rules.reach) <= start <= end for start in changed)
    assert all(start == rules.window(start) and presences >= 0 for start, presences in counts.items())


@settings(max_examples=30)
@given(rises=st.lists(st.tuples(st.integers(1, 30), st.integers(0, 9)), min_size=1, max_size=40))
def test_what_a_counter_counts_is_neither_lost_nor_double(rises: list[tuple[int, int]]) -> None:
    time, value, readings = MIDNIGHT, 0, [(MIDNIGHT, 0)]
    for minutes, rise in rises:
        time, value = time + minutes * MINUTE, value + rise
        readings.append((time, value))
    assert sum(COUNTER.counts(readings).values()) == value
