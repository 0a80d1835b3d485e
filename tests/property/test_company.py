"""Presences that bring others: told of a town, never of loitering, and what it does to lists."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.dependent import presences_that_bring_others
from models.city import SimulatedCity, simulate_city
from models.hotspots.company import company_of, draw_with_company
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot
from models.hotspots.ranking import rank_hotspots, town_of
from models.hotspots.town import Town
from models.kinds import kind_number
from models.shipped import shipped_version
from models.training.fleet import fit_fleet

DAYS = 14


def drawn(city: SimulatedCity, company: float) -> np.ndarray:
    """Counts of the town's rates whose presences bring others in each of the two hours that follow."""
    random = np.random.default_rng(2)
    counts = presences_that_bring_others(random, city.rate, (company / 2, company / 2))
    counts += random.poisson(city.loitering)
    return np.where(np.isnan(city.counts) | city.annotated, np.nan, counts)


def presences_of(city: SimulatedCity, company: float) -> Presences:
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    counts = drawn(city, company)
    return Presences(city.calendar, city.starts, counts, city.rate, kinds, city.stairwell_of_series)


def ranked(presences: Presences, *towns: Town | None) -> list[list[HotSpot]]:
    """A list for each of the towns that the same presences may be taken for; that of `town_of` for None."""
    parent = shipped_version().prior
    prior = fit_fleet(presences.calendar, presences.starts, presences.counts, presences.kinds, parent=parent).prior
    return [rank_hotspots(presences, prior, days=DAYS, top=200, town=town) for town in towns]


def significant(found: list[HotSpot]) -> list[int]:
    return [one.stairwell for one in found if one.significant]


@pytest.mark.parametrize("null", [True, False])
def test_company_is_told_of_a_town_whether_somebody_loiters_there_or_not(null: bool) -> None:
    city = simulate_city(3, 100, 12, null=null)
    alone, accompanied = (
        town_of(presences_of(city, company), shipped_version().prior, days=DAYS).company for company in (0.0, 0.4)
    )
    assert alone < 0.05
    assert accompanied == pytest.approx(0.4, abs=0.15)


def test_a_wild_night_here_and_there_is_no_company() -> None:
    presences = presences_of(simulate_city(3, 100, 12, null=True), 0.0)
    for place in range(0, 100, 5):
        presences.counts[1500 + 7 * place : 1508 + 7 * place, place] = 60.0
    assert town_of(presences, shipped_version().prior, days=DAYS).company < 0.15


def test_a_calm_town_whose_people_come_in_company_is_calm() -> None:
    """Where each presence is taken for one that comes alone, several stairwells seem too unlikely for chance."""
    presences = presences_of(simulate_city(4, 100, 12, null=True), 0.45)
    as_ever, accompanied = ranked(presences, Town.as_ever(), None)
    assert sum(entry.p_value < 0.02 for entry in as_ever) >= 5
    assert sum(entry.p_value < 0.02 for entry in accompanied) <= 1
    assert len(significant(accompanied)) <= 1


def test_hot_places_are_found_where_people_come_in_company() -> None:
    city = simulate_city(5, 150, 12)
    hot = city.hot_stairwells(DAYS)
    (found,) = ranked(presences_of(city, 0.4), None)
    named = [city.stairwells[stairwell] for stairwell in significant(found)]
    assert len(named) >= 0.3 * len(hot)
    assert np.mean([stairwell in hot for stairwell in named]) > 0.8


def test_company_leaves_the_mean_of_what_is_drawn() -> None:
    mean = np.full((50, 24, 200), 0.3)
    counts = draw_with_company(mean, 0.4, np.random.default_rng(1))
    assert counts.mean() == pytest.approx(0.3, rel=0.03)
    sums = counts.reshape(-1, 12, 200).sum(axis=1)
    assert sums.var() / sums.mean() > 1.8
    strays = counts.reshape(-1, 200) - 0.3
    soon, later, last, beyond = ((strays[:-hours] * strays[hours:]).mean() for hours in (1, 2, 3, 12))
    assert soon > later > last > 10 * abs(beyond)  # of standard errors of 0.0007


USUAL = np.full((50, 24, 100), 0.3, dtype=np.float32)


def told_by_draws(observed: np.ndarray, rates: np.ndarray, usual: np.ndarray = USUAL) -> float:
    """The company of counts, held against draws from these rates."""
    return company_of(observed, usual, lambda: lambda company: draw_with_company(rates, company, seeded(5)))


def seeded(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_few_series_tell_less_company_than_many() -> None:
    """Two standard errors are taken off, which are wider; where people come alone, draws are seldom asked for."""
    usual = USUAL[:25]
    flat = usual.astype(float)
    observed = draw_with_company(flat, 0.3, seeded(5))
    few = [
        told_by_draws(observed[..., part], flat[..., part], usual[..., part]) for part in np.split(np.arange(100), 5)
    ]
    assert np.mean(few) < told_by_draws(observed, flat, usual) - 0.015
    asked: list[int] = []
    for seed in range(40):
        alone = seeded(seed).poisson(flat[..., :20]).astype(np.float32)
        company_of(alone, usual[..., :20], lambda: asked.append(1) or (lambda _: usual[..., :20]))
    assert len(asked) <= 4


def test_what_rises_together_in_the_draws_anyway_is_no_company() -> None:
    """Evenings that share a factor do, however many others a presence brings."""
    flat = USUAL.astype(float)
    nights = flat * seeded(6).gamma(2.0, 0.5, (50, 1, 100))
    observed = draw_with_company(flat, 0.4, seeded(7))
    company = told_by_draws(observed, flat)
    assert company == pytest.approx(0.4, abs=0.1)
    assert told_by_draws(observed, nights) == pytest.approx(company, abs=0.05)


def test_hours_that_nobody_listened_to_tell_nothing_of_company() -> None:
    usual = USUAL.copy()
    usual[:, ::5] = 0.0
    observed = draw_with_company(USUAL.astype(float), 0.4, seeded(8)) * (usual > 0)
    noise = np.where(usual > 0, observed, np.float32(9.0))
    rates = usual.astype(float)
    assert told_by_draws(noise, rates, usual) == told_by_draws(observed, rates, usual) > 0.0
