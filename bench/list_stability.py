"""Measure how much of the first 20 entries stays from week to week, with and without damping.

    python -m bench.list_stability [--towns 10] [--stairwells 300] [--weeks 14] [--first-seed 100] [--margin M ...]

In a *steady* town all loitering was there before the sensors and goes on: from week to week there is no new evidence
but chance. In a town *as it comes* loitering begins and ends, which damping must not hide. *Unheard* is a list made
again after a week in which not one sensor was heard; then standings stay as they are, if there is a margin at all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from models.city import CityParameters, SimulatedCity, simulate_city
from models.evaluation import precision_at_k
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot
from models.kinds import kind_number
from models.shipped import shipped_version
from service.settings import load_settings
from service.settings.sections import Hotspots
from service.usecases.lists.ranking import rank_all
from service.usecases.lists.standing import order_by_standing, standing

FIRST = 20
FIRST_WEEK = 9
STEADY_TOWN = CityParameters(emerging_share=0.0, chronic_share=0.12, ended_share=0.0, shift_share=0.0)


def heard_in(city: SimulatedCity) -> Presences:
    """A town's presences. Held against their peers, they need nothing that the model expected."""
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    counts = np.where(city.annotated, np.nan, city.counts)
    return Presences(city.calendar, city.starts, counts, counts, kinds, city.stairwell_of_series)


def ranked_at(whole: Presences, settings: Hotspots, week: int, *, unheard_weeks: int = 0) -> list[HotSpot]:
    """Every hot-spot of the list made after so many weeks, the last of which may have been unheard."""
    until = week * 168 * 60 // whole.calendar.window_minutes
    counts = whole.counts[:until].copy()
    if unheard_weeks:
        counts[-unheard_weeks * 168 * 60 // whole.calendar.window_minutes :] = np.nan
    expected = np.where(np.isnan(counts), np.nan, whole.expected[:until])
    heard = (~np.isnan(counts)).sum(axis=0) * whole.calendar.window_minutes / 60 / 168
    presences = Presences(whole.calendar, whole.starts[:until], counts, expected, whole.kinds, whole.stairwells)
    return rank_all(presences, shipped_version(), settings, heard).hotspots


def damped(rankings: Sequence[Sequence[HotSpot]], margin: float, top: int) -> Iterator[list[int]]:
    """The stairwells of successive lists, each damped by the one before; all were heard in between."""
    standings: dict[int, float] = {}
    for ranking in rankings:
        scored = [(one, standing(one.score, standings.get(one.stairwell), margin)) for one in ranking]
        listed = order_by_standing(scored)[:top]
        standings = {one.stairwell: stands for one, stands in listed}
        yield [one.stairwell for one, _ in listed]


def overlaps(lists: Sequence[Sequence[int]]) -> list[float]:
    """Share of the first entries that were among the first of the list before."""
    return [len(set(before[:FIRST]) & set(after[:FIRST])) / FIRST for before, after in pairwise(lists)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=10)
    parser.add_argument("--stairwells", type=int, default=300)
    parser.add_argument("--weeks", type=int, default=14)
    parser.add_argument("--first-seed", type=int, default=100)
    settings = load_settings(environment={}).hotspots
    parser.add_argument("--margin", type=float, nargs="+", default=[0.0, settings.overtake_margin])
    options = parser.parse_args()
    for name, parameters in (("steady", STEADY_TOWN), ("as it comes", None)):
        figures: dict[float, list[tuple[float, float, float, float]]] = {margin: [] for margin in options.margin}
        for seed in range(options.first_seed, options.first_seed + options.towns):
            city = simulate_city(seed, options.stairwells, options.weeks, parameters=parameters)
            whole = heard_in(city)
            weekly = [ranked_at(whole, settings, week) for week in range(FIRST_WEEK, options.weeks + 1)]
            unheard = [weekly[-2], ranked_at(whole, settings, options.weeks, unheard_weeks=1)]
            hot = city.hot_stairwells(settings.days)
            for margin, rows in figures.items():
                lists = list(damped(weekly, margin, settings.top))
                found = precision_at_k([city.stairwells[one] for one in lists[-1]], hot, FIRST)
                kept = overlaps(lists)
                again = overlaps(list(damped(unheard, 1e9 if margin else 0.0, settings.top)))
                rows.append((float(np.mean(kept)), min(kept), again[0], found))
        for margin, rows in figures.items():
            mean, least, again, found = np.array(rows).T
            print(
                f"{name:12s} margin {margin:4.2f}: kept {mean.mean():.3f} a week (towns from {mean.min():.3f}, lists "
                f"from {least.min():.2f}), a week unheard {again.mean():.3f}, precision@{FIRST} {found.mean():.3f}"
            )


if __name__ == "__main__":
    main()
