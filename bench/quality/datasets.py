"""Public counts with known events: CalIt2 (both flows) and nyc_taxi."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bench.quality.panel import Floats, Panel
from models.calendar import Calendar

BUDGET = 0.02  # episodes opened per stairwell-week


@dataclass(frozen=True)
class KnownEvents:
    """A panel and what is known to have happened: for each series int64[events, 2], first window and past last."""

    panel: Panel
    events: tuple[NDArray[np.int64], ...]

    def until(self, weeks: int) -> KnownEvents:
        """The first weeks alone."""
        panel = self.panel.until(weeks * self.panel.windows_per_week)
        return KnownEvents(panel, tuple(known[known[:, 1] < len(panel.starts)] for known in self.events))


def read_calit2(datasets: Path, flow: int) -> KnownEvents:
    """People through the main door of an office building, per half hour; ``flow`` 9 is in and 7 is out."""
    calendar = Calendar("America/Los_Angeles", (), 30)
    seconds = _local_clock(calendar, "%m/%d/%y %H:%M:%S")
    folder = datasets / "calit2"
    with (folder / "CalIt2.data").open(newline="") as file:
        rows = [
            (seconds(f"{day} {time}"), float(count)) for name, day, time, count in csv.reader(file) if int(name) == flow
        ]
    with (folder / "CalIt2.events").open(newline="") as file:
        spans = [(seconds(f"{day} {begin}"), seconds(f"{day} {end}")) for day, begin, end, *_ in csv.reader(file)]
    return _known_events(calendar, rows, spans)


def read_nyc_taxi(datasets: Path) -> KnownEvents:
    """Taxi passengers of New York per half hour, with the five windows of the Numenta Anomaly Benchmark."""
    calendar = Calendar("America/New_York", (), 30)
    seconds = _local_clock(calendar, "%Y-%m-%d %H:%M:%S")
    folder = datasets / "nab_nyc_taxi"
    with (folder / "nyc_taxi.csv").open(newline="") as file:
        rows = [(seconds(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    spans = [
        (seconds(begin[:19]), seconds(end[:19])) for begin, end in json.loads((folder / "windows.json").read_text())
    ]
    return _known_events(calendar, rows, spans)


def grid_of(calendar: Calendar, rows: Sequence[tuple[int, float]]) -> tuple[NDArray[np.int64], Floats]:
    """Starts of every window from the first row to the last, and their counts; of two rows for one window the first."""
    times, first = np.unique([time for time, _ in rows], return_index=True)
    starts = np.arange(times[0], times[-1] + 1, calendar.window_seconds, dtype=np.int64)
    counts = np.full(starts.size, np.nan)
    counts[np.searchsorted(starts, times)] = np.array([count for _, count in rows])[first]
    return starts, counts


def _known_events(
    calendar: Calendar, rows: Sequence[tuple[int, float]], spans: Sequence[tuple[int, int]]
) -> KnownEvents:
    starts, counts = grid_of(calendar, rows)
    events = np.searchsorted(starts, np.array(spans, dtype=np.int64))
    panel = Panel(calendar, starts, counts[:, None], ("other",), np.array([BUDGET]))
    return KnownEvents(panel, (events.astype(np.int64),))


def _local_clock(calendar: Calendar, layout: str) -> Callable[[str], int]:
    zone = ZoneInfo(calendar.timezone)
    return lambda text: int(datetime.strptime(text, layout).replace(tzinfo=zone).timestamp())
