"""What a correction costs: one series' week, corrected at several ages, until the tick that replayed it has ended.

A simulated town is counted for a year into embedded stores and scored. Then, for each age, a series gets other counts
in one week, and the scheduler ticks. At the end every series is replayed afresh from the counts as they are now, all
beside each other and from no checkpoint: verdicts and state in force have to be the same, bit by bit.

python -m bench.corrections [--stairwells 170] [--weeks 52] [--ages 1 4 8 26 51]
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import structlog

from models.calendar import SECONDS_PER_WEEK
from models.city import SimulatedCity, simulate_city
from models.detector.state import GROUPS, OccupancyState
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.tick import Tick
from service.usecases.learning.advance import advance
from service.usecases.learning.correct import replay_series
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import open_shard, shards_by_number, shards_of
from tests.worlds import city_points, end_of, register_city, sqlite_ports

_HOUR = 3600
_SERIES_AT_A_TIME = 64  # of a fresh replay, whose verdicts are held in memory
_MORE_PRESENCES = 1.0  # in an hour, on average, that a correction adds


@dataclass(frozen=True)
class Correction:
    """One correction: how many weeks ago, windows of its series since then, and what the tick took, in seconds."""

    age_weeks: int
    windows: int
    processor: float
    clock: float


class CorrectionBench:
    """A town whose counts are scored up to now.

    Parameters
    ----------
    folder
        For the stores.
    stairwells, weeks
        How large the town is, and for how long it has been counted.
    seed
        Of the town and of what is corrected.
    """

    def __init__(self, folder: Path, stairwells: int, weeks: int, seed: int) -> None:
        self.city: SimulatedCity = simulate_city(seed, stairwells, weeks)
        self._random = np.random.default_rng(seed)
        end = end_of(self.city)
        self.end = int(end.timestamp())
        self.ports = sqlite_ports(folder, now=end + timedelta(minutes=30))
        register_city(self.ports, self.city)
        self.ports.counts.append(city_points(self.city))
        advance(self.ports, end)
        self._tick = Tick(self.ports)
        self._tick.run()  # what is done once a day, and the first lists, belong to no correction

    def correct(self, age_weeks: int, series: int) -> Correction:
        """Correct the week that began so many weeks ago, and tick."""
        start = self.end - age_weeks * SECONDS_PER_WEEK
        points = self._corrected_week(start, series)
        processor, clock = time.process_time(), time.perf_counter()
        self.ports.counts.append(points)
        self._tick.run()
        took = time.process_time() - processor, time.perf_counter() - clock
        return Correction(age_weeks, (self.end - start) // _HOUR, *took)

    def _corrected_week(self, start: int, series: int) -> CountPoints:
        hours = start + _HOUR * np.arange(SECONDS_PER_WEEK // _HOUR, dtype=np.int64)
        column = self.city.counts[np.searchsorted(self.city.starts, hours), series - 1]
        counts = np.where(np.isnan(column), 0.0, column).astype(np.int64)
        ones = np.ones(len(hours), dtype=np.int64)
        more = self._random.poisson(_MORE_PRESENCES, len(hours))
        return CountPoints(series * ones, hours * NANOSECONDS, counts + more, 0 * ones)


def same_as_fresh(ports: Ports, *, verdicts: bool = True) -> bool:
    """Whether verdicts and state in force are, bit by bit, those of a fresh replay of the counts.

    Verdicts are left out where some were given under another version.
    """
    manifest, everybody = ports.state.manifest(), full_roster(ports)
    assert manifest is not None
    version, span = ports.registry.load(manifest.version), (manifest.origin, manifest.watermark)
    for roster in shards_of(everybody, manifest.shard_series):
        shard = shards_by_number(manifest)[(int(roster.numbers[0]) - 1) // manifest.shard_series]
        held = open_shard(ports.state, shard, roster, version, manifest.window_minutes).columns.state
        for some in np.array_split(np.arange(len(roster)), -(-len(roster) // _SERIES_AT_A_TIME)):
            told: list[VerdictColumns] = []
            part = roster.select(some)
            state = replay_series(ports, part, version, span, told=told)
            if not _equal_states(state, held.select(some)):
                return False
            if verdicts and not _equal_verdicts(ports, part.numbers, told):
                return False
    return True


def _equal_states(one: OccupancyState, other: OccupancyState) -> bool:
    return all(getattr(one, group).tobytes() == getattr(other, group).tobytes() for group in GROUPS)


def _equal_verdicts(ports: Ports, numbers: np.ndarray, told: list[VerdictColumns]) -> bool:
    stored = ports.verdicts.columns(numbers, -(2**62), 2**62)
    fresh = VerdictColumns.concatenate(stored.version, told)
    if len(stored) != len(fresh):
        return False
    names = [each.name for each in fields(VerdictColumns) if each.name != "version"]
    return all(getattr(stored, name).tobytes() == getattr(fresh, name).tobytes() for name in names)


def main() -> int:
    """Correct, measure, compare; a table of what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stairwells", type=int, default=170)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--ages", type=int, nargs="+", default=[1, 4, 8, 26, 51], help="weeks ago")
    parser.add_argument("--repeats", type=int, default=3, help="series corrected at each age")
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    if not all(0 < age <= asked.weeks for age in asked.ages):
        parser.error(f"ages must lie within the {asked.weeks} weeks")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="corrections-") as folder:
        bench = CorrectionBench(Path(folder), asked.stairwells, asked.weeks, asked.seed)
        series = len(bench.city.places)
        began = datetime.fromtimestamp(int(bench.city.starts[0]), UTC).date()
        print(f"{series} series, {len(bench.city.starts)} hourly windows from {began} on")
        print("| weeks ago | windows | seconds of processor | by the clock |")
        print("|---|---|---|---|")
        chosen = iter(np.random.default_rng(asked.seed).permutation(series) + 1)
        for age in asked.ages:
            done = [bench.correct(age, int(next(chosen))) for _ in range(asked.repeats)]
            processor, clock = (np.median([getattr(one, name) for one in done]) for name in ("processor", "clock"))
            print(f"| {age} | {done[0].windows:,} | {processor:.2f} | {clock:.2f} |", flush=True)
        same = same_as_fresh(bench.ports)
        print(f"verdicts and state {'are' if same else 'are NOT'} those of a fresh replay, bit by bit")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
