"""Simulated towns with the life of a real one: Melbourne's counts, thinned to what a stairwell has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from bench.quality.alarming import onset_figures, onset_shares, threshold_without_hang_outs, warmed_up
from bench.quality.alarms import Flags, flag_at_own_budget, stairwell_weeks
from bench.quality.experiment import Figure, Row, Table
from bench.quality.melbourne import read_melbourne
from bench.quality.panel import Judgement, Panel, Rival
from bench.quality.towns import HANG_OUTS, Town, with_truth
from models.calendar import SECONDS_PER_WEEK
from models.city import CityParameters, SimulatedCity, simulate_city
from models.evaluation import opened
from models.kinds import kind_number

_FIRST_MONDAY = date(2015, 1, 5)
_WEEKS = 20
_SENSORS = (1, 2, 3)  # of those by name; the first stands beside a stadium, where half the evenings are events

ONSETS = Table(
    "melbourne-onsets",
    "Onsets of loitering in towns with Melbourne's life",
    "The simulated towns once more, with weather, seasons, feasts and habits of a real one: for a presence in a kind "
    "of space one of Melbourne's sensors counted somebody, who was kept with the chance that leaves as few as that "
    "space has. (Three of the four sensors: Birrarung Marr is beside a stadium, whose evenings are events.) Five towns "
    "in five spans of 20 weeks; hang-outs and columns are those of the simulated towns. Everybody's threshold, here "
    "Trappvakt's too, opens 2 episodes per 100 stairwell-weeks after four weeks in such towns without hang-outs.",
    "Its score is not made for one threshold in all hours; by its own tail it is ahead.",
)
OWN = Table(
    "melbourne-onsets-by-tail",
    "Onsets of loitering in towns with Melbourne's life, by the calibrated tail",
    "The same as Trappvakt tells it, by its own tail, and the episodes per 100 stairwell-weeks that this opens without "
    "hang-outs; promised are 2 of a town where nothing happens, which Melbourne is not.",
)


@dataclass(frozen=True)
class MelbourneTowns:
    """Onsets found where people live as in Melbourne.

    Parameters
    ----------
    datasets
        Folder of the public counts.
    rivals
        Who takes part.
    seed
        Of the first town with hang-outs; those of towns without come after.
    towns, stairwells
        Number of towns, each in the 20 weeks after those of the one before, and size of each.
    """

    datasets: Path
    rivals: Sequence[Rival]
    seed: int
    towns: int = 5
    stairwells: int = 60
    name: str = ONSETS.name
    tables: Sequence[Table] = (ONSETS, OWN)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        panel = read_melbourne(self.datasets)
        calm, towns = list(self._towns(panel, self.seed + self.towns)), list(self._towns(panel, self.seed, HANG_OUTS))
        in_calm, in_towns = ([rival.judge(town) for town in each] for each in (calm, towns))
        threshold = threshold_without_hang_outs(in_calm, calm)
        rows = {ONSETS.name: _figures([judged.score >= threshold for judged in in_towns], towns)}
        if in_calm[0].tail is not None:
            own = _figures([flag_at_own_budget(*each) for each in zip(in_towns, towns, strict=True)], towns)
            rows[OWN.name] = {**own, "without hang-outs": _episodes(in_calm, calm)}
        return rows

    def _towns(self, panel: Panel, seed: int, parameters: CityParameters | None = None) -> Iterator[Town]:
        for span in range(self.towns):
            city = melbourne_town(panel, seed + span, self.stairwells, _WEEKS, span=span, parameters=parameters)
            yield with_truth(city, city)


def melbourne_town(
    panel: Panel, seed: int, stairwells: int, weeks: int, *, span: int = 0, parameters: CityParameters | None = None
) -> SimulatedCity:
    """A simulated town whose normal presences are Melbourne's pedestrians, thinned; its rate is each slot's mean.

    Parameters
    ----------
    panel
        Melbourne's counts; kinds of space take its sensors in turn.
    seed, stairwells, weeks, parameters
        Of the town, which keeps its levels, gaps and hang-outs; without parameters nothing happens.
    span
        How many times ``weeks`` after the first Monday the town begins.
    """
    city = simulate_city(
        seed,
        stairwells,
        weeks,
        null=parameters is None,
        start=_FIRST_MONDAY + timedelta(weeks=span * weeks),
        timezone=panel.calendar.timezone,
        holidays=panel.calendar.holidays,
        parameters=parameters,
    )
    random = np.random.default_rng(seed)
    first = int(np.searchsorted(panel.starts, city.starts[0]))
    sensors = [_SENSORS[kind_number(kind) % len(_SENSORS)] for kind in city.kinds]
    many = panel.counts[first : first + len(city.starts), sensors]
    missing = np.isnan(many) | np.isnan(city.counts)
    many = np.where(np.isnan(many), np.nanmean(many, axis=0), many)
    kept = city.rate.mean(axis=0) / many.mean(axis=0)
    rate, slots = np.empty(many.shape), city.calendar.slots_of(city.starts)
    for slot in np.unique(slots):
        rate[slots == slot] = many[slots == slot].mean(axis=0) * kept
    presences = random.binomial(many.astype(np.int64), kept) + random.poisson(city.loitering)
    return replace(city, counts=np.where(missing, np.nan, presences), rate=rate)


def spans_of(panel: Panel, weeks: int) -> int:
    """How many spans of so many weeks the counts have from the first Monday on."""
    begin = datetime.combine(_FIRST_MONDAY, time(), ZoneInfo(panel.calendar.timezone)).timestamp()
    end = int(panel.starts[-1]) + panel.calendar.window_seconds
    return (end - int(begin)) // SECONDS_PER_WEEK // weeks


def _figures(flags: Sequence[Flags], towns: Sequence[Town]) -> dict[str, Figure]:
    """Share of onsets found, all towns together."""
    shares: dict[str, list[bool]] = {}
    for flagged, town in zip(flags, towns, strict=True):
        for title, found in onset_shares(flagged, town).items():
            shares.setdefault(title, []).extend(found)
    return onset_figures(shares)


def _episodes(judged: Sequence[Judgement], calm: Sequence[Town]) -> Figure:
    """Opened per 100 stairwell-weeks after the warm-up, all towns together."""
    number = weeks = 0.0
    for one, town in zip(judged, calm, strict=True):
        known = warmed_up(town)
        number += float((opened(flag_at_own_budget(one, town)) & known).sum())
        weeks += stairwell_weeks(town, known)
    return Figure(f"{100 * number / weeks:.2f}")
