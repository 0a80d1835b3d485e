"""The simulated town holds what it promises, and its truth is true."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from models.calendar import Calendar
from models.city import CityParameters, SimulatedCity, simulate_city
from models.city.normal import KINDS_OF_LIFE, common_factor, draw_profiles
from models.kinds import KINDS


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(11, stairwells=200, weeks=12)


@pytest.fixture(scope="module")
def calm() -> SimulatedCity:
    return simulate_city(11, stairwells=200, weeks=12, null=True)


def test_same_seed_gives_the_same_town_and_another_seed_another(city):
    again = simulate_city(11, stairwells=200, weeks=12)
    other = simulate_city(12, stairwells=200, weeks=12)
    np.testing.assert_array_equal(again.counts, city.counts)
    assert again.places == city.places
    assert again.episodes == city.episodes
    assert other.episodes != city.episodes


def test_windows_follow_utc_through_the_repeated_hour(city):
    assert np.all(np.diff(city.starts) == 3600)
    assert len(city.starts) == 12 * 168 + 1, "the last Sunday of October has 25 hours"


def test_every_kind_of_space_has_a_life():
    assert set(KINDS_OF_LIFE) == set(KINDS)


def test_stairwells_have_one_or_two_series_of_different_kinds_in_two_tenants(city):
    assert len(city.stairwells) == 200
    spaces = {(place.stairwell, place.space) for place in city.places}
    assert len(spaces) == len(city.places)
    assert set(np.bincount(city.stairwell_of_series)) == {1, 2}
    assert len({place.tenant for place in city.places}) == 2
    tenant_of_building = {(place.building, place.tenant) for place in city.places}
    assert len(tenant_of_building) == len({building for building, _ in tenant_of_building})


def test_counts_are_sparse_and_overdispersed_around_the_true_rate(calm):
    alive = ~np.isnan(calm.counts)
    assert calm.counts[alive].sum() == pytest.approx(calm.rate[alive].sum(), rel=0.02)
    residual = (calm.counts - calm.rate)[alive]
    assert (residual**2).sum() > 1.2 * calm.rate[alive].sum()
    levels = calm.rate.mean(axis=0)
    assert levels.min() >= 0.004
    assert levels.max() <= 1.2
    assert levels.max() / levels.min() > 50


def test_truth_says_how_unsteady_the_windows_of_a_day_are(calm):
    """Within days, whose rates share a factor: products of neighbouring windows have the day's alone."""
    busy = np.argsort(-calm.rate.mean(axis=0))[:60]
    counts, rate = np.nan_to_num(calm.counts[:2016, busy]), np.where(np.isnan(calm.counts), 0, calm.rate)[:2016, busy]
    day = (counts[::2] * counts[1::2]).sum(axis=0) / (rate[::2] * rate[1::2]).sum(axis=0)
    window = (counts**2 - counts).sum(axis=0) / (rate**2).sum(axis=0)
    assert np.mean(window / day) == pytest.approx(1 + calm.dispersion[busy].mean(), rel=0.1)


def test_a_shift_is_from_its_window_on(city, calm):
    assert len(city.shifts) > 3
    for series, begin, factor in city.shifts:
        ratio = city.rate[:, series] / calm.rate[:, series]
        np.testing.assert_allclose(ratio, np.where(np.arange(len(ratio)) < begin, 1.0, factor))


def test_sensors_that_hear_nothing_say_zero_for_weeks():
    deaf = CityParameters(silent_share=1.0, dead_share=0.0, late_share=0.0, moved_share=0.0, level_bounds=(1.0, 1.0))
    counts = simulate_city(5, stairwells=20, weeks=8, parameters=deaf).counts
    runs = [max(len(run) for run in "".join("01"[int(one > 0)] for one in series).split("1")) for series in counts.T]
    assert 7 * 24 <= np.median(runs) <= 23 * 24


def test_calm_town_has_nothing_to_hear_of_and_still_missing_data(calm):
    assert calm.episodes == calm.happenings == calm.shifts == ()
    assert not calm.loitering.any()
    assert 0.01 < np.isnan(calm.counts).mean() < 0.15


def test_loitering_lies_within_its_episodes_weekdays_and_hours(city):
    local = city.calendar.local_seconds(city.starts)
    hours, days = local % 86400 // 3600, local // 86400
    assert {episode.kind for episode in city.episodes} == {"emerging", "chronic", "ended"}
    for episode in city.episodes:
        on = city.loitering[:, episode.series] > 0
        evening = days[on] - (hours[on] < episode.from_hour)
        assert set(hours[on]) <= episode.hours
        assert set((evening + 3) % 7) <= set(episode.weekdays)
        assert np.all((city.starts[on] >= episode.start) & (city.starts[on] <= episode.end))
        assert 0.35 <= episode.rate <= 1.2
        assert 3 <= len(episode.weekdays) <= 5
        assert 2 <= len(episode.hours) <= 6


def test_loitering_adds_the_presences_it_says(city, calm):
    on = (city.loitering > 0) & ~np.isnan(city.counts) & ~city.annotated
    on[:, [series for series, _, _ in city.shifts]] = False
    added = city.counts[on].sum() - city.rate[on].sum()
    assert added == pytest.approx(city.loitering[on].sum(), rel=0.15)


def test_hot_stairwells_exclude_ended_and_unheard_loitering(city):
    hot = city.hot_stairwells(14)
    kinds = [episode.kind for episode in hot.values()]
    assert "ended" not in kinds
    assert 0.08 <= len(hot) / len(city.stairwells) <= 0.14
    assert 0.2 <= kinds.count("chronic") / len(kinds) <= 0.5
    for episode in hot.values():
        recent = city.counts[-14 * 24 :, episode.series]
        assert not np.isnan(recent).all()


@pytest.mark.parametrize(("hours", "hot"), [(1, False), (12, False), (13, True), (24, True), (-24, False)])
def test_hot_is_who_was_heard_on_two_evenings_of_the_fortnight_each_up_to_noon(city, hours, hot):
    """At eleven in the evening of the first day, and so many hours later."""
    episode = city.hot_episodes(14)[0]
    first = len(city.starts) - 13 * 24 - 1
    loitering = np.zeros_like(city.loitering)
    loitering[[first, first + hours], episode.series] = 1.0
    heard = replace(city, loitering=loitering, counts=np.nan_to_num(city.counts))
    assert (episode in heard.hot_episodes(14)) == hot


def test_renovation_is_on_working_days_and_patrols_come_in_the_evening(city):
    for happening in city.happenings:
        begin = int(city.calendar.local_seconds(np.array([happening.start]))[0])
        weekday, hour = (begin // 86400 + 3) % 7, begin % 86400 // 3600
        assert happening.cause != "renovation" or (weekday < 5 and hour == 7)
        assert happening.cause != "patrol" or hour >= 17


def test_moved_sensor_is_in_one_series_at_a_time(city):
    by_sensor: dict[str, list[tuple[int, int]]] = {}
    for sensor in city.sensors:
        by_sensor.setdefault(sensor.sensor, []).append((sensor.begin, sensor.end))
        assert np.isnan(city.counts[: sensor.begin, sensor.series]).all()
        assert np.isnan(city.counts[sensor.end :, sensor.series]).all()
    moved = [sorted(spans) for spans in by_sensor.values() if len(spans) == 2]
    assert moved
    assert all(first[1] < second[0] for first, second in moved)


def test_new_years_eve_is_a_common_cause():
    city = simulate_city(3, stairwells=80, weeks=2, start=date(2025, 12, 22))
    local = city.calendar.local_seconds(city.starts)
    eve = (local // 86400 == (date(2025, 12, 31) - date(1970, 1, 1)).days) & (local % 86400 >= 20 * 3600)
    week_before = np.roll(eve, -7 * 24)
    ratio = city.rate[eve].sum(axis=0) / city.rate[week_before].sum(axis=0)
    assert np.median(ratio) == pytest.approx(CityParameters().new_years_eve_factor, rel=0.01)


@pytest.mark.parametrize(
    ("day", "factors"),
    [
        (date(2025, 10, 24), {12: 1.0}),
        (date(2025, 10, 28), {8: 1.0, 9: 1.15, 16: 1.15, 17: 1.0}),
        (date(2025, 11, 1), {12: 1.0}),  # a Saturday
        (date(2025, 12, 22), {12: 1.15}),
        (date(2025, 12, 31), {3: 1.0, 19: 1.0, 20: 5.0, 23: 5.0}),
        (date(2026, 1, 1), {0: 5.0, 3: 5.0, 4: 1.0, 20: 1.0}),
        (date(2026, 1, 7), {12: 1.15}),
        (date(2026, 1, 8), {12: 1.0}),
    ],
)
def test_school_breaks_and_new_years_eve_keep_their_days_and_hours(day, factors):
    zone = ZoneInfo("Europe/Stockholm")
    starts = [int(datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()) for hour in factors]
    told = common_factor(Calendar(zone.key), np.array(starts), CityParameters())
    assert told.tolist() == list(factors.values())


def test_stairwells_live_by_day_and_later_before_days_off():
    profiles = draw_profiles(np.random.default_rng(1), np.full(400, "stairwell"), CityParameters())
    assert profiles[:, :168].mean(axis=1) == pytest.approx(1.0)
    monday, thursday, friday, saturday, sunday, holiday = profiles.mean(axis=0).reshape(8, 24)[[0, 3, 4, 5, 6, 7]]
    assert monday.argmax() in (15, 16, 17)
    assert monday[16] > 8 * monday[3]
    assert monday[7] > 1.5 * sunday[7]
    assert min(friday[21], saturday[21]) > 1.4 * max(thursday[21], sunday[21], holiday[21])


def test_half_hour_windows_hold_half_the_presences():
    hourly = simulate_city(5, stairwells=100, weeks=4, null=True)
    half_hourly = simulate_city(5, stairwells=100, weeks=4, null=True, window_minutes=30)
    assert len(half_hourly.starts) == 2 * len(hourly.starts)
    ratio = np.nanmean(half_hourly.counts) / np.nanmean(hourly.counts)
    assert ratio == pytest.approx(0.5, rel=0.1)


def test_gaps_are_as_long_whatever_the_length_of_a_window():
    gaps = CityParameters(dead_share=0.0, late_share=0.0, moved_share=0.0)
    towns = [simulate_city(5, 150, 6, window_minutes=minutes, parameters=gaps) for minutes in (60, 30)]
    hourly, half_hourly = (np.isnan(town.counts).mean() for town in towns)
    assert half_hourly == pytest.approx(hourly, rel=0.3)


def test_annotations_cover_their_own_stairwell_only(city):
    happening = city.happenings[0]
    covered = city.annotated[np.searchsorted(city.starts, happening.start)]
    stairwells = {place.stairwell for place, yes in zip(city.places, covered, strict=True) if yes}
    assert happening.stairwell in stairwells
    assert {item.cause for item in city.happenings} == {"moving", "renovation", "patrol"}


def test_a_town_needs_a_stairwell_and_a_week():
    with pytest.raises(ValueError, match="a stairwell and a week"):
        simulate_city(1, stairwells=0)
