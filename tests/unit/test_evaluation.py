"""Measures against sums done by hand, and their limits."""

import numpy as np
import pytest
from scipy.stats import binom, nbinom, poisson

from models.city import SimulatedCity, simulate_city
from models.evaluation import (
    Case,
    Proportion,
    average_precision,
    chance_below,
    hours_iou,
    hours_of_block,
    inject,
    list_stability,
    measure_lists,
    overlap,
    precision_at_k,
    recall,
    tail_ratios,
)


def test_precision_counts_only_what_is_listed():
    assert precision_at_k([1, 2, 3, 4], {1, 4}, 4) == 0.5
    assert precision_at_k([1, 2], {1, 2}, 20) == 1.0
    assert precision_at_k([], {1}, 20) == 0.0


def test_average_precision_charges_for_what_is_missing():
    assert average_precision([1, 2, 3], {1, 2, 3}) == 1.0
    assert average_precision([1, 2, 3], {1, 2, 3, 4}) == 0.75
    assert average_precision([9, 1], {1}) == 0.5
    assert average_precision([9, 1], {1}, first=1) == 0.0
    assert average_precision([1], set()) == 0.0


def test_stability_is_the_share_kept():
    assert list_stability(["a", "b", "c"], ["c", "a", "x"], 3) == pytest.approx(2 / 3)
    assert list_stability(["a", "b", "c"], ["c", "a"], 2) == 0.5, "further down is not kept"
    assert list_stability(["a"], [], 3) == 1.0


def test_hours_wrap_midnight():
    assert hours_of_block(23, 2) == {23, 0, 1}
    assert hours_of_block(0, 24) == hours_of_block(5, 5) == set(range(24))
    assert hours_iou(hours_of_block(23, 2), hours_of_block(23, 2)) == 1.0
    assert hours_iou(set(), set()) == 0.0


def test_the_most_that_could_have_been_found_is_one_a_place_listed():
    """Of two lists: three incidents for one place, one for two."""
    cases = [Case(["a"], {"a": True, "x": True, "y": True}, 9), Case(["a", "b"], {"a": False, "b": True}, 9)]
    assert measure_lists(cases, 2).efficiency == Proportion(2, 2)
    assert measure_lists(cases, 2).hit_rate.share == 0.5


def test_overlap_is_of_the_longer_list():
    assert overlap(["a", "b", "c"], ["c", "x"], 3) == pytest.approx(1 / 3)
    assert overlap(["a"], [], 3) == 0.0
    assert overlap([], [], 3) == 1.0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.85])
def test_wilson_covers_about_as_often_as_it_says_with_few_trials(share: float):
    trials = 20
    found = np.arange(trials + 1)
    ends = [Proportion(int(one), trials).interval(0.9) for one in found]
    covered = np.array([low <= share <= high for low, high in ends])
    assert 0.85 <= binom.pmf(found, trials, share)[covered].sum() <= 0.96


def test_a_share_of_nothing_may_be_anything():
    assert Proportion(0, 0).interval() == (0.0, 1.0)
    assert np.isnan(Proportion(0, 0).share)
    with pytest.raises(ValueError, match="no share"):
        Proportion(3, 2)


@pytest.mark.parametrize("found", [0, 9])
def test_clusters_that_all_went_one_way_tell_as_much_as_one_trial_each(found: int):
    clustered = Proportion.clustered([found] * 3, [9] * 3)
    assert (clustered.found, clustered.trials) == (3 * found, 27)
    assert clustered.interval() == pytest.approx(Proportion(found // 3, 3).interval())


def test_visits_to_one_place_are_one_trial_whatever_was_found():
    low, high = Proportion.clustered([12], [30]).interval()
    assert Proportion(12, 30).interval()[1] < high
    assert high - low == pytest.approx(np.subtract(*Proportion(1, 1).interval()[::-1]), abs=0.1)


def test_visits_to_a_place_each_are_trials_of_their_own():
    assert Proportion.clustered([1, 0, 0, 1, 1], [1] * 5).interval() == Proportion(3, 5).interval()


@pytest.mark.parametrize("places", [2, 3, 5, 10])
def test_intervals_of_few_places_hold_the_share_as_often_as_they_say(places: int):
    """Each visited ten times, and good or bad for good."""
    random = np.random.default_rng(places)
    found = random.binomial(10, random.beta(0.4, 0.6, (600, places)))
    ends = [Proportion.clustered(hits, [10] * places).interval() for hits in found]
    assert np.mean([low <= 0.4 <= high for low, high in ends]) > 0.93


def test_chance_below_is_what_randomised_p_values_average_to():
    random = np.random.default_rng(1)
    p_value, p_above = np.array([0.2, 0.06, 0.04]), np.array([0.01, 0.04, 0.0])
    drawn = p_above + random.random((100_000, 3)) * (p_value - p_above)
    assert chance_below(p_value, p_above, 0.05) == pytest.approx((drawn < 0.05).mean(axis=0), abs=0.005)


def test_ratios_tell_a_right_distribution_from_a_narrow_one():
    random = np.random.default_rng(2)
    mean = np.exp(random.uniform(np.log(0.02), np.log(5.0), 200_000))
    counts = nbinom.rvs(2.0, 2.0 / (2.0 + mean), random_state=random)
    right = tail_ratios(
        mean, nbinom.sf(counts - 1, 2.0, 2.0 / (2.0 + mean)), nbinom.sf(counts, 2.0, 2.0 / (2.0 + mean))
    )
    narrow = tail_ratios(mean, poisson.sf(counts - 1, mean), poisson.sf(counts, mean))
    assert np.abs(np.log(right.by_decile[0])).max() < np.log(1.15)
    assert np.abs(np.log(right.overall)).max() < np.log(1.1)
    assert narrow.by_decile[1, -1] > 3.0
    assert right.windows.sum() == 200_000
    assert (np.diff(right.expected) > 0).all()


@pytest.fixture(scope="module")
def calm_city() -> SimulatedCity:
    """Ten weeks in which nothing happens."""
    return simulate_city(11, stairwells=60, weeks=10, null=True)


def test_injected_loitering_keeps_its_hours_and_its_rate(calm_city: SimulatedCity):
    city = calm_city
    since = int(city.starts[4 * 168])
    injected = inject(
        city.calendar, city.starts, city.counts, city.stairwell_of_series, 3, between=(since, since + 86_400), share=1.0
    )
    added = injected.counts - city.counts[:, injected.series]
    assert len(np.unique(city.stairwell_of_series[injected.series])) == len(injected), "one series a stairwell"
    assert np.nanmax(np.where(injected.hours, 0.0, added)) == 0.0
    assert (injected.onsets >= 4 * 168).all()
    assert np.nansum(added[: 4 * 168]) == 0.0
    after = injected.hours & (np.arange(len(city.starts))[:, None] >= injected.onsets) & ~np.isnan(added)
    assert (np.where(after, added, 0.0).sum() / (after * injected.rates).sum()) == pytest.approx(0.9, abs=0.05)
    assert (np.isnan(injected.counts) == np.isnan(city.counts[:, injected.series])).all()
    hours_a_week = injected.hours.mean(axis=0) * 168
    assert hours_a_week.min() > 5.9, "two hours on three evenings"
    assert hours_a_week.max() < 30.1, "six hours on five"


def test_injection_is_seeded_and_leaves_out_who_is_not_heard(calm_city: SimulatedCity):
    city = calm_city
    one, again, other = (
        inject(city.calendar, city.starts, city.counts, city.stairwell_of_series, seed) for seed in (3, 3, 4)
    )
    assert np.array_equal(one.counts, again.counts, equal_nan=True)
    assert one.series.tolist() != other.series.tolist()
    deaf = np.full_like(city.counts, np.nan)
    assert len(inject(city.calendar, city.starts, deaf, city.stairwell_of_series, 3)) == 0


def test_injection_leaves_out_who_hears_less_than_half_of_the_first_fortnight(calm_city: SimulatedCity):
    """What was heard later does not make up for it, and what was not does no harm."""
    city, heard = calm_city, np.nan_to_num(calm_city.counts)
    given = city.calendar, city.starts, city.stairwell_of_series
    injected = inject(*given[:2], heard, given[2], 3, share=1.0)
    for k, (series, onset) in enumerate(zip(injected.series, injected.onsets, strict=True)):
        fortnight = onset + np.flatnonzero(injected.hours[onset : onset + 14 * 24, k])
        missed = round((0.4 if k % 2 else 0.6) * len(fortnight))
        heard[fortnight[:missed], series] = np.nan
        heard[onset + 14 * 24 :, series] = np.nan if k % 2 else 0.0
    assert inject(*given[:2], heard, given[2], 3, share=1.0).series.tolist() == injected.series[1::2].tolist()


def test_injection_leaves_out_loitering_that_never_begins(calm_city: SimulatedCity):
    city, end = calm_city, int(calm_city.starts[-1])
    between = end - 2 * 86_400, end
    injected = inject(city.calendar, city.starts, city.counts, city.stairwell_of_series, 3, between=between, share=1.0)
    assert 0 < len(injected) < len(city.stairwells)
    assert (city.starts[injected.onsets] >= between[0]).all()


def test_injection_and_recall_go_by_the_length_of_a_window():
    city = simulate_city(12, stairwells=40, weeks=6, null=True, window_minutes=30)
    injected = inject(city.calendar, city.starts, city.counts, city.stairwell_of_series, 3, share=1.0)
    added = np.nan_to_num(injected.counts - city.counts[:, injected.series])
    after = injected.hours & (np.arange(len(added))[:, None] >= injected.onsets) & ~np.isnan(injected.counts)
    assert added.sum() / (after * injected.rates / 2).sum() == pytest.approx(0.9, abs=0.06)
    flagged = np.zeros(injected.hours.shape, dtype=bool)
    for column, onset in enumerate(injected.onsets):
        flagged[onset + np.flatnonzero(injected.hours[onset : onset + 7 * 48, column])[-1], column] = True
    assert recall(flagged, injected, 7) == Proportion(len(injected), len(injected)), "on the last evening of seven"


def test_recall_counts_what_is_flagged_in_its_hours_and_in_time(calm_city: SimulatedCity):
    city = calm_city
    injected = inject(city.calendar, city.starts, city.counts, city.stairwell_of_series, 3, share=0.5)
    nothing = np.zeros(injected.hours.shape, dtype=bool)
    in_time, before, elsewhere = nothing.copy(), nothing.copy(), nothing.copy()
    for column, onset in enumerate(injected.onsets):
        in_time[onset, column] = True
        before[:onset, column] = True
        elsewhere[onset + 11 :, column] = ~injected.hours[onset + 11 :, column]
    every = len(injected)
    assert recall(in_time, injected, 7) == Proportion(every, every)
    assert recall(nothing, injected, 7) == Proportion(0, every)
    assert recall(before, injected, 7).found <= every // 5, "only the hour beside the first evening"
    assert recall(in_time, injected, 7, without=in_time) == Proportion(0, every), "flagged anyway is not found"
    assert recall(in_time, injected, 70).trials == 0, "nothing can be followed for so long"
