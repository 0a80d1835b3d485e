"""Towns that live otherwise than the simulated one: whether version 0, made of that one, keeps its budget in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.quality.alarming import onset_figures, onset_shares, warmed_up
from bench.quality.alarms import episode_rate, flag_at_own_budget
from bench.quality.experiment import Figure, Row, Table
from bench.quality.panel import Floats, Rival
from bench.quality.towns import CALM, HANG_OUTS, Town, with_truth
from models.city import CityParameters, SimulatedCity, simulate_city
from models.kinds import KINDS, kind_number

_OTHER_KIND = 3  # kinds further down the list
_HOURS = np.arange(24)
_FOUND = "<= 0.1: 14 days"

UNLIKE = Table(
    "unlike",
    "Towns that live otherwise",
    "Episodes opened per 100 stairwell-weeks after four weeks where nothing happens, promised are 2; and in brackets "
    "the share of onsets found within 14 days where normal is at most 0.1 an hour, in the same town with hang-outs. "
    "As simulated; with profiles bent twice as far from their kind's; with each space taken for one of another kind; "
    "with one to three peaks of each space at any hours of the day, at weekends often others. The shipped version "
    "knows but a town like the first; a town has a version of its own after a retraining. No race is held.",
)


@dataclass(frozen=True)
class UnlikeTowns:
    """False episodes and onsets found in towns of other habits.

    Parameters
    ----------
    rivals
        Who takes part.
    seed
        The towns have the seed forty above it.
    stairwells, weeks
        Size of each.
    """

    rivals: Sequence[Rival]
    seed: int
    stairwells: int = 150
    weeks: int = 20
    name: str = UNLIKE.name
    tables: Sequence[Table] = (UNLIKE,)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        return {self.name: {title: self._figure(rival, make) for title, make in _TOWNS}}

    def _figure(self, rival: Rival, make: _Make) -> Figure:
        calm, town = (make(self.seed + 40, self.stairwells, self.weeks, settings) for settings in (CALM, HANG_OUTS))
        rate = episode_rate(flag_at_own_budget(rival.judge(calm), calm), calm, warmed_up(calm))
        found = onset_figures(onset_shares(flag_at_own_budget(rival.judge(town), town), town))[_FOUND]
        return Figure(f"{rate:.1f} ({found.text})", detail=rate)


_Make = Callable[[int, int, int, CityParameters], Town]


def _as_simulated(seed: int, stairwells: int, weeks: int, parameters: CityParameters) -> Town:
    city = simulate_city(seed, stairwells, weeks, parameters=parameters)
    return with_truth(city, city)


def _bent(seed: int, stairwells: int, weeks: int, parameters: CityParameters) -> Town:
    return _as_simulated(seed, stairwells, weeks, replace(parameters, profile_spread=2 * parameters.profile_spread))


def _other_kinds(seed: int, stairwells: int, weeks: int, parameters: CityParameters) -> Town:
    town = _as_simulated(seed, stairwells, weeks, parameters)
    return replace(town, kinds=tuple(KINDS[(kind_number(kind) + _OTHER_KIND) % len(KINDS)] for kind in town.kinds))


def any_hours(seed: int, stairwells: int, weeks: int, parameters: CityParameters) -> Town:
    """A town whose spaces have their levels, gaps and hang-outs as simulated, but peaks at any hours of their own."""
    city = simulate_city(seed, stairwells, weeks, parameters=parameters)
    random = np.random.default_rng(seed)
    weekly = np.stack([_week(random) for _ in city.kinds], axis=1)
    slots = city.calendar.slots_of(city.starts)
    sundays = np.where(slots < len(weekly), slots, slots - 24)  # on holidays, too
    rate = weekly[sundays] * city.rate.mean(axis=0)
    days = random.gamma(parameters.day_shape, 1 / parameters.day_shape, (len(rate) // 24 + 1, rate.shape[1]))
    by_window = random.gamma(1 / city.dispersion, city.dispersion, rate.shape)
    counts = random.poisson(rate * days[np.arange(len(rate)) // 24] * by_window + city.loitering)
    other: SimulatedCity = replace(city, counts=np.where(np.isnan(city.counts), np.nan, counts), rate=rate)
    return with_truth(other, other)


def _week(random: np.random.Generator) -> Floats:
    """Rate relative to the level, float64[168]."""
    weekday = _day(random)
    weekend = weekday if random.random() < 0.5 else _day(random)
    week = np.stack([*[weekday] * 5, *[weekend * random.lognormal(0.0, 0.3)] * 2])
    week = (week * random.lognormal(0.0, 0.15, (7, 1))).ravel()
    return np.asarray(week / week.mean())


def _day(random: np.random.Generator) -> Floats:
    """One to three peaks between 6 and 24, float64[24]; of nights, 5 to 30%."""
    day = np.full(24, random.uniform(0.05, 0.3))
    for _ in range(random.integers(1, 4)):
        away = np.abs(_HOURS - random.uniform(6, 24))
        away = np.minimum(away, 24 - away)
        day += random.gamma(2.0, 0.5) * np.exp(-0.5 * (away / random.uniform(1.0, 3.5)) ** 2)
    return day


_TOWNS: tuple[tuple[str, _Make], ...] = (
    ("as simulated", _as_simulated),
    ("bent twice", _bent),
    ("other kinds", _other_kinds),
    ("any hours", any_hours),
)
