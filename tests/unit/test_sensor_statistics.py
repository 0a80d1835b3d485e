"""Tests of sensors: a seeded slice of `python -m bench.sensors`, and what holds at any rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sensors import FAULTS, Watched, examined, silent_by_heartbeat, with_fault, with_twins
from models.city import CityParameters, SimulatedCity, simulate_city
from models.sensors.clock import turned_profiles
from models.sensors.repetition import equal_series
from models.sensors.silence import INTERVAL_BINS, interval_bins, silence_limits
from models.sensors.stuck import stuck, stuck_windows

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


def test_a_rate_must_be_one() -> None:
    with pytest.raises(ValueError, match="above 0"):
        silence_limits(np.zeros((1, INTERVAL_BINS)), np.zeros(1), 0.0)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**16), rate=st.floats(0.01, 500.0))
def test_people_at_any_rate_are_not_stuck(seed: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    assert not stuck(random.poisson(rate, (1000, 20)).astype(float)).found.any()


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
    within = stuck_windows(counts)
    assert np.flatnonzero(within[:, 1]).tolist() == [*range(100, 110), *range(120, 140)]
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


def test_delays_count_from_the_onset() -> None:
    found = np.array([[False, True], [False, True], [True, True]])
    watched = Watched(found, per_week=7)
    assert watched.delays_days(np.array([0, -1])).tolist() == [2.0]
    assert watched.false_per_1000_weeks(np.ones((3, 2), dtype=bool)) == pytest.approx(2000 * 7 / 6)


def test_people_who_come_in_groups_at_any_hour_turn_no_clock() -> None:
    """One in forty such places was told that its day has moved, at every examination."""
    random = np.random.default_rng(8)
    before, recent = (2.0 * random.poisson(days / 2, (24, 4000)) for days in (28, 14))
    assert (turned_profiles(before, recent).hours != 0).mean() < 0.01


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
