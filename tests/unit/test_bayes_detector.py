"""The benchmark's Bayes detector: its odds against a sum over everything that may be, its prior against draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from bench.quality.rivals.bayes import DAY_NODES, judge_hang_outs, normal_in_truth
from bench.quality.rivals.hangouts import HangOuts, gamma_nodes, simulated_hang_outs, vague_hang_outs
from bench.quality.towns import Town, onset_town
from models.calendar import SECONDS_PER_DAY
from models.city import CityParameters, simulate_city

# Hang-outs in the afternoon and over midnight, on two sets of evenings that share a day.
FEW = HangOuts(
    evenings=np.array([[day in days for day in range(7)] for days in ((0, 1, 4), (1, 2, 3, 5, 6))]),
    evening_weights=np.array([0.3, 0.7]),
    first_hours=(15, 22),
    lengths=(2, 4),
    sizes=np.array([0.4, 1.0]),
    size_weights=np.array([0.5, 0.5]),
    attendance=0.9,
    strengths=np.array([0.6, 1.4]),
    strength_weights=np.array([0.5, 0.5]),
)


@cache
def chance(count: float, mean: float, dispersion: float, added: float) -> float:
    """P(count) of a negative binomial plus a Poisson count, term by term."""
    shape = 1.0 / dispersion
    loiterers = np.arange(int(count) + 1)
    normal = nbinom.pmf(count - loiterers, shape, shape / (shape + mean))
    return float((normal * poisson.pmf(loiterers, added)).sum())


def ratio_of_evening(town: Town, in_block: NDArray[np.bool_], local_days: NDArray[np.int64], size: float) -> float:
    """Likelihood ratio of the windows up to the block's latest, summed over attendance, strength and days' rates."""
    until = int(np.flatnonzero(in_block)[-1]) + 1
    nodes, weights = gamma_nodes(CityParameters().day_shape, DAY_NODES)
    mixed = 0.0
    for strength, weight in zip(FEW.strengths, FEW.strength_weights, strict=True):
        ratio = weight
        for day in np.unique(local_days[in_block]):
            windows = [w for w in np.flatnonzero(local_days == day) if w < until and not np.isnan(town.counts[w, 0])]
            joint = [
                [
                    np.prod([
                        chance(town.counts[w, 0], node * town.rate[w, 0], town.dispersion[0], added * in_block[w])
                        for w in windows
                    ])
                    for node in nodes
                ]
                for added in (size * strength, 0.0)
            ]  # fmt: skip
            ratio *= (weights @ joint[0]) / (weights @ joint[1])
        mixed += ratio
    return 1.0 - FEW.attendance + FEW.attendance * mixed


def odds_by_hand(town: Town, now: int) -> tuple[float, float]:
    """Mean over hypotheses of the sum over days of onset of the product of evenings' likelihood ratios.

    Of all, and of those alone to which the window belongs.
    """
    local = town.calendar.local_seconds(town.starts[: now + 1])
    days, hours = local // SECONDS_PER_DAY, local % SECONDS_PER_DAY // 3600
    total = in_hours = 0.0
    blocks = product(FEW.first_hours, FEW.lengths, zip(FEW.sizes, FEW.size_weights, strict=True))
    for first, length, (size, weight) in blocks:
        inside = (hours - first) % 24 < length
        evening = days - (hours < first)
        of_evening = {
            day: ratio_of_evening(town, inside & (evening == day), days, size) for day in np.unique(evening[inside])
        }
        for weekdays, chance_of_set in zip(FEW.evenings, FEW.evening_weights, strict=True):
            steps = [ratio if weekdays[(day + 3) % 7] else 1.0 for day, ratio in of_evening.items()]
            onsets = sum(float(np.prod(steps[onset:])) for onset in range(len(steps)))
            odds = weight * chance_of_set * onsets / (len(FEW.first_hours) * len(FEW.lengths))
            total += odds
            if inside[-1] and weekdays[(evening[-1] + 3) % 7]:
                in_hours += odds
    return total, in_hours


@pytest.fixture(scope="module")
def fortnight() -> Town:
    """Nine days of one series, with a visit on two evenings and a gap amid one."""
    town = onset_town(5, 1, 12)
    first = 8 * 7 * 24 - 6 * 24  # before summer time ends, so that a day has one hour three only
    some = slice(first, first + 9 * 24)
    counts = town.counts[some, :1].copy()
    counts[[40, 41, 88, 160, 161]] += 2.0
    counts[137:139] = np.nan
    return replace(
        town, starts=town.starts[some], counts=counts, rate=town.rate[some, :1], dispersion=town.dispersion[:1]
    )


@pytest.mark.parametrize("now", [1, 15, 47, 90, 139, 163, 215])
def test_odds_are_the_sum_over_all_hang_outs(fortnight: Town, now: int) -> None:
    """Amid a block, past midnight, after a gap, at the end."""
    for in_hours, odds in zip((False, True), odds_by_hand(fortnight, now), strict=True):
        score = judge_hang_outs(fortnight, FEW, normal_in_truth(fortnight), in_hours=in_hours).score[now, 0]
        assert score == pytest.approx(np.log(1e-9 + odds), rel=1e-9)


def test_null_counts_are_worth_one() -> None:
    """A likelihood ratio has mean 1 where nothing happens, so the statistic grows by one a day on average."""
    town, days = onset_town(6, 150, 12), 20
    quiet = replace(town.until(24 * days), rate=np.full((24 * days, town.width), 0.3))
    random = np.random.default_rng(3)
    shape = CityParameters().day_shape
    by_day = np.repeat(random.gamma(shape, 1 / shape, (days, town.width)), 24, axis=0)
    by_window = random.gamma(1 / town.dispersion, town.dispersion, quiet.rate.shape)
    small = replace(FEW, sizes=np.array([0.05, 0.1]))  # of which no rare evening is worth all others together
    counts = random.poisson(quiet.rate * by_day * by_window).astype(np.float64)
    odds = np.exp(judge_hang_outs(replace(quiet, counts=counts), small, normal_in_truth(quiet)).score[-1])
    assert odds.mean() == pytest.approx(days, abs=4.0 * odds.std() / np.sqrt(odds.size))


def test_prior_is_what_the_city_draws() -> None:
    """Sets of evenings as often as they should be, hours and lengths within the ends."""
    prior = simulated_hang_outs(CityParameters())
    assert prior.evening_weights.sum() == pytest.approx(1.0)
    crowded = replace(CityParameters().calm(), emerging_share=1.0)
    episodes = simulate_city(4, 4000, 1, parameters=crowded).episodes
    drawn = Counter(episode.weekdays for episode in episodes)
    sets = [tuple(np.flatnonzero(days).tolist()) for days in prior.evenings]
    assert set(drawn) <= set(sets)
    expected = prior.evening_weights * len(episodes)
    squares = (np.array([drawn[days] for days in sets]) - expected) ** 2 / expected
    assert squares.sum() < len(sets) + 4 * np.sqrt(2 * len(sets))
    assert {episode.from_hour for episode in episodes} == set(prior.first_hours)
    assert {len(episode.hours) for episode in episodes} == set(prior.lengths)
    rates = [episode.rate for episode in episodes]
    assert prior.sizes @ prior.size_weights == pytest.approx(np.mean(rates), rel=0.02)
    assert prior.sizes**2 @ prior.size_weights == pytest.approx(np.mean(np.square(rates)), rel=0.03)


def test_vague_prior_knows_neither_hours_nor_evenings() -> None:
    """Every weekday is as likely as any other."""
    prior = vague_hang_outs(CityParameters())
    np.testing.assert_allclose(prior.evening_weights @ prior.evenings, 4.5 / 7)
    assert tuple(prior.first_hours) == tuple(range(24))
