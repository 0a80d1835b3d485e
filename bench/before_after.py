"""How often the 90% interval of a before/after holds the true ratio, in simulated towns.

    python -m bench.before_after [--towns 8] [--stairwells 120] [--first-seed 900]

*Thinned* and *added*: whatever happens in a stairwell, its presences after the date are thinned by a true ratio, or
as many times the normal ones are added. *Ended*: loitering that was there all the time ends at the date, and the true
ratio is what is left of the rate. *Picked*: nothing is done at the stairwells that rose most in the last fortnight
before the date, in a town where nothing happens; who is picked so falls back by itself. *Far busier*: nothing is done
at a stairwell where a hundred times as many come as at its like.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from models.city import CityParameters, SimulatedCity, simulate_city
from models.effect import Effect, count_weeks, effect
from models.kinds import kind_number

_EVERY = 3  # stairwells: others would be much the same cases
_PICKED = 6
_RISE_WEEKS = 2
_TIMES_BUSIER = 100
_HOUR_SHAPE, _DAY_SHAPE = 3.0, 12.0  # of its hours and days, as elsewhere in the town
_CHRONIC = CityParameters(chronic_share=0.12)


@dataclass(frozen=True)
class Case:
    """An interval, and the true ratio that it should hold."""

    found: Effect
    truth: float

    @property
    def covered(self) -> bool:
        return self.found.low <= self.truth <= self.found.high


@dataclass(frozen=True)
class Spans:
    """A town's windows around the date."""

    city: SimulatedCity
    before: int

    @cached_property
    def weeks(self) -> NDArray[np.int64]:
        days = self.city.calendar.local_days(self.city.starts)
        return (days - days[0]) // 7

    @property
    def after(self) -> NDArray[np.bool_]:
        return self.weeks >= self.before

    @cached_property
    def slots(self) -> NDArray[np.int64]:
        return self.city.calendar.slots_of(self.city.starts).astype(np.int64)

    def series(self, stairwell: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.city.stairwell_of_series == stairwell)

    def effect_at(self, stairwell: int, counts: NDArray[np.float64]) -> Effect | None:
        """As in the service: without the stairwells of the same building; None where too little was heard."""
        city, buildings = self.city, np.array([place.building for place in self.city.places])
        stairwells = city.stairwell_of_series
        kinds = np.array([kind_number(kind) for kind in city.kinds])
        weeks = count_weeks(counts, self.slots, self.weeks, kinds, stairwells, weeks_before=self.before)
        near = np.unique(stairwells[buildings == buildings[self.series(stairwell)[0]]])
        usable = weeks.comparable
        if not usable[stairwell]:
            return None
        usable[np.setdiff1d(near, stairwell)] = False
        rows = np.flatnonzero(usable)
        return effect(weeks.select(rows), int(np.searchsorted(rows, stairwell)))


def scaled(ratio: float, town: Spans) -> Iterator[Case]:
    """Presences of every third stairwell in turn thinned, or added to, after the date."""
    random = np.random.default_rng(7)
    counts = np.where(town.city.annotated, np.nan, town.city.counts)
    for stairwell in range(0, len(town.city.stairwells), _EVERY):
        there = np.ix_(town.after, town.series(stairwell))
        changed = counts.copy()
        if ratio < 1:
            changed[there] = _thinned(random, changed[there], np.float64(ratio))
        else:
            changed[there] += random.poisson(town.city.rate[there] * (ratio - 1))
        if found := town.effect_at(stairwell, changed):
            yield Case(found, ratio)


def ended(town: Spans) -> Iterator[Case]:
    """Chronic loitering ends at the date."""
    random = np.random.default_rng(7)
    counts = np.where(town.city.annotated, np.nan, town.city.counts)
    for episode in town.city.episodes:
        stairwell = int(town.city.stairwell_of_series[episode.series])
        there = np.ix_(town.after, town.series(stairwell))
        normal, all_in_all = town.city.rate[there], (town.city.rate + town.city.loitering)[there]
        heard = ~np.isnan(counts[there])
        changed = counts.copy()
        changed[there] = _thinned(random, counts[there], normal / all_in_all)
        found = town.effect_at(stairwell, changed) if episode.kind == "chronic" else None
        if found:
            yield Case(found, float(normal[heard].sum() / all_in_all[heard].sum()))


def picked(town: Spans) -> Iterator[Case]:
    """Nothing is done where presences rose most before the date."""
    counts, weeks = town.city.counts, town.weeks
    late = (weeks < town.before) & (weeks >= town.before - _RISE_WEEKS)
    early = weeks < town.before - _RISE_WEEKS
    share = late.sum() / early.sum()
    recent, earlier = np.nansum(counts[late], axis=0), np.nansum(counts[early], axis=0) * share
    rise = (recent - earlier) / np.sqrt(recent + earlier + 1.0)
    for series in np.argsort(-rise)[:_PICKED]:
        if found := town.effect_at(int(town.city.stairwell_of_series[series]), counts):
            yield Case(found, 1.0)


def far_busier(town: Spans) -> Iterator[Case]:
    """Nothing is done at a stairwell that is busier than all others by far, every third in turn."""
    random = np.random.default_rng(7)
    city = town.city
    days = city.calendar.local_days(city.starts)
    for stairwell in range(0, len(city.stairwells), _EVERY):
        there = town.series(stairwell)
        by_day = random.gamma(_DAY_SHAPE, 1 / _DAY_SHAPE, (int(np.ptp(days)) + 1, len(there)))[days - days[0]]
        by_hour = random.gamma(_HOUR_SHAPE, 1 / _HOUR_SHAPE, by_day.shape)
        counts = np.where(city.annotated, np.nan, city.counts)
        many = random.poisson(_TIMES_BUSIER * city.rate[:, there] * by_day * by_hour)
        counts[:, there] = np.where(np.isnan(counts[:, there]), np.nan, many)
        if found := town.effect_at(stairwell, counts):
            yield Case(found, 1.0)


def _thinned(
    random: np.random.Generator, counts: NDArray[np.float64], share: NDArray[np.float64] | np.float64
) -> NDArray[np.float64]:
    heard = ~np.isnan(counts)
    return np.where(heard, random.binomial(np.where(heard, counts, 0.0).astype(np.int64), share), np.nan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=8)
    parser.add_argument("--stairwells", type=int, default=120)
    parser.add_argument("--first-seed", type=int, default=900)
    options = parser.parse_args()
    scenarios: list[tuple[str, Callable[[Spans], Iterator[Case]], CityParameters]] = [
        *((f"true ratio {ratio:g}", partial(scaled, ratio), CityParameters()) for ratio in (1.0, 0.5, 2.0)),
        ("loitering ended", ended, _CHRONIC),
        ("picked for a rise, nothing done", picked, CityParameters().calm()),
        ("far busier than all others, nothing done", far_busier, CityParameters()),
    ]
    for title, scenario, parameters in scenarios:
        for weeks in (8, 4):
            cases = [
                case
                for seed in range(options.first_seed, options.first_seed + options.towns)
                for case in scenario(
                    Spans(simulate_city(seed, options.stairwells, 2 * weeks, parameters=parameters), weeks)
                )
            ]
            _report(f"{title}, {weeks} weeks before and after", cases)


def _report(title: str, cases: list[Case]) -> None:
    bias = np.median([np.log(case.found.ratio / case.truth) for case in cases])
    width = np.median([case.found.high / case.found.low for case in cases])
    told = np.mean([not case.found.low <= 1.0 <= case.found.high for case in cases])
    covered = np.mean([case.covered for case in cases])
    print(
        f"{title}: {len(cases)} cases, {covered:.1%} covered, median error {np.expm1(bias):+.1%}, "
        f"median high / low {width:.2f}, a change told {told:.0%}"
    )


if __name__ == "__main__":
    main()
