"""Before and after: intervals that hold the truth as often as they say, whatever is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.before_after import Case, Spans, ended, scaled
from models.city import CityParameters, simulate_city
from models.effect import FEWEST_PLACEBOS, Effect, StairwellWeeks, count_weeks, effect

AFTER = np.arange(8) >= 4


def steady(stairwells: int, mean: float | np.ndarray, seed: int, astray: float = 0.0) -> StairwellWeeks:
    """Where nothing was done, but for what changes astray anyway."""
    random = np.random.default_rng(seed)
    expected = np.broadcast_to(np.reshape(mean, (-1, 1)), (stairwells, 8)).astype(float)
    factor = np.where(AFTER, np.exp(random.normal(0.0, astray, (stairwells, 1))), 1.0)
    observed = random.poisson(expected * factor).astype(float)
    return StairwellWeeks(observed, expected, np.full_like(expected, 168.0), AFTER)


def holds_no_change(found: Effect) -> bool:
    return found.low <= 1.0 <= found.high


@pytest.fixture(scope="module")
def cases() -> dict[float, list[Case]]:
    """What is found in two towns where all that can happen happens, by the true ratio of one stairwell in turn."""
    towns = [Spans(simulate_city(seed, 90, 12), 6) for seed in (901, 902)]
    return {ratio: [case for town in towns for case in scaled(ratio, town)] for ratio in (0.5, 1.0)}


def test_the_interval_holds_the_truth_as_often_as_it_says(cases: dict[float, list[Case]]) -> None:
    """Nine times in ten: of 110 cases within three standard errors."""
    every = [case for some in cases.values() for case in some]
    assert len(every) > 100
    assert np.mean([case.covered for case in every]) == pytest.approx(0.9, abs=0.085)


def test_a_change_is_told_where_there_is_one(cases: dict[float, list[Case]]) -> None:
    told = {ratio: np.mean([case.found.high < 1.0 for case in some]) for ratio, some in cases.items()}
    assert told[0.5] > 0.6
    assert told[1.0] < 0.12
    assert np.median([case.found.ratio for case in cases[0.5]]) == pytest.approx(0.5, abs=0.06)


def test_loitering_that_ends_is_covered_too() -> None:
    """Places that were busiest of all, and fall back only because it ended."""
    parameters = CityParameters(chronic_share=0.2)
    found = list(ended(Spans(simulate_city(955, 90, 16, parameters=parameters), 8)))
    assert len(found) > 12
    assert np.mean([case.covered for case in found]) > 0.75
    assert np.median([np.log(case.found.ratio / case.truth) for case in found]) == pytest.approx(0.0, abs=0.12)


def test_what_happens_to_the_whole_town_is_no_effect() -> None:
    """All stairwells double."""
    weeks = steady(60, 20.0, 3)
    doubled = replace(weeks, observed=weeks.observed * np.where(AFTER, 2.0, 1.0))
    alone = effect(weeks, 0)
    assert effect(doubled, 0).ratio == pytest.approx(alone.ratio, rel=0.03)


def test_missing_weeks_are_no_fall() -> None:
    """A stairwell of which three weeks in four after the date were not heard."""
    weeks = steady(60, 40.0, 4)
    observed, expected = weeks.observed.copy(), weeks.expected.copy()
    observed[0, 5:] = expected[0, 5:] = 0.0
    found = effect(replace(weeks, observed=observed, expected=expected), 0)
    assert found.low < 1.0 < found.high
    assert found.high / found.low > 1.05 * effect(weeks, 0).high / effect(weeks, 0).low


def test_hours_that_were_not_heard_count_by_how_busy_they_are() -> None:
    """Ten busy hours a day: whether nights or days were missed after the date, the rate stays."""
    random = np.random.default_rng(5)
    windows, series = 8 * 168, 60
    busy = (np.arange(windows) % 24 >= 8) & (np.arange(windows) % 24 < 18)
    counts = random.poisson(np.where(busy, 6.0, 0.2)[:, None], (windows, series)).astype(float)
    weeks = np.arange(windows) // 168
    for missed in (busy & (np.arange(windows) % 24 < 12), ~busy & (np.arange(windows) % 24 < 8)):
        heard = counts.copy()
        heard[(weeks >= 4) & missed, 0] = np.nan
        counted = count_weeks(
            heard, np.arange(windows) % 168, weeks, np.zeros(series, dtype=int), np.arange(series), weeks_before=4
        )
        rates = [counted.observed[0, there].sum() / counted.expected[0, there].sum() for there in (AFTER, ~AFTER)]
        assert rates[0] / rates[1] == pytest.approx(1.0, abs=0.12)


def test_a_sensor_that_came_late_is_not_compared() -> None:
    """Neither is one that heard little; the stairwell's other sensor still is."""
    counts = np.ones((8 * 168, 3))
    counts[: 5 * 168, 1] = np.nan
    weeks = np.arange(8 * 168) // 168
    counted = count_weeks(
        counts, np.arange(8 * 168) % 168, weeks, np.zeros(3, dtype=int), np.array([0, 0, 1]), weeks_before=4
    )
    assert counted.observed.tolist() == counted.heard.tolist() == [[168.0] * 8] * 2
    assert counted.comparable.all()
    assert counted.after.tolist() == AFTER.tolist()
    nothing = count_weeks(
        counts[:, [1]], np.arange(8 * 168) % 168, weeks, np.zeros(1, dtype=int), np.zeros(1, dtype=int), weeks_before=4
    )
    assert not nothing.comparable.any()


@pytest.mark.parametrize(("heard", "compared"), [(0.45, False), (0.55, True)])
def test_what_a_sensor_missed_most_of_is_not_compared(heard: float, compared: bool) -> None:
    counts = np.ones((8 * 168, 2))
    counts[4 * 168 + round(heard * 4 * 168) :, 1] = np.nan
    weeks = np.arange(8 * 168) // 168
    counted = count_weeks(
        counts, np.arange(8 * 168) % 168, weeks, np.zeros(2, dtype=int), np.array([0, 1]), weeks_before=4
    )
    assert counted.comparable.tolist() == [True, compared]


def test_the_interval_leaves_out_no_change_where_one_placebo_in_ten_changed_as_much() -> None:
    """And is as wide for each stairwell as its placebos make it."""
    for seed in (0, 1):
        weeks = steady(40, 30.0, seed, astray=0.2)
        for target in range(40):
            found = effect(weeks, target)
            assert holds_no_change(found) == (found.p_value > 0.1 + 1e-9)
    weeks.observed[0, 4:] = 0.0
    assert effect(weeks, 0).p_value == 1 / 40


def test_busy_and_quiet_stairwells_are_covered_alike_where_all_change_astray() -> None:
    towns = [steady(60, np.repeat([500.0, 4.0], 30), seed, astray=0.25) for seed in range(3)]
    held = np.array([[holds_no_change(effect(weeks, target)) for target in range(60)] for weeks in towns])
    assert held[:, :30].mean() > 0.82
    assert held[:, 30:].mean() < 0.97


def test_what_is_known_of_the_others_bounds_what_is_told_of_one() -> None:
    """A busy stairwell among quiet ones changed as much as theirs by chance."""
    mean = np.r_[50_000.0, np.full(20, 3.0)]
    assert np.mean([holds_no_change(effect(steady(21, mean, seed), 0)) for seed in range(40)]) > 0.8


@pytest.mark.parametrize(("stairwells", "astray"), [(30, 0.0), (30, 0.2), (90, 0.2)])
def test_a_stairwell_far_busier_than_all_others_is_covered_as_often_as_it_says(stairwells: int, astray: float) -> None:
    """Its weeks vary by more than their counts, which quiet ones do not show."""
    held = []
    for seed in range(120):
        random = np.random.default_rng(seed)
        mean = np.r_[1000.0, random.gamma(2.0, 4.0, stairwells - 1) + 1.0]
        weeks = steady(stairwells, mean, seed, astray)
        livelier = random.gamma(20.0, 1 / 20.0, weeks.observed.shape)
        held.append(holds_no_change(effect(replace(weeks, observed=np.round(weeks.observed * livelier)), 0)))
    assert np.mean(held) > 0.83


def test_the_most_alike_are_so_before_the_date_by_the_hours_heard_and_on_the_scale_of_chance() -> None:
    weeks = steady(30, 60.0, 3)
    weeks.observed[:5, :4] = 100
    weeks.observed[:5, 3] = 10, 10, 35, 10, 12
    weeks.observed[1, 0], weeks.observed[4, 4:] = 130, 900
    weeks.observed[3, 1], weeks.expected[3, 1] = 50, 30  # half of the hours
    assert effect(weeks, 0).compared[:4].tolist() == [3, 4, 1, 2]


def test_unsteady_weeks_tell_less_than_steady_ones() -> None:
    weeks = steady(40, 40.0, 8)
    widths = []
    for two_weeks in ([40, 40], [0, 80]):
        weeks.observed[0] = np.tile(two_weeks, 4)
        found = effect(weeks, 0)
        widths.append(np.log(found.high / found.low))
    assert widths[1] > 2 * widths[0]


def test_too_few_to_compare_with_are_refused() -> None:
    effect(steady(FEWEST_PLACEBOS + 1, 20.0, 6), 0)
    with pytest.raises(ValueError, match="too few"):
        effect(steady(FEWEST_PLACEBOS, 20.0, 6), 0)
    with pytest.raises(ValueError, match="too few"):
        effect(steady(FEWEST_PLACEBOS + 1, 20.0, 6), 0, confidence=0.99)


@pytest.mark.parametrize("target", [0, 17])
def test_it_is_never_held_against_itself(target: int) -> None:
    found = effect(steady(30, 20.0, 7), target)
    assert target not in found.compared
    assert len(set(found.compared.tolist())) == 20
    assert 1 / 30 <= found.p_value <= 1.0


def test_placebo_p_values_are_even(cases: dict[float, list[Case]]) -> None:
    """Where nothing was done."""
    p_values = np.array([case.found.p_value for case in cases[1.0]])
    assert np.mean(p_values <= 0.25) == pytest.approx(0.25, abs=0.16)
    assert np.mean(p_values <= 0.5) == pytest.approx(0.5, abs=0.2)


def test_scenarios_are_seeded() -> None:
    town = Spans(simulate_city(903, 60, 6), 3)
    first, again = (list(scaled(0.5, town)) for _ in range(2))
    assert [case.found.ratio for case in first] == [case.found.ratio for case in again]
