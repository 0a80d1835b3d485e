"""The town's mood: one for each tenant, told by the many, and none where nothing is out of the way."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calendar import Calendar
from models.hotspots.blocks import BLOCK_HOURS, Days
from models.hotspots.ground import Presences
from models.hotspots.mood import Mood, mood_of
from models.hotspots.ranking import town_of
from models.hotspots.town import Town
from models.shipped import shipped_version
from service.settings import load_settings
from service.usecases.lists.ranking import Ranking, rank_all

DAYS = Days.ending(20_347, period=14, history=70)
seeds = st.integers(0, 2**32 - 1)


def town(seed: int, series: int = 150) -> np.ndarray:
    """Presences to be expected, float[70, 24, series]: most series are quiet, and all are busier in the evening."""
    random = np.random.default_rng(seed)
    hours = 1.2 + np.cos(2 * np.pi * (np.arange(24) - 18) / 24)
    return np.broadcast_to(hours[:, None], (70, 24, 1)) * 0.08 * random.gamma(1.5, 1 / 1.5, series)


def lived(seed: int, rate: np.ndarray) -> np.ndarray:
    """Counts, more unsteady than Poisson's from hour to hour and from night to night."""
    random = np.random.default_rng([seed, 1])
    nights = random.gamma(10.0, 0.1, (len(rate), 1, rate.shape[2]))
    return random.poisson(rate * nights * random.gamma(2.0, 0.5, rate.shape)).astype(np.float32)


def told(counts: np.ndarray, base: np.ndarray) -> Mood:
    return mood_of(counts, base.astype(np.float32), DAYS)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_a_town_as_ever_has_the_factor_1_within_its_uncertainty(seed):
    base = town(seed)
    mood = told(lived(seed, base), base)
    away = np.abs(np.log(mood.factor))
    assert away.mean() < 0.1
    assert (away <= 3 * np.sqrt(mood.variance)).mean() > 0.98


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([0.5, 1.5, 2.5]))
def test_the_mood_is_told_where_it_is_and_not_beside(seed, factor):
    base = town(seed)
    rate = base.copy()
    rate[np.ix_(DAYS.in_period, range(18, 24))] *= factor
    mood = told(lived(seed, rate), base).factor
    assert np.exp(np.log(mood[:, 19:23]).mean()) == pytest.approx(factor, rel=0.2)
    assert np.exp(np.log(mood[:, 4:16]).mean()) == pytest.approx(1.0, rel=0.15)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_a_weekday_may_have_a_mood_of_its_own(seed):
    base = town(seed)
    rate = base.copy()
    saturdays = DAYS.in_period & (DAYS.weekdays == 5)
    rate[np.ix_(saturdays, range(18, 24))] *= 3.0
    mood = np.log(told(lived(seed, rate), base).factor[:, 19:23]).mean(axis=1)
    assert np.delete(mood, 5).max() < 0.35
    assert mood[5] > np.log(3.0) / 2


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([1.0, 1.8]))
def test_a_fifth_of_the_series_that_are_hot_hardly_move_it(seed, factor):
    """Loud all evening on every day, they double the sum, and move the mood by 0.08 in the mean."""
    base = town(seed)
    rate = base.copy()
    rate[np.ix_(DAYS.in_period, range(18, 24))] *= factor
    hot = rate.copy()
    hot[np.ix_(DAYS.in_period, range(18, 24), range(30))] += 1.5
    calm_mood, mood = (np.log(told(lived(seed, one), base).factor[:, 19:23]).mean() for one in (rate, hot))
    sums = np.log(hot[DAYS.in_period][:, 19:23].sum() / rate[DAYS.in_period][:, 19:23].sum())
    assert sums > 0.6
    assert calm_mood - 0.1 <= mood <= calm_mood + sums / 2


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(0, 3))
def test_more_presences_everywhere_make_no_lesser_mood(seed, more):
    base = town(seed)
    counts = lived(seed, base)
    livelier = counts.copy()
    livelier[DAYS.in_period] += np.random.default_rng(seed).poisson(0.03 * more, livelier[DAYS.in_period].shape)
    before, after = (np.log(told(one, base).factor).mean() for one in (counts, livelier))
    assert after >= before - 1e-6


@given(st.integers(0, 19))
@settings(max_examples=10, deadline=None)
def test_a_handful_of_series_has_no_mood(series):
    base = town(3, series)
    mood = told(lived(3, 4 * base), base)
    assert (mood.factor == 1).all()
    assert not mood.variance.any()


def test_without_days_before_there_is_no_mood():
    base = town(4)
    mood = mood_of(lived(4, base), base.astype(np.float32), Days.ending(20_347, period=70, history=70))
    assert (mood.factor == 1).all()


def test_the_same_counts_have_the_same_mood_in_any_order():
    base = town(5)
    counts = lived(5, base)
    order = np.random.default_rng(5).permutation(base.shape[2])
    first, again, shuffled = told(counts, base), told(counts, base), told(counts[..., order], base[..., order])
    assert (first.factor == again.factor).all()
    np.testing.assert_allclose(shuffled.factor, first.factor, rtol=1e-5)


def test_the_mood_of_a_block_varies_as_its_hours_do_in_the_mean():
    """Past midnight they are the next day's, and after Sunday comes Monday."""
    variance = np.random.default_rng(7).uniform(0.0, 0.5, (7, 24)).astype(np.float32)
    told = Mood(np.ones_like(variance), variance).variance_of_blocks().reshape(7, 24, len(BLOCK_HOURS))
    week = np.tile(variance.ravel(), 2)
    for weekday, from_hour, at in np.ndindex(told.shape):
        begin = 24 * weekday + from_hour
        mean = week[begin : begin + BLOCK_HOURS[at]].mean()
        assert told[weekday, from_hour, at] == pytest.approx(mean, rel=1e-4)


def test_series_follow_the_town_as_it_is_in_the_mean():
    series = 40_000
    variance = np.full((7, 24), 0.3, dtype=np.float32)
    drawn = Mood(np.ones_like(variance), variance).log_of_some(np.array([2]), series, np.random.default_rng(8))[0, 0]
    assert np.exp(drawn).mean() == pytest.approx(1.0, abs=4 * np.sqrt(np.expm1(0.3) / series))
    assert drawn.var() == pytest.approx(0.3, rel=4 * np.sqrt(2 / series))


def presences_of(seed: int, factor: float, hot: int = 0) -> Presences:
    """A town of 120 series that is so many times as lively from noon to midnight, in which some places are hot."""
    base = town(seed, 120)
    rate = base.copy()
    rate[np.ix_(DAYS.in_period, range(12, 24))] *= factor
    rate[np.ix_(DAYS.in_period & np.isin(DAYS.weekdays, [3, 4, 5]), range(20, 24), range(hot))] += 1.0
    counts = lived(seed, rate).astype(float).reshape(70 * 24, -1)
    starts = DAYS.first * 86_400 + 3_600 * np.arange(70 * 24)
    kinds = np.zeros(120, dtype=np.int64)
    return Presences(Calendar("UTC"), starts, counts, np.full_like(counts, 0.1), kinds, np.arange(120))


def ranking_of(presences: Presences) -> Ranking:
    asked = load_settings(environment={}).hotspots
    return rank_all(presences, shipped_version(), asked, np.full(len(presences.kinds), 10.0))


def significant_in(presences: Presences) -> set[int]:
    return {one.stairwell for one in ranking_of(presences).hotspots if one.significant}


@pytest.mark.parametrize("seeds", [(1,), pytest.param((1, 2), marks=pytest.mark.long)])
def test_a_lively_town_has_no_hot_spots(seeds):
    """There were 21 and 8 significant entries, without the mood."""
    assert sum(len(significant_in(presences_of(seed, 2.5))) for seed in seeds) <= len(seeds)


def test_hours_that_are_lively_together_are_no_company():
    """They are the mood's; without it a presence seemed to bring 0.07 others."""
    assert town_of(presences_of(2, 2.5), shipped_version().prior, days=14).company == 0.0


@pytest.mark.parametrize(("factor", "least"), [(1.8, 8), pytest.param(1.0, 18, marks=pytest.mark.long)])
def test_a_fifth_of_the_places_is_listed_however_lively_the_town_is(factor, least):
    entries = ranking_of(presences_of(6, factor, hot=24)).hotspots
    assert all(entry.stairwell < 24 for entry in entries[:12])
    significant = [entry.stairwell < 24 for entry in entries if entry.significant]
    assert sum(significant) >= least
    assert len(significant) - sum(significant) <= 2


def test_further_blocks_are_held_against_the_mood_of_the_whole_town():
    presences = presences_of(6, 1.8, hot=12)
    hours = np.arange(70 * 24)
    afternoons = np.repeat(DAYS.in_period & (DAYS.weekdays < 3), 24) & (hours % 24 >= 13) & (hours % 24 < 17)
    presences.counts[np.ix_(afternoons, range(12))] += 1
    ranked = ranking_of(presences)
    listed = [one for one in ranked.hotspots if one.significant]
    further = ranked.further_blocks(listed, 14)
    assert len(further) > len(listed) / 2
    without = replace(ranked, town=Town.as_ever()).further_blocks(listed, 14)
    told, else_told = ([found[place][0].score for place in further] for found in (further, without))
    assert np.mean(told) < np.mean(else_told) - 1
