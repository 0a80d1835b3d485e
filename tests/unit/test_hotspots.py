"""The list names the right places and hours, keeps still in calm towns, and is not fooled by one wild night."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from models.calendar import HOLIDAY, Calendar
from models.city import SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.evaluation import hours_iou, hours_of_block, precision_at_k
from models.hotspots.blocks import Days
from models.hotspots.ground import Presences
from models.hotspots.hotspot import EMERGING, HotSpot
from models.hotspots.ranking import rank_hotspots, simulate_null
from models.hotspots.sightings import sightings
from models.hotspots.significance import ScanNull
from models.kinds import kind_number
from models.prior import FleetPrior
from models.reasons import hotspot_reason
from models.shipped import shipped_version
from models.training.fleet import default_prior, fit_fleet

MONDAY = 1_757_282_400  # 2025-09-08 00:00 in Stockholm
WEEKS = 6
NIGHT = (21, 22, 23, 0, 1, 2, 3, 4)
AS_GIVEN = ScanNull(np.zeros(0), -3.0, 1.0, 1.0)  # a p-value is exp(-3 - evidence), where chance is not the question


def town_presences(city: SimulatedCity) -> tuple[Presences, FleetPrior]:
    """Presences with the mean of each hour of the earlier weeks as what was expected."""
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    counts = np.where(city.annotated, np.nan, city.counts)
    prior = fit_fleet(city.calendar, city.starts, counts, kinds).prior
    slots = city.calendar.slots_of(city.starts)
    weekly = prior.profile.reshape(len(prior.level), -1)[kinds][:, slots].T
    first = slice(0, 6 * 168)
    level = (1 + np.nansum(counts[first], axis=0)) / (
        1 / prior.level[kinds] + np.where(np.isnan(counts[first]), 0, weekly[first]).sum(axis=0)
    )
    return Presences(city.calendar, city.starts, counts, weekly * level, kinds, city.stairwell_of_series), prior


def flat(series: int = 3, rate: float = 0.05, window_minutes: int = 60, seed: int = 1) -> Presences:
    """Series of Poisson counts at one flat rate, each in a stairwell of its own."""
    calendar = Calendar("Europe/Stockholm", window_minutes=window_minutes)
    windows = WEEKS * 7 * calendar.windows_per_day
    starts = MONDAY + np.arange(windows) * calendar.window_seconds
    rates = np.full((windows, series), rate * window_minutes / 60)
    counts = np.random.default_rng(seed).poisson(rates).astype(float)
    return Presences(calendar, starts, counts, rates, np.zeros(series, dtype=int), np.arange(series))


def hours_ago(presences: Presences, day: int, hour: int) -> int:
    """Position of the first window of an hour of a local day, days counted back from the last (0)."""
    local = presences.calendar.local_seconds(presences.starts)
    last = local[-1] // 86400
    return int(np.flatnonzero((local // 86400 == last - day) & (local % 86400 // 3600 == hour))[0])


def add_evenings(presences: Presences, series: int, evenings: list[int], from_hour: int, hours: int) -> None:
    """One presence in every hour of a block, on evenings counted back from the last day."""
    per_hour = 60 // presences.calendar.window_minutes
    for day in evenings:
        begin = hours_ago(presences, day, from_hour)
        presences.counts[begin : begin + hours * per_hour : per_hour, series] += 1


@pytest.fixture(scope="module")
def chance() -> ScanNull:
    """What comes by chance among `flat` series."""
    return simulate_null(flat(), None, days=14)


@pytest.fixture(scope="module")
def known() -> tuple[SimulatedCity, Presences, FleetPrior]:
    city = simulate_city(21, stairwells=150, weeks=12)
    return city, *town_presences(city)


@pytest.fixture(scope="module")
def town(known) -> tuple[SimulatedCity, list[HotSpot]]:
    city, presences, prior = known
    return city, rank_hotspots(presences, prior, top=150)


def test_list_of_a_town_names_hot_stairwells_and_their_hours(town):
    city, entries = town
    hot = city.hot_stairwells(14)
    listed = [city.stairwells[entry.stairwell] for entry in entries]
    assert precision_at_k(listed, hot, 12) >= 0.9
    overlaps = [
        hours_iou(hours_of_block(entry.from_hour, entry.to_hour), hot[place].hours)
        for entry, place in zip(entries[:12], listed, strict=False)
        if place in hot
    ]
    assert np.median(overlaps) >= 0.6
    named = {city.stairwells[entry.stairwell] for entry in entries[: len(hot)]}
    assert any(episode.kind == "chronic" for place, episode in hot.items() if place in named)


def test_list_has_one_entry_a_stairwell_in_order_of_score(town):
    _, entries = town
    assert len({entry.stairwell for entry in entries}) == len(entries)
    assert all(first.score >= second.score for first, second in pairwise(entries))
    assert all(entry.days >= 2 and entry.observed > entry.expected for entry in entries)
    significant = [entry.significant for entry in entries]
    assert significant == sorted(significant, reverse=True)


def test_observed_days_and_dates_are_those_of_the_counts(town):
    city, entries = town
    local = city.calendar.local_seconds(city.starts)
    hours, days = local % 86400 // 3600, local // 86400
    for entry in entries[:10]:
        block = hours_of_block(entry.from_hour, entry.to_hour)
        evening = days - (hours < entry.from_hour)
        inside = np.isin(hours, list(block)) & np.isin((evening + 3) % 7, entry.weekdays)
        inside &= evening > days[-1] - 14
        counts = np.where(inside & ~city.annotated[:, entry.series], city.counts[:, entry.series], 0)
        counts = np.nan_to_num(counts)
        assert entry.observed == counts.sum()
        assert entry.days == len(set(evening[counts > 0]))
        seen = city.starts[counts > 0]
        assert (entry.first_seen, entry.last_seen) == (seen[0], seen[-1])


def test_hours_past_the_midnight_that_the_period_begins_with_are_of_the_evening_before():
    """Of Thursday at one and at 21, and Friday at one, where the period is from Thursday on."""
    starts = 3600 * np.arange(-24, 48)
    counts = np.zeros((72, 1))
    counts[[24 + 1, 24 + 21, 48 + 1]] = 1.0
    block = {"weekdays": np.array([127]), "from_hour": np.array([20]), "length": np.array([6])}
    seen = sightings(starts, starts, counts, Days.ending(1, period=2, history=3), **block)
    assert (seen.observed, seen.days, seen.first, seen.last) == (2, 1, 21 * 3600, 25 * 3600)


def test_a_stairwell_is_listed_by_its_best_space_corrected_for_how_many_it_has():
    presences = flat(series=40, rate=0.2)
    add_evenings(presences, 3, [1, 4, 8, 11], from_hour=20, hours=3)
    add_evenings(presences, 17, [2, 5, 9, 12], from_hour=21, hours=3)
    alone = {one.series: one.p_value for one in rank_hotspots(presences, None, null=AS_GIVEN)}
    stairwells = np.arange(40) // 3
    told = rank_hotspots(replace(presences, stairwells=stairwells), None, null=AS_GIVEN, false_discovery_rate=0.3)
    assert {entry.series for entry in told[:2]} == {3, 17}
    for entry in told:
        spaces = {series: alone.get(series, 1.0) for series in np.flatnonzero(stairwells == entry.stairwell)}
        assert spaces[entry.series] == min(spaces.values())
        assert entry.p_value == pytest.approx(min(1.0, len(spaces) * spaces[entry.series]))
        assert entry.score == pytest.approx(-np.log10(entry.p_value))
    rank, p_values = np.arange(1, len(told) + 1), np.array([entry.p_value for entry in told])
    significant = rank <= rank[p_values <= 0.3 * rank / 14].max()
    assert [entry.significant for entry in told] == significant.tolist()
    assert p_values.max() == 1.0


def test_places_of_one_chance_are_in_order_of_their_evidence_and_then_of_their_number():
    presences = flat(series=12, rate=0.2)
    add_evenings(presences, 3, [1, 4, 8, 11], from_hour=20, hours=3)
    presences.counts[:, [9, 1]] = presences.counts[:, [3, 5]]
    nulls = [ScanNull(np.zeros(0), threshold, 1.0, 1.0) for threshold in (1e3, -1e3)]  # all alike, none alike
    alike, order = ([entry.series for entry in rank_hotspots(presences, None, null=null)] for null in nulls)
    assert alike == order
    assert order[:2] == [3, 9]
    assert order.index(5) == order.index(1) + 1


@pytest.mark.parametrize("seeds", [(32,), pytest.param((31, 32), marks=pytest.mark.long)])
def test_calm_towns_have_next_to_no_significant_entry(seeds):
    significant = []
    for seed in seeds:
        entries = rank_hotspots(*town_presences(simulate_city(seed, stairwells=100, weeks=8, null=True)))
        significant.append(sum(entry.significant for entry in entries))
    assert sum(significant) <= 1


def test_same_input_gives_the_same_list(known, town):
    _, presences, prior = known
    assert rank_hotspots(presences, prior, top=150) == town[1]


@pytest.mark.parametrize("window_minutes", [30, 60])
def test_evenings_of_loitering_are_named_past_midnight_on_the_day_they_start(window_minutes, chance):
    presences = flat(window_minutes=window_minutes)
    evenings = [
        day for day in range(1, 14) if (presences.calendar.local_days(presences.starts)[-1] - day + 3) % 7 in (3, 4)
    ]
    add_evenings(presences, 1, evenings, from_hour=22, hours=4)
    entry = rank_hotspots(presences, None, null=chance)[0]
    assert (entry.stairwell, entry.kind, entry.weekdays) == (1, "emerging", (3, 4))
    assert (entry.from_hour, entry.to_hour, entry.days) == (22, 2, 4)
    assert entry.significant


def test_one_wild_night_is_not_listed_above_three_moderate_ones():
    presences = flat(series=4, rate=0.02)
    presences.counts[hours_ago(presences, 3, 20) :, 0][:4] += 10
    add_evenings(presences, 2, [9, 6, 2], from_hour=20, hours=3)
    entries = rank_hotspots(presences, None)
    assert entries[0].stairwell == 2
    wild = [entry for entry in entries if entry.stairwell == 0]
    assert not any(entry.significant for entry in wild)


@pytest.mark.parametrize("days_before", [14, 28, 42])
def test_one_stuck_hour_before_the_period_does_not_say_since_when(known, town, days_before):
    """Twenty presences in an hour of the block: of the places that began to be hot, hardly any did long ago."""
    (_, presences, prior), (_, entries) = known, town
    presences = replace(presences, counts=presences.counts.copy())
    emerging = [entry for entry in entries if entry.kind == EMERGING and entry.score > 1]
    assert len(emerging) > 12
    last = presences.last_day()
    for entry in emerging:
        day = next(day for day in range(13 + days_before, 99) if (last - day + 3) % 7 in entry.weekdays)
        window = hours_ago(presences, day, entry.from_hour)
        presences.counts[window, entry.series] = np.where(np.isnan(presences.counts[window, entry.series]), np.nan, 20)
    again = {entry.stairwell: entry.kind for entry in rank_hotspots(presences, prior, top=150, null=AS_GIVEN)}
    assert np.mean([again.get(entry.stairwell) == EMERGING for entry in emerging]) > 0.8


def test_loitering_that_ended_before_the_period_is_forgotten(chance):
    presences = flat()
    add_evenings(presences, 1, [35, 33, 30, 28, 26, 23, 21, 19], from_hour=20, hours=4)
    assert not any(entry.significant for entry in rank_hotspots(presences, None, days=14, null=chance))


def test_shift_of_level_over_all_hours_is_no_hotspot():
    presences = flat(rate=0.1)
    rng = np.random.default_rng(3)
    presences.counts[-20 * 24 :, 1] += rng.poisson(0.2, 20 * 24)
    assert not any(entry.significant for entry in rank_hotspots(presences, None))


def test_missing_windows_lower_what_is_expected():
    presences = flat(series=2, rate=0.3)
    evenings = [1, 4, 8, 11]
    add_evenings(presences, 1, evenings, from_hour=20, hours=3)
    full = next(entry for entry in rank_hotspots(presences, None, null=AS_GIVEN) if entry.stairwell == 1)
    begin = hours_ago(presences, 8, 20)
    presences.counts[begin : begin + 12, 1] = np.nan  # one of the four evenings
    gappy = next(entry for entry in rank_hotspots(presences, None, null=AS_GIVEN) if entry.stairwell == 1)
    assert gappy.weekdays == full.weekdays
    assert gappy.days == full.days - 1
    full_rate, gappy_rate = (one.expected / (one.to_hour - one.from_hour) for one in (full, gappy))
    assert 0.65 * full_rate < gappy_rate < 0.85 * full_rate


def test_dead_and_silent_series_are_left_out():
    presences = flat(series=3)
    presences.counts[:, 0] = np.nan
    presences.counts[:, 1] = 0.0
    assert {entry.stairwell for entry in rank_hotspots(presences, None, null=AS_GIVEN)} <= {2}


def test_no_windows_or_no_series_give_an_empty_list():
    presences = flat()
    nothing = np.zeros(0, dtype=int)
    no_series = Presences(
        presences.calendar, presences.starts, presences.counts[:, :0], presences.expected[:, :0], nothing, nothing
    )
    assert rank_hotspots(no_series, None) == []
    no_windows = Presences(
        presences.calendar, nothing, presences.counts[:0], presences.expected[:0], presences.kinds, presences.stairwells
    )
    assert rank_hotspots(no_windows, None) == []


@pytest.mark.parametrize(
    ("days", "null"),
    [
        *((days, AS_GIVEN) for days in (2, 60, 69)),
        (80, None),
        *(pytest.param(days, None, marks=pytest.mark.long) for days in (2, 60, 69)),
    ],
)
def test_a_list_may_look_at_any_number_of_days(days, null):
    """Also at so many that a span before them is short, or has none."""
    presences = flat()
    add_evenings(presences, 1, list(range(30)), from_hour=20, hours=4)
    assert rank_hotspots(presences, None, days=days, null=null)[0].stairwell == 1


def test_few_series_are_not_held_against_peers():
    city = simulate_city(8, stairwells=3, weeks=6)
    presences, prior = town_presences(city)
    assert all(entry.kind == "emerging" for entry in rank_hotspots(presences, prior, null=AS_GIVEN))


def test_shapes_that_disagree_are_refused():
    presences = flat()
    with pytest.raises(ValueError, match="windows and 3 series"):
        Presences(
            presences.calendar,
            presences.starts,
            presences.counts[1:],
            presences.expected,
            presences.kinds,
            presences.stairwells,
        )


@pytest.mark.parametrize(("kept", "listed"), [(True, False), (False, True)])
def test_holidays_are_held_against_the_holidays_of_peers(kept, listed):
    holidays = [date(2025, 10, 9), date(2025, 10, 14)]
    presences = flat(series=12)
    calendar = Calendar("Europe/Stockholm", holidays if kept else ())
    presences = replace(presences, calendar=calendar)
    local = calendar.local_seconds(presences.starts)
    numbers = [(day - date(1970, 1, 1)).days for day in holidays]
    evening = np.isin(local // 86400, numbers) & np.isin(local % 86400 // 3600, [20, 21, 22])
    presences.counts[evening, 0] = 4
    presences.expected[evening] = 4
    profile = default_prior().profile.copy()
    profile[:, HOLIDAY, 20:23] = 80
    prior = replace(default_prior(), profile=profile, time_shape=np.full(len(profile), 20.0))
    significant = {entry.stairwell: entry.kind for entry in rank_hotspots(presences, prior) if entry.significant}
    assert significant.get(0) == ("emerging" if listed else None)


def test_reason_tells_numbers_block_and_chance_in_both_languages():
    chronic = HotSpot(0, 0, "chronic", (5,), 22, 2, 9, 0.04, 2, 1.0, 0.1, False, 0, 0)
    assert hotspot_reason(chronic, "en") == (
        "9 presences where similar spaces have 0.04, on 2 different days: Saturday 22–02; may be chance."
    )
    certain = HotSpot(0, 0, "emerging", tuple(range(7)), 22, 24, 9, 0.5, 2, 9.0, 1e-9, True, 0, 0)
    assert hotspot_reason(certain, "sv").endswith("alla dagar 22–24; slump mer sällan än 1 gång på en miljon.")
    with pytest.raises(ValueError, match="'de'"):
        hotspot_reason(certain, "de")


@pytest.mark.parametrize(
    ("series", "busy_hours"),
    [
        (4, range(24)),
        (30, NIGHT),
        pytest.param(4, NIGHT, marks=pytest.mark.long),
        pytest.param(30, range(24), marks=pytest.mark.long),
    ],
)
def test_a_fleet_that_lives_at_other_hours_than_version_0_is_not_hot(series, busy_hours):
    """The detector long expects too little of its nights (53 of 60 such series were once listed); peers tell better."""
    presences = flat(series, rate=0.1)
    hours = presences.calendar.local_seconds(presences.starts) % 86400 // 3600
    random = np.random.default_rng(2)
    counts = random.poisson(np.where(np.isin(hours, busy_hours), 0.2, 0.05)[:, None], presences.counts.shape)
    columns = OccupancyColumns(shipped_version(), 60, presences.kinds, np.full(series, 0.02))
    slots = presences.calendar.slots_of(presences.starts)
    expected = [columns.advance(int(slot), row).mean for slot, row in zip(slots, counts.astype(float), strict=True)]
    lived = replace(presences, counts=counts.astype(float), expected=np.array(expected))
    parent = shipped_version().prior
    peers = fit_fleet(lived.calendar, lived.starts, lived.counts, lived.kinds, parent=parent).prior
    assert sum(entry.significant for entry in rank_hotspots(lived, peers)) <= 1
