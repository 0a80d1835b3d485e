"""What a deletion costs, and how long senders wait: ``python -m bench.retention [--series 3000] [--days 42]``.

Counts of so many days lie in a store, and all but the last two weeks of them are deleted, in the steps and with the
pauses of the scheduler, while another process appends a batch of a thousand counts every 20 ms, and a third reads a
window of all series. The same is measured before, with nothing else going on. Verdicts follow, read alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.retention import DataKind, Deletion
from service.domain.verdicts import MEASURES, VerdictColumns
from service.ports import Ports
from service.tick import DELETING_PAUSE_SECONDS as PAUSE_SECONDS
from service.usecases.retention.deleting import STEP_ROWS
from tests.worlds import sqlite_ports

HOUR, DAY = 3600, 86_400
START = 1_767_571_200
BATCH = 1000
KEPT_DAYS = 14


def fill(ports: Ports, series: int, days: int) -> None:
    """Hourly counts and verdicts of all series, a day at a time."""
    numbers = np.tile(np.arange(1, series + 1), 24)
    random = np.random.default_rng(1)
    for day in range(days):
        starts = START + day * DAY + np.repeat(np.arange(24), series) * HOUR
        counts = random.poisson(0.2, len(starts))
        ports.counts.append(CountPoints(numbers, starts * NANOSECONDS, counts, 0 * numbers))
        measures = {name: random.random(len(starts)) for name in MEASURES}
        ports.verdicts.write(
            VerdictColumns(
                version="0", series=numbers, starts=starts, anomalous=random.random(len(starts)) < 0.01, **measures
            )
        )


def measure(folder: Path, series: int, end: int, events: tuple[Event, Event], answers: Any) -> None:
    """Append and read until told to stop; the milliseconds that each took."""
    ports = sqlite_ports(folder, now=datetime.fromtimestamp(end, UTC))
    numbers = np.arange(BATCH) % series + 1
    appends, reads = list[float](), list[float]()
    ready, stop = events
    while not stop.is_set():
        batch = CountPoints(numbers, np.full(BATCH, (end + len(appends)) * NANOSECONDS), 0 * numbers, 0 * numbers)
        appends.append(_milliseconds(partial(ports.counts.append, batch)))
        reads.append(_milliseconds(partial(ports.counts.read, end - HOUR, end, HOUR)))
        ready.set()
        time.sleep(0.02)
    answers.put((appends[1:], reads[1:]))


def beside(folder: Path, series: int, end: int, work: Callable[[], None]) -> tuple[list[float], list[float]]:
    """What appends and reads took in another process while ``work`` was done."""
    context = multiprocessing.get_context("spawn")
    ready, stop, answers = context.Event(), context.Event(), context.Queue()
    other = context.Process(target=measure, args=(folder, series, end, (ready, stop), answers))
    other.start()
    ready.wait()
    work()
    stop.set()
    found: tuple[list[float], list[float]] = answers.get()
    other.join()
    return found


@dataclass(frozen=True)
class Done:
    """What a deletion took: steps, seconds of a processor, and the longest step in milliseconds."""

    steps: int
    seconds: float
    longest: float

    def __str__(self) -> str:
        return f"{self.steps} steps, {self.seconds:.1f} s of a processor, longest step {self.longest:.0f} ms"


def delete(ports: Ports, kind: DataKind, before: int, done: list[Done]) -> None:
    """Delete as the scheduler does."""
    data, began, steps, more = ports.aging[kind], time.process_time(), list[float](), True
    publish(ports, kind, before)
    while more:
        step = time.perf_counter()
        more = data.delete_before(before, STEP_ROWS)
        steps.append(1000 * (time.perf_counter() - step))
        time.sleep(PAUSE_SECONDS)
    while not data.erase():
        time.sleep(PAUSE_SECONDS)
    done.append(Done(len(steps), time.process_time() - began, max(steps)))


def publish(ports: Ports, kind: DataKind, before: int) -> None:
    """Record the deletion, so that no verdict is kept as superseded."""
    rows = {"bench": sum(ports.aging[kind].rows_before(before).values())}
    now = ports.clock.now()
    ports.state.publish_deletion(Deletion(kind=kind, before=before, setting="", days=0, begun=now, rows=rows))


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _told(name: str, taken: list[float]) -> str:
    return f"{name}: median {np.median(taken):.1f} ms, p99 {np.percentile(taken, 99):.0f}, longest {max(taken):.0f}"


def main() -> int:
    """Fill, delete, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=3000)
    parser.add_argument("--days", type=int, default=42)
    arguments = parser.parse_args()
    series, end = arguments.series, START + arguments.days * DAY
    with tempfile.TemporaryDirectory(prefix="retention-") as name:
        folder = Path(name)
        ports = sqlite_ports(folder, now=datetime.fromtimestamp(end, UTC))
        began = time.process_time()
        fill(ports, series, arguments.days)
        rows = series * 24 * (arguments.days - KEPT_DAYS)
        print(
            f"{rows:,} counts and verdicts to delete; all written in {time.process_time() - began:.1f} s of a processor"
        )
        for kind, file in ((DataKind.COUNTS, "counts.db"), (DataKind.VERDICTS, "state.db")):
            ports.aging[kind].erase()
            alone = beside(folder, series, end, partial(time.sleep, 10))
            done: list[Done] = []
            amid = beside(folder, series, end, partial(delete, ports, kind, end - KEPT_DAYS * DAY, done))
            size = (folder / file).stat().st_size
            print(f"{kind}, {file} of {size:,} bytes: {done[0]}")
            for what, taken in (("alone", alone), ("amid", amid)):
                print(f"  {what}: {_told('append', taken[0])}; {_told('read', taken[1])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
