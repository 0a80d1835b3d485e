"""Tests of sensors: a seeded slice of `python -m bench.sensors`, and what holds at any rate."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import poisson

from bench.sensors import FAULTS, Watched, examined, silent_by_heartbeat, with_fault, with_twins
from models.calendar import Calendar
from models.city import CityParameters, SimulatedCity, simulate_city
from models.sensors.clock import turned_profiles
from models.sensors.examination import examine
from models.sensors.repetition import counted_in_steps, equal_series
from models.sensors.saturation import saturated
from models.sensors.silence import INTERVAL_BINS, interval_bins, silence_limits
from models.sensors.stuck import least_run, stuck, stuck_windows

HOUR = 3600.0


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """With loitering, shifts, renovations, gaps and sensors that die."""
    return simulate_city(41, stairwells=10, weeks=10)


@pytest.fixture(scope="module")
def calm(city: SimulatedCity) -> dict[str, np.ndarray]:
    return examined(city, city.counts)


def test_healthy_sensors_are_not_taken_for_faulty(calm: dict[str, np.ndarray]) -> None:
    """Whatever people do."""
    assert {name: int(found.sum()) for name, found in calm.items()} == dict.fromkeys(calm, 0)


@pytest.mark.parametrize(("name", "least"), [("stuck", 0.9), ("saturated", 0.9), ("duplicated", 0.4)])
def test_most_faults_are_found(city: SimulatedCity, name: str, least: float) -> None:
    """Within the one to three weeks that are left of the town; twice nothing is nothing."""
    counts, _ = with_fault(city, FAULTS[name], 41)
    assert examined(city, counts)[name].any(axis=0).mean() >= least


def test_twins_are_found_and_nobody_else(city: SimulatedCity) -> None:
    counts, onset = with_twins(city, 41)
    found = examined(city, counts)["equal"].any(axis=0)
    assert found[onset >= 0].mean() >= 0.4
    assert not found[onset < 0].any()


def test_silence_keeps_near_its_budget_and_death_is_found_in_days() -> None:
    """At a rate of one in a hundred sensor-weeks, where many sensors die."""
    city = simulate_city(41, stairwells=15, weeks=12, parameters=CityParameters(dead_share=0.3))
    silent, alive, dead = silent_by_heartbeat(city, 0.01)
    assert silent.false_per_1000_weeks(alive) <= 40
    died = np.where(dead.any(axis=0) & ~dead[0], dead.argmax(axis=0), -1)
    assert (died >= 0).any()
    assert silent.delays_days(died).max() < 3


def intervals_of(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    learnt = np.zeros((1, INTERVAL_BINS))
    np.add.at(learnt[0], interval_bins(lengths), 1.0)
    return learnt, np.array([lengths.sum() / (168 * HOUR)])


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**16),
    period=st.sampled_from([300.0, HOUR, 6 * HOUR]),
    jitter=st.floats(0, 0.3),
    loss=st.floats(0, 0.1),
)
def test_jitter_and_loss_are_borne_and_a_stricter_budget_waits_longer(
    seed: int, period: float, jitter: float, loss: float
) -> None:
    """No silence that was seen a hundred times is one, and none is shorter than two messages."""
    random = np.random.default_rng(seed)
    lengths = period * random.geometric(1 - loss, 2000) * random.uniform(1 - jitter, 1 + jitter, 2000)
    learnt, weeks = intervals_of(lengths)
    strict, lax = (float(silence_limits(learnt, weeks, rate)[0]) for rate in (0.001, 0.1))
    assert strict >= lax >= 2 * 0.7 * period
    assert strict > np.sort(lengths)[-100]


@settings(max_examples=50)
@given(period=st.floats(60.0, 10 * 24 * HOUR), rate=st.sampled_from([0.001, 1.0, 1e6]), peers=st.sampled_from([1, 200]))
def test_nothing_is_a_silence_before_two_messages_are_missed(period: float, rate: float, peers: int) -> None:
    """However many silences are borne, and however punctual all sensors are."""
    learnt, weeks = intervals_of(np.full(500, period))
    assert silence_limits(np.repeat(learnt, peers, axis=0), np.repeat(weeks, peers), rate).min() >= 2 * period


def test_a_heartbeat_is_awaited_where_people_are_heard_more_often_by_day() -> None:
    """Ten messages an hour of sixteen, and then one an hour."""
    learnt, weeks = intervals_of(np.tile(np.repeat([HOUR / 10, HOUR], [160, 8]), 50))
    assert silence_limits(learnt, weeks, 1e6)[0] >= 2 * HOUR


@pytest.mark.parametrize("jitter", [0.05, 0.3])
def test_jitter_around_the_end_of_a_bin_is_borne_too(jitter: float) -> None:
    for period in np.geomspace(HOUR / 2, 2 * HOUR, 40):
        learnt, weeks = intervals_of(period * np.random.default_rng(1).uniform(1 - jitter, 1 + jitter, 2000))
        assert silence_limits(learnt, weeks, 1e6)[0] >= (2 - jitter) * period


def test_what_is_rarer_than_all_that_was_seen_is_longer_too() -> None:
    """Fifty sensors that were out for a day now and then; of one that was out for a year nothing is a silence."""
    learnt = np.zeros((50, INTERVAL_BINS))
    learnt[:, interval_bins(np.array([HOUR]))] = 4000.0
    learnt[:, interval_bins(np.array([24 * HOUR]))] = 2.0
    assert (silence_limits(learnt, np.full(50, 26.0), 1e-4) > 1.2 * 24 * HOUR).all()
    learnt[0, interval_bins(np.array([365 * 24 * HOUR]))] = 1.0
    assert silence_limits(learnt[:1], np.array([26.0]), 1e-4)[0] > 128 * 24 * HOUR


def test_a_rate_must_be_one() -> None:
    with pytest.raises(ValueError, match="above 0"):
        silence_limits(np.zeros((1, INTERVAL_BINS)), np.zeros(1), 0.0)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), rate=st.floats(0.01, 500.0))
def test_people_at_any_rate_are_not_stuck(seed: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    assert not stuck(random.poisson(rate, (1000, 20)).astype(float)).found.any()


@settings(max_examples=30)
@given(value=st.integers(1, 4) | st.integers(5, 400), per_hour=st.sampled_from([1, 2, 4]))
def test_the_least_run_is_too_improbable_for_a_week_or_longer_than_a_stay(value: int, per_hour: int) -> None:
    run, windows = least_run(value, per_hour), 168 * per_hour
    by_chance = windows * poisson.pmf(value, value) ** np.array([run - 1, run - 2])
    stay = 24 * per_hour + 1
    assert by_chance[0] <= 1e-4
    assert run == stay if value <= 4 and run <= stay else by_chance[1] > 1e-4
    assert run >= stay or value > 4


def test_a_stay_of_a_night_is_not_stuck_and_one_of_days_is() -> None:
    """Who stays counts once in each hour; a fan in the cellar counts for ever."""
    counts = np.zeros((200, 2))
    counts[-14:, 0], counts[-30:, 1] = 1.0, 1.0
    assert stuck(counts).found.tolist() == [False, True]


def test_what_was_stuck_is_told_from_a_stay_long_after() -> None:
    counts = np.zeros((300, 3))
    counts[100:114, 0], counts[100:130, 1], counts[100:130, 2] = 1.0, 1.0, 40.0
    counts[110:120, 1], counts[103:, 2] = np.nan, np.nan
    within = stuck_windows(counts)
    assert np.flatnonzero(within.any(axis=0)).tolist() == []
    counts[130:140, 1] = 1.0
    counts[-1] = 2.0
    within = stuck_windows(counts)
    assert np.flatnonzero(within[:, 1]).tolist() == [*range(100, 110), *range(120, 140)]
    assert not stuck(counts).found.any(), "what is stuck is so still"
    assert not within[:, [0, 2]].any()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**16), rate=st.floats(0.01, 500.0), length=st.integers(25, 60))
def test_what_was_stuck_last_is_what_is_stuck(seed: int, rate: float, length: int) -> None:
    random = np.random.default_rng(seed)
    counts = random.poisson(rate, (400, 8)).astype(float)
    counts[random.random(counts.shape) < 0.1] = np.nan
    counts[-length:, ::2] = 1.0 + random.poisson(rate, 4)
    found, within = stuck(counts), stuck_windows(counts)
    assert found.found[::2].all()
    for series in range(8):
        last = np.flatnonzero(~np.isnan(counts[:, series]))[-1]
        assert within[last, series] == found.found[series]
        if found.found[series]:
            assert within[found.since[series], series]


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), begin=st.integers(0, 23), hours=st.integers(2, 8), times=st.floats(0.5, 10.0))
def test_loitering_does_not_turn_the_day(seed: int, begin: int, hours: int, times: float) -> None:
    """However much of it there is, in whichever block of hours."""
    random = np.random.default_rng(seed)
    day = 2.0 + 12.0 * np.exp(-0.5 * ((np.arange(24) - 17) / 3.0) ** 2)
    added = np.zeros(24)
    added[np.arange(begin, begin + hours) % 24] = times * day.mean()
    before, recent = random.poisson(4 * day)[:, None], random.poisson(2 * (day + added))[:, None]
    assert turned_profiles(before.astype(float), recent.astype(float)).hours.tolist() == [0]


DAY = 2.0 + 20.0 * np.exp(-0.5 * ((np.arange(24) - 17) / 2.0) ** 2)[:, None]


def test_a_day_is_turned_by_as_many_hours_as_it_is_either_way() -> None:
    lags = np.array([-11, -4, 4, 11, 12])
    recent = np.hstack([np.roll(DAY, lag, axis=0) for lag in lags])
    assert turned_profiles(np.tile(4 * DAY, lags.size), 2 * recent).hours.tolist() == lags.tolist()
    few = turned_profiles(np.tile(4 * DAY, 2), np.roll(DAY, 4, axis=0) * [39, 41] / DAY.sum())
    assert (few.log_odds > 0.0).tolist() == [False, True], "forty presences tell"


def test_loitering_past_midnight_says_nothing_for_a_turned_day() -> None:
    """As little as at any hour, however loud it is."""
    added = np.stack([np.isin((np.arange(24) - begin) % 24, range(4)) for begin in range(24)], axis=1)
    assert turned_profiles(np.tile(4 * DAY, 24), 2 * (DAY + 100.0 * added)).log_odds.max() < 1e-6


def test_delays_count_from_the_onset() -> None:
    found = np.array([[False, True], [False, True], [True, True]])
    watched = Watched(found, per_week=7)
    assert watched.delays_days(np.array([0, -1])).tolist() == [2.0]
    assert watched.false_per_1000_weeks(np.ones((3, 2), dtype=bool)) == pytest.approx(2000 * 7 / 6)


@pytest.mark.parametrize("group", [2.0, 5.0])
def test_people_who_come_in_groups_at_any_hour_turn_no_clock(group: float) -> None:
    """One in forty such places was told that its day has moved, at every examination."""
    random = np.random.default_rng(8)
    before, recent = (group * random.poisson(days / group, (24, 4000)) for days in (28, 14))
    assert (turned_profiles(before, recent).hours != 0).mean() < 0.01


@pytest.mark.parametrize(("most", "found"), [(3, False), (4, True), (8, True), (12, True), (25, False)])
def test_small_numbers_pile_up_too(most: int, found: bool) -> None:
    """At ten stays an hour, of which three and fewer are all there may be to hear."""
    people = np.minimum(np.random.default_rng(1).poisson(10.0, (336, 3)), most).astype(float)
    findings = saturated(people, weeks=2)
    assert findings.found.tolist() == [found] * 3
    assert findings.since.tolist() == ((people == most).argmax(axis=0) if found else np.zeros(3)).tolist()


def test_two_sensors_that_are_saturated_at_one_number_are_two() -> None:
    random = np.random.default_rng(9)
    counts = np.minimum(random.poisson(78.0, (1008, 2)), 60).astype(float)
    alike = (counts[:, 0] == counts[:, 1]).mean()
    assert 0.9 < alike < 1.0
    assert equal_series(counts).tolist() == [-1, -1]


def test_equal_sensors_of_a_busy_place_are_found() -> None:
    random = np.random.default_rng(10)
    counts = random.poisson(400.0, (1008, 3)).astype(float)
    counts[:, 2] = np.where(random.random(1008) < 0.03, 0.0, counts[:, 0])
    assert equal_series(counts).tolist() == [2, -1, 0]


def test_equal_sensors_of_a_quiet_place_are_found_though_messages_are_lost() -> None:
    random = np.random.default_rng(11)
    counts = random.poisson(0.3, (1008, 3)).astype(float)
    counts[:, 2] = np.where(random.random(1008) < 0.03, 0.0, counts[:, 0])
    assert equal_series(counts).tolist() == [2, -1, 0]


def test_messages_are_counted_twice_since_the_first_window_after_the_last_odd_one() -> None:
    counts = np.random.default_rng(12).poisson(0.6, (1008, 2)).astype(float)
    counts[600:] *= 2
    counts[599:602] = [[1.0, 1.0], [0.0, 2.0], [4.0, 0.0]]
    found = counted_in_steps(counts)
    assert (found.since.tolist(), found.value.tolist()) == ([601, 600], [2.0, 2.0])


def test_an_examination_holds_a_fortnight_against_four_weeks_by_local_hours_and_each_owner_alone() -> None:
    """Also where summer time ends amid them."""
    zone, random = Calendar("Europe/Stockholm"), np.random.default_rng(13)
    starts = int(datetime(2025, 11, 2, 23, tzinfo=UTC).timestamp()) - 3600 * np.arange(42 * 24, 0, -1)
    hour = np.array([datetime.fromtimestamp(int(start), ZoneInfo(zone.timezone)).hour for start in starts])
    recent = np.arange(42 * 24) >= 28 * 24
    counts = random.poisson(DAY[(hour - 4 * recent) % 24] / 3, (42 * 24, 6)).astype(float)
    counts[:, [3, 5]] = counts[:, [2, 4]]
    counts[-150:, 0] = np.minimum(random.poisson(30.0, 150), 25)
    found = examine(zone, starts, counts, np.array([0, 1, 1, 0, 1, 1]))
    assert found.equal_to.tolist() == [-1, -1, -1, -1, 5, 4]
    assert found.turned.hours[1:].tolist() == [4] * 5
    before, after = (
        np.stack([counts[part & (hour == one)].sum(axis=0) for one in range(24)]) for part in (~recent, recent)
    )
    np.testing.assert_allclose(found.turned.log_odds, turned_profiles(before, after).log_odds)
    first = 42 * 24 - 150 + int((counts[-150:, 0] == 25).argmax())
    assert (found.saturated.found.tolist(), found.saturated.since[0]) == ([True] + [False] * 5, first)
