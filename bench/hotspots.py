"""Measure the hot-spot list on simulated towns that nothing was fitted to.

    python -m bench.hotspots [--towns 10] [--stairwells 300] [--weeks 14] [--first-seed 100] [--size 10000]
        [--datasets ../shared/datasets]

Prints precision, chronic places found, hours named, false discoveries, calm towns, rivals, the same of towns whose
presences bring others and of towns with Melbourne's life, if its counts are there, and the time of a large list, its
peers included.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.quality.dependent import presences_that_bring_others
from bench.quality.melbourne import read_melbourne
from bench.quality.melbourne_towns import melbourne_town, spans_of
from models.city import CityParameters, LoiteringEpisode, SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.evaluation import average_precision, hours_iou, hours_of_block, precision_at_k
from models.hotspots.ground import Presences
from models.hotspots.hotspot import HotSpot
from models.hotspots.ranking import rank_hotspots
from models.kinds import kind_number
from models.prior import FleetPrior
from models.shipped import shipped_version
from models.training.fleet import fit_fleet
from service.settings import load_settings
from service.usecases.lists.ranking import rank_all

DAYS = 14
ALARMS_PER_SERIES_WEEK = 0.02
# The same numbers as the town's defaults, but quiet places only: what stays undetectable there is little.
QUIET_TOWN = CityParameters(level_bounds=(0.005, 0.2), loitering_rate=(0.5, 1.2))


@dataclass(frozen=True)
class Town:
    """A town with all that its list is made from."""

    city: SimulatedCity
    presences: Presences
    prior: FleetPrior

    def listed(self) -> list[HotSpot]:
        return rank_hotspots(self.presences, self.prior, days=DAYS, top=len(self.city.stairwells))


def make_town(city: SimulatedCity) -> Town:
    """Run the shipped detector over the town's counts and fit its peers."""
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    counts = np.where(city.annotated, np.nan, city.counts)
    columns = OccupancyColumns(
        shipped_version(), city.calendar.window_minutes, kinds, np.full(len(kinds), ALARMS_PER_SERIES_WEEK)
    )
    slots = city.calendar.slots_of(city.starts)
    expected = np.array([columns.step(int(slot), count).expected for slot, count in zip(slots, counts, strict=True)])
    prior = fit_fleet(city.calendar, city.starts, counts, kinds, parent=shipped_version().prior).prior
    presences = Presences(city.calendar, city.starts, counts, expected, kinds, city.stairwell_of_series)
    return Town(city, presences, prior)


def measure(town: Town) -> dict[str, float]:
    """Figures of one town's list."""
    hot = town.city.hot_stairwells(DAYS)
    entries = town.listed()
    listed = [town.city.stairwells[entry.stairwell] for entry in entries]
    chronic = [stairwell for stairwell, episode in hot.items() if episode.kind == "chronic"]
    true = [(entry, hot[place]) for entry, place in zip(entries[: len(hot)], listed, strict=False) if place in hot]
    significant = [place in hot for entry, place in zip(entries, listed, strict=True) if entry.significant]
    return {
        "truly hot": len(hot),
        "precision@20": precision_at_k(listed, hot, 20),
        "average precision": average_precision(listed, hot),
        "average precision, first 100": average_precision(listed, hot, first=100),
        "chronic within first K": float(np.mean([place in listed[: len(hot)] for place in chronic])),
        "median IoU of hours": float(np.median([_iou(entry, episode) for entry, episode in true])),
        "kind named right": float(np.mean([entry.kind == episode.kind for entry, episode in true])),
        "false among significant": 1 - float(np.mean(significant)),
        "precision@20 by raw counts": precision_at_k(_by_series(town, _raw_counts(town)), hot, 20),
        "precision@20 by z to own normal": precision_at_k(_by_series(town, _z_scores(town)), hot, 20),
    }


def _significant(town: Town) -> dict[str, float]:
    return {"significant": sum(entry.significant for entry in town.listed())}


def _iou(entry: HotSpot, episode: LoiteringEpisode) -> float:
    return hours_iou(hours_of_block(entry.from_hour, entry.to_hour), episode.hours)


def _recent(town: Town) -> slice:
    return slice(-DAYS * 24 * 60 // town.city.calendar.window_minutes, None)


def _raw_counts(town: Town) -> NDArray[np.float64]:
    return np.nansum(town.presences.counts[_recent(town)], axis=0)


def _z_scores(town: Town) -> NDArray[np.float64]:
    counts, expected = town.presences.counts[_recent(town)], town.presences.expected[_recent(town)]
    total = np.where(np.isnan(counts), 0.0, expected).sum(axis=0)
    return (np.nansum(counts, axis=0) - total) / np.sqrt(total + 1)


def _by_series(town: Town, score: NDArray[np.float64]) -> list[str]:
    ranked = [town.city.places[series].stairwell for series in np.argsort(-score, kind="stable")]
    return list(dict.fromkeys(ranked))


def measure_time(town: Town, stairwells: int) -> tuple[float, float]:
    """Seconds by the clock and of processors for a list, its peers included, over the town's series repeated."""
    repeats = -(-stairwells // len(town.city.stairwells))
    presences = town.presences
    last = presences.stairwells[-1] + 1
    large = Presences(
        presences.calendar,
        presences.starts,
        np.tile(presences.counts, repeats),
        np.tile(presences.expected, repeats),
        np.tile(presences.kinds, repeats),
        np.concatenate([presences.stairwells + last * k for k in range(repeats)]),
    )
    weeks = np.full(len(large.kinds), len(presences.starts) / (7 * presences.calendar.windows_per_day))
    settings = load_settings(environment={}).hotspots
    begin, begin_processors = time.perf_counter(), time.process_time()
    rank_all(large, shipped_version(), settings, weeks)
    return time.perf_counter() - begin, time.process_time() - begin_processors


def _towns(
    options: argparse.Namespace,
    *,
    null: bool,
    parameters: CityParameters | None = None,
    changed: Callable[[SimulatedCity, int], SimulatedCity] = lambda city, _: city,
) -> Iterator[Town]:
    for seed in range(options.first_seed, options.first_seed + options.towns):
        city = simulate_city(seed, options.stairwells, options.weeks, null=null, parameters=parameters)
        yield make_town(changed(city, seed))


def why_without_melbourne(datasets: Path, weeks: int) -> str:
    """Why towns of so many weeks with Melbourne's life are left out; empty where they are not."""
    if not datasets.is_dir():
        return f"there is no folder {datasets}"
    return "" if spans_of(read_melbourne(datasets), weeks) else f"its counts do not last for {weeks} weeks"


def _melbourne_towns(options: argparse.Namespace, *, null: bool) -> Iterator[Town]:
    """Towns with a real one's life, the spans of time in turn."""
    panel = read_melbourne(options.datasets)
    spans = spans_of(panel, options.weeks)
    for number in range(options.towns):
        seed, parameters = options.first_seed + number, None if null else CityParameters()
        yield make_town(
            melbourne_town(panel, seed, options.stairwells, options.weeks, span=number % spans, parameters=parameters)
        )


def _accompanied(city: SimulatedCity, seed: int) -> SimulatedCity:
    """The town with presences that bring others."""
    random = np.random.default_rng(seed)
    counts = presences_that_bring_others(random, city.rate) + random.poisson(city.loitering)
    return replace(city, counts=np.where(np.isnan(city.counts), np.nan, counts))


def _report(title: str, figures: Sequence[dict[str, float]]) -> None:
    print(title)
    for name in figures[0]:
        values = [figure[name] for figure in figures]
        print(f"  {name:32s} mean {np.mean(values):6.3f}  from {min(values):6.3f} to {max(values):6.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=10)
    parser.add_argument("--stairwells", type=int, default=300)
    parser.add_argument("--weeks", type=int, default=14)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--size", type=int, default=10_000, help="stairwells of the large list")
    parser.add_argument("--datasets", type=Path, default=Path("../shared/datasets"), help="folder of public counts")
    options = parser.parse_args()
    _report("towns as they come", [measure(town) for town in _towns(options, null=False)])
    _report("quiet towns", [measure(town) for town in _towns(options, null=False, parameters=QUIET_TOWN)])
    _report(
        "towns whose presences bring others",
        [measure(town) for town in _towns(options, null=False, changed=_accompanied)],
    )
    calm = list(_towns(options, null=True))
    _report("calm towns", [_significant(town) for town in calm])
    _report(
        "calm towns whose presences bring others",
        [_significant(town) for town in _towns(options, null=True, changed=_accompanied)],
    )
    if why := why_without_melbourne(options.datasets, options.weeks):
        print(f"towns with Melbourne's life were left out: {why}")
    else:
        _report("towns with Melbourne's life", [measure(town) for town in _melbourne_towns(options, null=False)])
        _report(
            "calm towns with Melbourne's life", [_significant(town) for town in _melbourne_towns(options, null=True)]
        )
    clock, processors = measure_time(calm[0], options.size)
    print(f"a list of {options.size} stairwells, peers included: {clock:.1f} s, {processors:.1f} s of processors")


if __name__ == "__main__":
    main()
