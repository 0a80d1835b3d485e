"""What the detector learns, what it refuses to learn, and how often it cries wolf; on simulated towns."""

from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from models.city import CityParameters, SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.detector.state import DAY_PARTS, Head
from models.detector.verdicts import Verdicts
from models.hyperparameters import Hyperparameters
from models.kinds import kind_number
from models.shipped import shipped_version

BUDGET = 0.02  # episodes per stairwell-week


def detect(city: SimulatedCity) -> Verdicts:
    """Verdicts on all windows of a town; a stairwell's budget is shared by its series."""
    series = np.bincount(city.stairwell_of_series)[city.stairwell_of_series]
    columns = OccupancyColumns(shipped_version(), 60, [kind_number(k) for k in city.kinds], BUDGET / series)
    slots = city.calendar.slots_of(city.starts)
    return columns.tell([columns.advance(int(slot), row) for slot, row in zip(slots, city.counts, strict=True)])


@cache
def calm_town() -> tuple[SimulatedCity, Verdicts]:
    city = simulate_city(41, 150, 10, null=True)
    return city, detect(city)


@pytest.mark.parametrize(("level", "low", "high"), [(0.05, 0.85, 1.2), (0.01, 0.75, 1.35)])
def test_unlikely_counts_are_as_rare_as_they_say(level: float, low: float, high: float) -> None:
    """Randomised p of a calm town after four weeks, over all and by fifths of the expected count."""
    city, verdicts = calm_town()
    p_value, p_above, expected = verdicts.p_value, verdicts.p_above, verdicts.expected
    p = p_above + np.random.default_rng(0).random(p_above.shape) * (p_value - p_above)
    judged = (np.arange(len(p)) >= 4 * 168)[:, None] & ~np.isnan(city.counts)
    assert low < (p[judged] < level).mean() / level < high
    fifth = np.searchsorted(np.quantile(expected[judged], [0.2, 0.4, 0.6, 0.8]), expected)
    for k in range(5):
        rate = (p[judged & (fifth == k)] < level).mean() / level
        assert 0.7 < rate < 1.5, f"fifth {k}: {rate:.2f}"


def test_a_calm_town_keeps_to_the_budget() -> None:
    """Promised 2 episodes per 100 stairwell-weeks: between 0.5 and 2.5 are opened."""
    city, verdicts = calm_town()
    anomalous = verdicts.anomalous
    opened = (anomalous[1:] & ~anomalous[:-1]).sum() + anomalous[0].sum()
    per_hundred = 100 * opened / (len(city.stairwells) * len(city.starts) / 168)
    assert 0.5 <= per_hundred <= 2.5


def test_new_loitering_is_found_and_stays_found() -> None:
    """Onsets where at most 0.1 an hour is normal: most within a week, nearly all within two, still flagged later."""
    parameters = replace(CityParameters().calm(), emerging_share=0.4, emerging_onset=(0.45, 0.55))
    city = simulate_city(7, 120, 11, parameters=parameters)
    anomalous = detect(city).anomalous
    first, later = [], []
    for episode in city.episodes:
        loitering = city.loitering[:, episode.series] > 0
        if not loitering.any() or city.rate[loitering, episode.series].mean() > 0.1:
            continue
        onset = np.flatnonzero(loitering)[0]
        if np.isfinite(city.counts[:onset, episode.series]).sum() < 4 * 168:
            continue  # what a series does in its first weeks is its normal
        found = np.flatnonzero(anomalous[:, episode.series] & loitering)
        first.append((found[0] - onset) / 24 if found.size else np.inf)
        later.append((found >= onset + 4 * 168).any())
    assert len(first) >= 12
    assert np.mean(np.array(first) <= 7) >= 0.5
    assert np.mean(np.array(first) <= 14) >= 0.75
    assert np.mean(later) >= 0.8


def week_of(rate: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """A week's rates of a stairwell, or of some, float64[168, n]: quiet nights, busier days."""
    hour = np.arange(168) % 24
    return np.multiply.outer(np.where((hour >= 7) & (hour < 22), 1.5, 0.15), rate)


def run_weeks(columns: OccupancyColumns, rates: list[NDArray[np.float64]], random: np.random.Generator) -> None:
    for rate in rates:
        for slot in range(168):
            columns.learn(slot, random.poisson(rate[slot], columns.width).astype(float))


def test_a_shift_of_level_is_learnt_within_two_weeks_and_reported() -> None:
    """New tenants: after two weeks the expected counts of most series are those of the new level."""
    before, factor = np.repeat([0.4, 0.6, 20.0], 30), np.repeat([3.0, 0.25, 2.0], 30)
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(90, int), np.full(90, BUDGET))
    random = np.random.default_rng(3)
    run_weeks(columns, [week_of(before)] * 6, random)
    run_weeks(columns, [week_of(before * factor)] * 2, random)
    expected = sum(columns.score(slot, np.zeros(90)).expected for slot in range(168))
    ratio = (expected / week_of(before * factor).sum(axis=0)).reshape(3, 30)
    assert (np.abs(np.median(ratio, axis=1) - 1.05) < 0.35).all(), ratio
    reported = (columns.state.head[Head.EPOCH] >= 1).reshape(3, 30).mean(axis=1)
    assert reported[0] > 0.5
    assert reported[2] > 0.5


EVENINGS = np.concatenate([24 * day + np.arange(19, 23) for day in (1, 3, 4, 5)])


@cache
def hung_out() -> tuple[OccupancyColumns, OccupancyColumns]:
    """Two weeks, and five, of a hang-out on four evenings after six calm weeks; hardly anybody is in half the series.

    Of the others there are 0.08 presences an hour.
    """
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(80, int), np.full(80, BUDGET))
    random = np.random.default_rng(4)
    calm = week_of(np.repeat([0.02, 0.08], 40))
    hangout = calm.copy()
    hangout[EVENINGS] += 1.0
    run_weeks(columns, [calm] * 6 + [hangout] * 2, random)
    two_weeks = columns.select(range(40))
    run_weeks(columns, [hangout] * 3, random)
    return two_weeks, columns.select(range(40, 80))


def test_loitering_in_a_block_of_hours_is_not_learnt_as_normal() -> None:
    """Five weeks of a hang-out leave most of its excess unlearnt, and no shift is accepted."""
    columns = hung_out()[1]
    learnt = np.mean([columns.score(int(slot), np.zeros(40)).expected for slot in EVENINGS], axis=0)
    assert np.median(learnt) < week_of(0.08)[EVENINGS].mean() + 0.35
    flagged = np.mean([columns.score(int(slot), np.full(40, 2.0)).anomalous for slot in EVENINGS], axis=0)
    assert np.median(flagged) > 0.8
    assert columns.state.head[Head.EPOCH].mean() < 0.1


def test_earlier_evenings_make_an_anomaly_of_the_first_to_come_and_of_nobody_none() -> None:
    """Two weeks of a hang-out where hardly anybody is; by memory alone, empty evenings would be flagged as well."""
    columns = hung_out()[0]
    nobody, one = (
        np.mean([columns.score(int(slot), np.full(40, count)).anomalous for slot in EVENINGS]) for count in (0.0, 1.0)
    )
    assert nobody == 0.0
    assert one > 0.8


def test_a_level_far_outside_the_prior_is_picked_up_within_days() -> None:
    """A street with 10,000 presences an hour is no stairwell, and is expected so after three days."""
    columns = OccupancyColumns(shipped_version(), 60, [0], [BUDGET])
    random = np.random.default_rng(5)
    for slot in range(72):
        columns.learn(slot, random.poisson(10_000.0, 1).astype(float))
    expected = [columns.score(slot, np.zeros(1)).expected[0] for slot in range(72, 96)]
    assert 5_000 < np.median(expected) < 20_000


def test_what_is_long_ago_is_forgotten() -> None:
    """With short memories, a series that was heard for two weeks longer is as sure as the other, and no surer."""
    short = dict.fromkeys([each.name for each in fields(Hyperparameters) if each.name.endswith("memory_weeks")], 0.3)
    of_visits = {"time_memory_weeks": 1.0, "slot_memory_weeks": 1.0, "week_memory_weeks": 1.01}
    in_days = {"night_memory_days": 2.0, "shift_memory_days": 2.0, "level_memory_presences": 10.0}
    version = shipped_version()
    hyper = replace(version.hyperparameters, **short | of_visits | in_days)
    columns = OccupancyColumns(replace(version, hyperparameters=hyper), 60, [0, 0], [BUDGET, BUDGET])
    counts = np.random.default_rng(1).poisson(np.tile(week_of(0.8), 9)).astype(float)
    for window, count in enumerate(counts):
        columns.learn(window % 168, np.array([np.nan if window < 2 * 168 else count, count]))
    parts = [first + part for first in (Head.SHIFT_UP, Head.SHIFT_DOWN, Head.SHIFT_MEAN) for part in range(DAY_PARTS)]
    sums = [Head.DEPENDENCE_SUM + DAY_PARTS * (1 + 2 * scale) + part for scale in (0, 1) for part in range(DAY_PARTS)]
    weights = [Head.LEVEL_EXPOSURE, Head.DISPERSION_WEIGHT, Head.TIME_WEIGHT, Head.SLOT_WEIGHT, Head.CLUMPING_WEIGHT]
    others = [Head.RECENT_SUM, Head.MEAN, Head.DISTRUST, Head.NEAR_EXPOSURE, Head.NEAR_EXPOSURE + 1, Head.TAIL_WINDOWS]
    short_past, long_past = columns.state.head[parts + sums + weights + others].T
    np.testing.assert_allclose(short_past, long_past, rtol=0.15, atol=0.02)


def test_silence_adds_up_until_the_next_presence() -> None:
    """``quiet`` is minus the log probability of the silence; a missing count leaves it as it is."""
    columns = OccupancyColumns(shipped_version(), 60, [0], [BUDGET])
    columns.learn(12, np.array([0.0]))
    once = columns.quiet[0]
    columns.learn(13, np.array([np.nan]))
    assert columns.quiet[0] == once > 0
    columns.learn(14, np.array([0.0]))
    assert columns.quiet[0] > once
    columns.learn(15, np.array([1.0]))
    assert columns.quiet[0] == 0


def test_people_who_come_in_groups_are_learnt_as_clumping() -> None:
    """Counts in groups of k have k times a Poisson's variance: a clumping of k - 1."""
    group = np.repeat([1, 2, 3], 30)
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(90, int), np.full(90, BUDGET))
    random = np.random.default_rng(6)
    rate = week_of(1.0)
    for _ in range(8):
        for slot in range(168):
            columns.learn(slot, group * random.poisson(rate[slot] / group).astype(float))
    clumping = columns.state.head[Head.CLUMPING_SUM] / columns.state.head[Head.CLUMPING_WEIGHT]
    alone, pairs, threes = np.median(clumping.reshape(3, 30), axis=1)
    assert -0.2 < alone < 0.3
    assert 0.5 < pairs < 1.6
    assert 1.0 < threes < 3.0
