"""Measure the detector on the public anchors: CalIt2 and nyc_taxi, causally, one pass, the shipped version.

    python bench/quality/anchors.py [DATASETS]

A predicted event is a maximal run of windows with a score at or above a threshold, after four weeks. A known event is
found if a flagged window lies in it, plus or minus one window. Recall is read at a budget of predicted events.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.columns import OccupancyColumns
from models.kinds import kind_number
from models.shipped import shipped_version
from models.version import ModelVersion

WARMUP_WEEKS = 4
BUDGETS = (10, 20, 30, 50, 70)
MOST_FLAGGED = 0.06  # share of time: a threshold below it flags long runs that find anything


@dataclass(frozen=True)
class Anchor:
    """A series with known events; times in UTC epoch seconds, events as (first, last) second."""

    name: str
    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    events: list[tuple[int, int]]


@dataclass(frozen=True)
class Reading:
    """Known events found within a budget of predicted events, and the share of time flagged for it."""

    found: int
    predicted: int
    flagged_share: float


def read_calit2(folder: Path, flow: int) -> Anchor:
    seconds = _local_clock("America/Los_Angeles", "%m/%d/%y %H:%M:%S")
    with (folder / "CalIt2.data").open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and int(row[0]) == flow]
    with (folder / "CalIt2.events").open(newline="") as file:
        events = [(seconds(f"{day} {begin}"), seconds(f"{day} {end}")) for day, begin, end, *_ in csv.reader(file)]
    starts = np.array([seconds(f"{day} {time}") for _, day, time, _ in rows], dtype=np.int64)
    counts = np.array([float(row[3]) for row in rows])
    return Anchor(f"CalIt2 flow {flow}", Calendar("America/Los_Angeles", (), 30), starts, counts, events)


def read_nyc_taxi(folder: Path) -> Anchor:
    seconds = _local_clock("America/New_York", "%Y-%m-%d %H:%M:%S")
    with (folder / "nyc_taxi.csv").open(newline="") as file:
        rows = [(row["timestamp"], float(row["value"])) for row in csv.DictReader(file)]
    windows = json.loads((folder / "windows.json").read_text())
    spans = windows if isinstance(windows, list) else next(iter(windows.values()))
    events = [(seconds(begin[:19]), seconds(end[:19])) for begin, end in spans]
    starts, first = np.unique([seconds(time) for time, _ in rows], return_index=True)
    counts = np.array([count for _, count in rows])[first]
    return Anchor("nyc_taxi", Calendar("America/New_York", (), 30), starts, counts, events)


def scores_of(anchor: Anchor, version: ModelVersion) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Starts of every window of the span, missing ones too, and their scores."""
    grid = np.arange(anchor.starts[0], anchor.starts[-1] + 1, anchor.calendar.window_seconds, dtype=np.int64)
    counts = np.full(grid.size, np.nan)
    counts[np.searchsorted(grid, anchor.starts)] = anchor.counts
    columns = OccupancyColumns(version, anchor.calendar.window_minutes, [kind_number("other")], [0.02])
    slots = anchor.calendar.slots_of(grid)
    scores = [columns.step(int(slot), counts[k : k + 1]).score[0] for k, slot in enumerate(slots)]
    return grid, np.array(scores)


def readings(anchor: Anchor, starts: NDArray[np.int64], scores: NDArray[np.float64]) -> Iterator[Reading]:
    """The most events found by any threshold within each budget."""
    since = anchor.starts[0] + WARMUP_WEEKS * 7 * 86_400
    judged = starts >= since
    starts, scores = starts[judged], np.nan_to_num(scores[judged], nan=-np.inf)
    margin = anchor.calendar.window_seconds
    spans = [(starts + margin > begin - margin) & (starts < end + margin) for begin, end in known(anchor, since)]
    swept = [_at_threshold(scores, spans, threshold) for threshold in np.unique(scores[np.isfinite(scores)])]
    for budget in BUDGETS:
        yield max(
            (r for r in swept if r.predicted <= budget and r.flagged_share <= MOST_FLAGGED),
            key=lambda r: (r.found, -r.flagged_share),
        )


def known(anchor: Anchor, since: int) -> list[tuple[int, int]]:
    """The known events after the warm-up."""
    return [event for event in anchor.events if event[0] >= since]


def _at_threshold(scores: NDArray[np.float64], spans: list[NDArray[np.bool_]], threshold: float) -> Reading:
    flagged = scores >= threshold
    runs = int(flagged[0]) + int((flagged[1:] & ~flagged[:-1]).sum())
    return Reading(sum(bool((flagged & span).any()) for span in spans), runs, float(flagged.mean()))


def _local_clock(timezone: str, layout: str) -> Callable[[str], int]:
    zone = ZoneInfo(timezone)
    return lambda text: int(datetime.strptime(text, layout).replace(tzinfo=zone).timestamp())


def main() -> None:
    datasets = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/datasets")
    version = shipped_version()
    anchors = [read_calit2(datasets / "calit2", flow) for flow in (9, 7)]
    anchors.append(read_nyc_taxi(datasets / "nab_nyc_taxi"))
    print("found of known events at most at", *(f"{budget:>12}" for budget in BUDGETS), "predicted events")
    for anchor in anchors:
        starts, scores = scores_of(anchor, version)
        row = [f"{r.found:>4} ({r.flagged_share:5.1%})" for r in readings(anchor, starts, scores)]
        total = len(known(anchor, int(anchor.starts[0]) + WARMUP_WEEKS * 7 * 86_400))
        print(f"{anchor.name:>20} of {total:>2}", *(f"{cell:>12}" for cell in row))


if __name__ == "__main__":
    main()
