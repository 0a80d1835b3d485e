"""Presences that bring others: told of a town, never of loitering, and what it does to lists."""

from __future__ import annotations

import numpy as np
import pytest

from bench.quality.dependent import presences_that_bring_others
from models.city import SimulatedCity, simulate_city
from models.hotspots.company import draw_with_company
from models.hotspots.ground import Presences
from models.hotspots.ranking import HotSpot, rank_hotspots, town_of
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


def ranked(presences: Presences, town: Town | None = None) -> list[HotSpot]:
    parent = shipped_version().prior
    prior = fit_fleet(presences.calendar, presences.starts, presences.counts, presences.kinds, parent=parent).prior
    return rank_hotspots(presences, prior, days=DAYS, top=200, town=town)


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


def test_a_calm_town_whose_people_come_in_company_is_calm() -> None:
    """Where each presence is taken for one that comes alone, several stairwells are significant."""
    presences = presences_of(simulate_city(4, 100, 12, null=True), 0.45)
    assert len(significant(ranked(presences, Town.as_ever()))) >= 5
    assert len(significant(ranked(presences))) <= 1


def test_hot_places_are_found_where_people_come_in_company() -> None:
    city = simulate_city(5, 150, 12)
    hot = city.hot_stairwells(DAYS)
    named = [city.stairwells[stairwell] for stairwell in significant(ranked(presences_of(city, 0.4)))]
    assert len(named) >= 0.3 * len(hot)
    assert np.mean([stairwell in hot for stairwell in named]) > 0.8


def test_company_leaves_the_mean_of_what_is_drawn() -> None:
    mean = np.full((50, 24, 200), 0.3)
    counts = draw_with_company(mean, 0.4, np.random.default_rng(1))
    assert counts.mean() == pytest.approx(0.3, rel=0.03)
    sums = counts.reshape(-1, 12, 200).sum(axis=1)
    assert sums.var() / sums.mean() > 1.8
