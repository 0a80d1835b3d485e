"""What a retraining costs: ``python -m bench.retrain [--stairwells 3000] [--weeks 52] [--data FOLDER]``.

A simulated year of so many stairwells, two series each, is put into an embedded store, once for a folder that is named.
It is then retrained on with the settings' candidates. Told are, for each step, the seconds of processors (user and
system, of all processes) beside those of the clock, since a machine has other work too; and the most memory that all
processes held together: resident, pages that several share counted once for each, and proportional, counted once.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]
from numpy.typing import NDArray

from models.city import CityParameters, SimulatedCity, simulate_city
from models.detector.state import STATE_SCHEMA
from service.bootstrap import build_ports
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind, PlaceRow
from service.domain.state import Manifest
from service.ports import Ports
from service.settings import load_settings
from service.usecases.versions.retraining import retrain

SEED = 7_000
STAIRWELLS_OF_A_TOWN = 300
WEEK_WINDOWS = 168
LOOK_SECONDS = 0.5
_TELLING = 0.02  # of the work between two lines
TENANT = "norrbo"


def main() -> None:
    """Make the year if it is not there, retrain on it, and tell what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stairwells", type=int, default=3000)
    parser.add_argument("--weeks", type=int, default=52)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", type=Path, help="folder of the store, which is kept")
    parser.add_argument("--only-make", action="store_true", help="make the year and end")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.data or Path(scratch)
        ports = open_store(folder, asked.workers)
        if ports.state.manifest() is None:
            make_year(ports, asked.stairwells, asked.weeks)
        if not asked.only_make:
            measure(ports, asked.weeks)


def open_store(folder: Path, workers: int) -> Ports:
    """The embedded stores of a folder."""
    settings = {"general.data_dir": str(folder), "retraining.workers": workers}
    return build_ports(load_settings(environment={}, overrides=settings))


def make_year(ports: Ports, stairwells: int, weeks: int) -> None:
    """Towns side by side, all of one housing company, appended week by week; scored up to their end, as it is told."""
    sizes = [min(STAIRWELLS_OF_A_TOWN, stairwells - first) for first in range(0, stairwells, STAIRWELLS_OF_A_TOWN)]
    towns = [simulate_town(number, size, weeks) for number, size in enumerate(sizes)]
    for number, (town, _) in enumerate(towns):
        ports.register.put(place_rows(number, town))
    starts = towns[0][0].starts
    counts = np.concatenate([town_counts for _, town_counts in towns], axis=1)
    began = time.perf_counter()
    for first in range(0, len(starts), WEEK_WINDOWS):
        ports.counts.append(points_of(starts[first : first + WEEK_WINDOWS], counts[first : first + WEEK_WINDOWS]))
    rows = int((~np.isnan(counts)).sum())
    print(f"{rows:,} counts of {counts.shape[1]:,} series appended in {time.perf_counter() - began:.0f} s", flush=True)
    publish_scored(ports, int(starts[0]), int(starts[-1]) + ports.settings.window_seconds)


def simulate_town(number: int, stairwells: int, weeks: int) -> tuple[SimulatedCity, NDArray[np.float32]]:
    """A town with a sensor in two spaces of every stairwell, and its counts again in half the room."""
    parameters = CityParameters(tenants=(TENANT,), second_space_share=1.0)
    city = simulate_city(SEED + number, stairwells, weeks, parameters=parameters)
    counts = city.counts.astype(np.float32)
    for whole in (city.counts, city.rate, city.loitering):
        whole.resize((0,), refcheck=False)
    return city, counts


def place_rows(number: int, town: SimulatedCity) -> Iterator[PlaceRow]:
    """A town's places, named apart from those of the others."""
    for place in town.places:
        yield PlaceRow(
            tenant=TENANT,
            area=f"{number}-{place.area}",
            property=f"{number}-{place.property}",
            building=f"{number}-{place.building}",
            stairwell=f"{number}-{place.stairwell}",
            space=place.space,
            kind=Kind(place.kind),
            dwellings=place.dwellings,
        )


def points_of(starts: NDArray[np.int64], counts: NDArray[np.float32]) -> CountPoints:
    """Counts of windows as points of the series 1, 2, ..."""
    window, series = np.nonzero(~np.isnan(counts))
    return CountPoints(
        series=(series + 1).astype(np.int64),
        times=starts[window] * NANOSECONDS,
        counts=counts[window, series].astype(np.int64),
        sources=np.zeros(len(window), dtype=np.int64),
    )


def publish_scored(ports: Ports, origin: int, watermark: int) -> None:
    """Say that all windows are scored: a retraining reads counts, and of the state only how far it has come."""
    manifest = Manifest(
        origin=origin,
        watermark=watermark,
        version="0",
        previous=None,
        window_minutes=ports.settings.window.minutes,
        shard_series=ports.settings.advance.shard_series,
        cursor=ports.counts.changes(0).cursor,
        digest="",
        shards=[],
        layout=STATE_SCHEMA,
    )
    with ports.state.transaction():
        ports.state.publish(manifest)


def measure(ports: Ports, weeks: int) -> None:
    """Retrain, and tell of every step."""
    costs = Costs()
    with costs.watched():
        version = retrain(ports, weeks, costs.tell)
    print("\nstep, seconds of processors, seconds by the clock, MB resident, MB proportional")
    for step, (processors, clock, resident, proportional) in costs.steps().items():
        print(f"{step:35} {processors:8.1f} {clock:8.1f} {resident:8.0f} {proportional:8.0f}")
    print(f"\nversion {version.version_id}: {version.metrics}")


class Costs:
    """Processor's seconds, clock and memory of this process and all below it, step by step."""

    def __init__(self) -> None:
        self._began = (processor_seconds(), time.perf_counter())
        self._step = ""
        self._ends: dict[str, tuple[float, float]] = {}
        self._peaks: dict[str, tuple[float, float]] = {}
        self._printed = 0.0

    def tell(self, step: str, done: float, seconds_left: float | None) -> None:
        """Take down where a step has come to, and say it now and then."""
        self._step = step
        self._ends[step] = (processor_seconds(), time.perf_counter())
        if done >= self._printed:
            left = "" if seconds_left is None else f", {seconds_left:.0f} s left"
            print(f"{done:6.1%} {step}{left}", flush=True)
            self._printed = done + _TELLING

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at the memory of all processes while the block runs."""
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(ended,))
        watcher.start()
        try:
            yield
        finally:
            ended.set()
            watcher.join()

    def steps(self) -> dict[str, tuple[float, float, float, float]]:
        """Of each step, and of all: seconds of processors, by the clock, most MB resident and proportional."""
        told, before = {}, self._began
        for step, end in self._ends.items():
            told[step] = (end[0] - before[0], end[1] - before[1], *self._peaks.get(step, (0.0, 0.0)))
            before = end
        resident, proportional = (max(peak[k] for peak in self._peaks.values()) for k in (0, 1))
        told["all"] = (before[0] - self._began[0], before[1] - self._began[1], resident, proportional)
        return told

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            now, peak = memory_megabytes(), self._peaks.get(self._step, (0.0, 0.0))
            self._peaks[self._step] = (max(now[0], peak[0]), max(now[1], peak[1]))


def processor_seconds() -> float:
    """User and system time of this process and of all below it, those that have ended among them."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    running = float(sum(used.user + used.system for used in each(psutil.Process.cpu_times)))
    return ended.ru_utime + ended.ru_stime + running


def memory_megabytes() -> tuple[float, float]:
    """Resident and proportional memory of this process and of all below it."""
    found = list(each(psutil.Process.memory_full_info))
    return sum(one.rss for one in found) / 1e6, sum(one.pss for one in found) / 1e6


def each(ask: Callable[[psutil.Process], Any]) -> Iterator[Any]:
    """The answer of this process and of each below it; one that has ended meanwhile has none."""
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with suppress(psutil.Error):
            yield ask(process)


if __name__ == "__main__":
    main()
