"""Measure how often healthy sensors are taken for faulty, and how soon faulty ones are found.

    python -m bench.sensors [--towns 4] [--stairwells 60] [--weeks 14] [--first-seed 300] [--datasets FOLDER]

Towns live, loiter, shift and lose messages as `models.city` has it. In their second half, one town for each fault,
every sensor gets that fault at a random hour; a town without any tells the false findings, by sensor-weeks. The
examination of counts runs once a day, silence is looked for in every window. What the pedestrian counts of Melbourne
hold is told beside it, without truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from models.city import SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.kinds import kind_number
from models.sensors.examination import DAYS, Examination, examine
from models.sensors.silence import INTERVAL_BINS, interval_bins, silence_limits
from models.shipped import shipped_version

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RATE_PER_WEEK = 0.001
SILENCE_ODDS = 1e-6
_WARM_UP_WEEKS = 7
_OUTAGE_DAYS = 4  # a longer gap of a simulated sensor is its death
_HOUR, _WEEK = 3600, 168


@dataclass(frozen=True)
class Watched:
    """What a test said of every sensor, by day or by window: bool[T, n], and where it may be judged."""

    found: Bools
    per_week: int

    def false_per_1000_weeks(self, healthy: Bools) -> float:
        """Findings begun among healthy sensors, per 1000 sensor-weeks."""
        begun = self.found & ~np.roll(self.found, 1, axis=0)
        begun[0] = self.found[0]
        weeks = healthy.sum() / self.per_week
        return float(1000 * (begun & healthy).sum() / max(weeks, 1e-9))

    def delays_days(self, onset: NDArray[np.int64]) -> Floats:
        """Days from each onset (in steps, -1: none) to the finding; inf where it was not found."""
        days = []
        for series in np.flatnonzero(onset >= 0):
            after = np.flatnonzero(self.found[onset[series] :, series])
            days.append(7 * float(after[0]) / self.per_week if len(after) else np.inf)
        return np.array(days)


def stick(_random: np.random.Generator, counts: Floats, begin: int) -> Floats:
    """The number that was said last, for ever."""
    said = counts[:begin][~np.isnan(counts[:begin])]
    return np.full(len(counts) - begin, max(1.0, said[-1] if len(said) else 1.0))


def cap(random: np.random.Generator, counts: Floats, begin: int) -> Floats:
    """A noise all day long, cut off at a byte's end: the sensor says 255 in a third of the hours."""
    noise = random.negative_binomial(3, 3 / (3 + 220), len(counts) - begin).astype(float)
    capped: Floats = np.minimum(noise, 255.0)
    return capped


def double(_random: np.random.Generator, counts: Floats, begin: int) -> Floats:
    """Every message twice."""
    return 2 * counts[begin:]


def deafen(_random: np.random.Generator, counts: Floats, begin: int) -> Floats:
    """Messages go on, and say that nobody is there."""
    return np.zeros(len(counts) - begin)


def turn(random: np.random.Generator, counts: Floats, begin: int) -> Floats:
    """The clock is some hours wrong."""
    lag = int(random.choice([-8, -6, -4, 4, 6, 8]))
    return np.roll(counts, lag)[begin:]


Fault = Callable[[np.random.Generator, Floats, int], Floats]
FAULTS: Mapping[str, Fault] = {"stuck": stick, "saturated": cap, "duplicated": double, "turned clock": turn}


def with_fault(city: SimulatedCity, fault: Fault, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Counts in which every sensor gets a fault in the second half, and when."""
    random = np.random.default_rng(seed)
    counts = city.counts.copy()
    first, last = _WARM_UP_WEEKS * _WEEK, (_WARM_UP_WEEKS + 2) * _WEEK
    onset = np.asarray(random.integers(first, last, counts.shape[1]), dtype=np.int64)
    for series in range(counts.shape[1]):
        begin = int(onset[series])
        heard = ~np.isnan(counts[begin:, series])
        counts[begin:, series] = np.where(heard, fault(random, counts[:, series], begin), np.nan)
    return counts, onset


def with_twins(city: SimulatedCity, seed: int) -> tuple[Floats, NDArray[np.int64]]:
    """Counts in which every second sensor becomes the one before it, and when."""
    counts = city.counts.copy()
    onset = np.full(counts.shape[1], -1)
    begins = np.random.default_rng(seed).integers(_WARM_UP_WEEKS * _WEEK, (_WARM_UP_WEEKS + 2) * _WEEK, len(onset))
    for series in range(1, len(onset), 2):
        begin = int(begins[series])
        onset[series - 1 : series + 1] = begin
        counts[begin:, series] = counts[begin:, series - 1]
    return counts, onset


def examined(city: SimulatedCity, counts: Floats) -> dict[str, Bools]:
    """What a daily examination says from the end of the warm-up on, bool[days, n] by fault."""
    ends = range(_WARM_UP_WEEKS * _WEEK, len(counts) + 1, 24)
    owners = np.unique([place.tenant for place in city.places], return_inverse=True)[1]
    said = [
        examine(city.calendar, city.starts[end - 24 * DAYS : end], counts[end - 24 * DAYS : end], owners)
        for end in ends
    ]
    return {name: np.stack([found(one) for one in said]) for name, found in _FOUND.items()}


_FOUND: Mapping[str, Callable[[Examination], Bools]] = {
    "stuck": lambda one: one.stuck.found,
    "saturated": lambda one: one.saturated.found,
    "duplicated": lambda one: one.stepped.found,
    "equal": lambda one: one.equal_to >= 0,
    "turned clock": lambda one: one.turned.hours != 0,
}


def silent_by_heartbeat(city: SimulatedCity, rate_per_week: float = RATE_PER_WEEK) -> tuple[Watched, Bools, Bools]:
    """Sensors that say something every hour: where they are taken for silent, healthy and dead."""
    heard = ~np.isnan(city.counts)
    hours, series = heard.shape
    intervals, weeks = np.zeros((series, INTERVAL_BINS)), np.zeros(series)
    since = np.full(series, np.nan)
    silent, limits = np.zeros(heard.shape, dtype=bool), silence_limits(intervals, weeks, rate_per_week)
    for hour in range(hours):
        if hour % 24 == 0:
            limits = silence_limits(intervals, weeks, rate_per_week)
        silent[hour] = (_HOUR * since > limits) & ~heard[hour]
        ended = heard[hour] & ~np.isnan(since)
        lengths = np.minimum(_HOUR * (since[ended] + 1), limits[ended])
        np.add.at(intervals, (np.flatnonzero(ended), interval_bins(lengths)), 1.0)
        weeks[ended] += lengths / (7 * SECONDS_PER_DAY)
        since = np.where(heard[hour], 0.0, since + 1)
    dead = _dead(heard)
    settled = np.arange(hours)[:, None] >= _WARM_UP_WEEKS * _WEEK
    return Watched(silent, _WEEK), settled & ~dead & _begun(heard), dead


def deaf(city: SimulatedCity, counts: Floats) -> Bools:
    """Where silence is less likely than `SILENCE_ODDS` under what was learnt of the series before."""
    shares = np.full(counts.shape[1], 0.02)
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    columns = OccupancyColumns(shipped_version(), city.calendar.window_minutes, kinds, shares)
    limit, said = -np.log(SILENCE_ODDS), []
    for slot, count in zip(city.calendar.slots_of(city.starts), counts, strict=True):
        said.append((columns.quiet > limit) & (columns.evidence_weeks > 0))
        columns.learn(int(slot), count)
    return np.stack(said)


def _dead(heard: Bools) -> Bools:
    """Windows of gaps that are longer than an outage."""
    dead = np.zeros(heard.shape, dtype=bool)
    for series in range(heard.shape[1]):
        for begin, end in _gaps(heard[:, series]):
            dead[begin:end, series] = end - begin > 24 * _OUTAGE_DAYS
    return dead


def _gaps(heard: Bools) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[True], heard, [True]]).astype(int)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _begun(heard: Bools) -> Bools:
    return np.logical_or.accumulate(heard, axis=0)


def measure(city: SimulatedCity, seed: int) -> dict[str, tuple[list[float], Floats]]:
    """By fault: false findings per 1000 sensor-weeks, and days from onset to finding."""
    healthy = np.ones((1, len(city.places)), dtype=bool)
    calm = examined(city, city.counts)
    found: dict[str, tuple[list[float], Floats]] = {}
    for name, fault in FAULTS.items():
        counts, onset = with_fault(city, fault, seed)
        found[name] = _figures(calm[name], examined(city, counts)[name], onset, healthy)
    counts, onset = with_twins(city, seed)
    found["equal"] = _figures(calm["equal"], examined(city, counts)["equal"], onset, healthy)
    silent, alive, dead = silent_by_heartbeat(city)
    died = np.where(dead.any(axis=0) & ~dead[0], dead.argmax(axis=0), -1)
    found["silent"] = ([silent.false_per_1000_weeks(alive)], silent.delays_days(died))
    counts, onset = with_fault(city, deafen, seed)
    settled = np.arange(len(city.starts))[:, None] >= _WARM_UP_WEEKS * _WEEK
    hears = settled & ~_deafened(city)
    false = Watched(deaf(city, city.counts), _WEEK).false_per_1000_weeks(hears)
    found["deaf"] = ([false], Watched(deaf(city, counts), _WEEK).delays_days(onset))
    return found


def _deafened(city: SimulatedCity) -> Bools:
    """Windows from a week of true zeros on: sensors of the town itself that hear nothing."""
    nothing = np.nan_to_num(city.counts) == 0
    expected = np.where(np.isnan(city.counts), 0.0, city.rate)
    quiet, since = np.zeros(city.counts.shape, dtype=bool), np.zeros(city.counts.shape[1])
    for window in range(len(city.starts)):
        since = np.where(nothing[window], since + expected[window], 0.0)
        quiet[window] = since > 12
    return quiet


def _figures(calm: Bools, faulty: Bools, onset: NDArray[np.int64], healthy: Bools) -> tuple[list[float], Floats]:
    days = np.where(onset >= 0, -(-(onset - _WARM_UP_WEEKS * _WEEK) // 24), -1)
    false = Watched(calm, 7).false_per_1000_weeks(np.broadcast_to(healthy, calm.shape))
    return [false], Watched(faulty & ~calm, 7).delays_days(days)


def melbourne(datasets: Path) -> Iterator[str]:
    """What the examination says of real counts, in words."""
    from bench.quality.melbourne import read_melbourne  # noqa: PLC0415 - its dependencies are of the extra bench

    panel = read_melbourne(datasets)
    names = np.arange(panel.width)
    begun: dict[tuple[str, int], str] = {}
    ends = range(24 * DAYS, len(panel.starts), 24)
    for end in ends:
        one = examine(
            panel.calendar, panel.starts[end - 24 * DAYS : end], panel.counts[end - 24 * DAYS : end], 0 * names
        )
        day = np.datetime64(int(panel.starts[end - 1]), "s").astype("datetime64[D]")
        for fault, found in _FOUND.items():
            for series in np.flatnonzero(found(one)).tolist():
                begun.setdefault((fault, series), f"{day}")
    yield f"{len(ends) * panel.width / 7:.0f} sensor-weeks of Melbourne"
    for (fault, series), since in sorted(begun.items()):
        yield f"  sensor {series}: {fault}, first on {since}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--towns", type=int, default=4)
    parser.add_argument("--stairwells", type=int, default=60)
    parser.add_argument("--weeks", type=int, default=14)
    parser.add_argument("--first-seed", type=int, default=300)
    parser.add_argument("--datasets", type=Path, default=Path("../shared/datasets"))
    options = parser.parse_args()
    false: dict[str, list[float]] = {}
    delays: dict[str, list[Floats]] = {}
    for seed in range(options.first_seed, options.first_seed + options.towns):
        for name, (rates, days) in measure(simulate_city(seed, options.stairwells, options.weeks), seed).items():
            false.setdefault(name, []).extend(rates)
            delays.setdefault(name, []).append(days)
    print("fault         false / 1000 sensor-weeks   found   median days   90 % within")
    for name, rates in false.items():
        days = np.concatenate(delays[name])
        middle, most = np.quantile(days, (0.5, 0.9), method="higher") if len(days) else (np.nan, np.nan)
        print(f"{name:13s} {np.mean(rates):15.2f} {np.isfinite(days).mean():19.0%} {middle:12.1f} {most:13.1f}")
    if options.datasets.exists():
        print(*melbourne(options.datasets), sep="\n")


if __name__ == "__main__":
    main()
