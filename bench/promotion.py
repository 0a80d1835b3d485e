"""What two states at once cost: time, memory, disk and the wait of scoring while a version is put in force.

python -m bench.promotion --series 2000 --weeks 26
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import numpy as np

from models.shipped import shipped_version
from service.bootstrap import build_ports
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Kind
from service.domain.versions import SHIPPED_MANIFEST
from service.ports import Ports
from service.settings import load_settings
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import begin_promotion, go_on

TENANT = "bench"
WEEK_HOURS = 168


def filled(folder: Path, series: int, weeks: int, seed: int) -> tuple[Ports, datetime]:
    """A store with hourly counts of so many cellars, all scored; and the end of them."""
    ports = build_ports(load_settings(environment={}, overrides={"general.data_dir": str(folder)}))
    ports.register.learn(TENANT, ((f"stairwell-{number}", "cellar", Kind.CELLAR) for number in range(series)))
    chance = np.random.default_rng(seed)
    monday = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=14)
    start = int((monday - timedelta(weeks=weeks)).timestamp())
    numbers = np.array([one.number for one in ports.register.series()])
    for week in range(weeks):
        hours = start + 3600 * (np.arange(WEEK_HOURS) + week * WEEK_HOURS)
        times = np.repeat(hours, series) * NANOSECONDS
        counts = chance.poisson(0.1, len(times))
        every = np.tile(numbers, WEEK_HOURS)
        ports.counts.append(CountPoints(every, times, counts, np.zeros(len(times), dtype=np.int64)))
    advance(ports, monday)
    return ports, monday


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=2000)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="promotion-") as folder:
        ports, _ = filled(Path(folder), asked.series, asked.weeks, asked.seed)
        one_state, memory = ports.state.size_bytes(), resident_megabytes()
        version = replace(shipped_version(), id="1")
        ports.registry.add(version, msgspec.structs.replace(SHIPPED_MANIFEST, version_id="1", parent="0"), {})
        began, processor, slices, most_bytes = time.perf_counter(), time.process_time(), [], one_state
        begin_promotion(ports, "1", "bench", override="a measurement")
        while True:
            slice_began = time.perf_counter()
            more = go_on(ports)
            slices.append(time.perf_counter() - slice_began)
            most_bytes = max(most_bytes, ports.state.size_bytes())
            if not more:
                break
        windows = asked.series * asked.weeks * WEEK_HOURS
        print(f"{asked.series} series, {asked.weeks} weeks of hours: {windows / 1e6:.1f} million windows")
        print(f"promotion: {time.perf_counter() - began:.1f} s, {time.process_time() - processor:.1f} s of processor")
        print(f"slices: {len(slices)}, median {np.median(slices):.2f} s, longest {max(slices):.2f} s")
        print(f"state on disk: {one_state / 1e6:.1f} MB, at most {most_bytes / 1e6:.1f} MB while there were two")
        print(f"resident memory: {memory:.0f} MB after scoring, at most {resident_megabytes():.0f} MB")


def resident_megabytes() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
