"""Pedestrians of Melbourne: injected events, and calibration on ordinary days."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import holidays
import numpy as np
from numpy.typing import NDArray

from bench.quality.calibration import calibrate, figures
from bench.quality.datasets import BUDGET, KnownEvents, grid_of
from bench.quality.experiment import Row, Table
from bench.quality.known import found_figure, text_for
from bench.quality.measures import Reading, sweep
from bench.quality.panel import Judgement, Panel, Rival
from models.calendar import HOLIDAY, SECONDS_PER_DAY, Calendar

LEARNING_WEEKS = 8
SIZES = (0.25, 0.5, 1.0)  # of the hour's median
_EVENTS_OF_A_SIZE = 12  # a sensor
_HOURS = 3
_FROM_HOURS = (17, 21)
_BUDGETS = (36, 72, 144)
_ORDINARY_AFTER_WEEKS = 4

EVENTS = Table(
    "melbourne-events",
    "Melbourne pedestrians with injected events",
    text_for(
        f"On {len(SIZES) * _EVENTS_OF_A_SIZE} random evenings of each of four sensors, after eight weeks of learning, "
        f"{_HOURS} hours get 25, 50 or 100 % of the hour's median more; 48 events of each size. Budgets are of each "
        "sensor, over 96 weeks; public holidays and real events use them up for everybody alike."
    ),
    "A learnt overdispersion discounts the busy evenings on which these events lie, here as in the overdispersed "
    "negative binomial; a Poisson count of known rate, far too sure of itself on ordinary days, ranks them higher.",
)
ORDINARY = Table(
    "melbourne-ordinary",
    "Calibration on Melbourne's ordinary days",
    "P(p < a) / a of the randomised p-value on the counts as they are, after four weeks, public holidays of Victoria "
    "left out: least and most over the deciles of the expected count, and over all windows; 1 is right.",
    "Days of a real town vary together, by weather and season, more than the learnt dispersion allows for; the "
    "overdispersed negative binomial shows the same.",
)


def read_melbourne(datasets: Path) -> Panel:
    """Hourly counts of four sensors, two years; public holidays of Victoria are a day type of their own."""
    rows: dict[str, list[tuple[int, float]]] = {}
    with gzip.open(datasets / "melbourne_pedestrians" / "pedestrian.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            time = datetime.fromisoformat(row["Date_Time"]).replace(tzinfo=UTC)
            rows.setdefault(row["Sensor"], []).append((int(time.timestamp()), float(row["Count"])))
    calendar = Calendar("Australia/Melbourne", _public_holidays(), 60)
    starts = np.arange(
        min(row[0][0] for row in rows.values()), max(row[-1][0] for row in rows.values()) + 1, 3600, dtype=np.int64
    )
    counts = np.full((starts.size, len(rows)), np.nan)
    for series, name in enumerate(sorted(rows)):
        own, values = grid_of(calendar, rows[name])
        counts[np.searchsorted(starts, own), series] = values
    return Panel(calendar, starts, counts, ("entrance",) * len(rows), np.full(len(rows), BUDGET))


def _public_holidays() -> frozenset[date]:
    return frozenset(holidays.country_holidays("AU", subdiv="VIC", years=(2014, 2015, 2016, 2017)))


@dataclass(frozen=True)
class Injected(KnownEvents):
    """Known events and the size of each; the same number of every size in every series."""

    sizes: tuple[NDArray[np.float64], ...]


def inject(panel: Panel, seed: int, *, events_of_a_size: int = _EVENTS_OF_A_SIZE) -> Injected:
    """Add events on random evenings after the learning weeks, never on holidays or where a count is missing."""
    random = np.random.default_rng(seed)
    counts = panel.counts.copy()
    events, sizes = [], []
    for series in range(panel.width):
        begins = _evenings(random, panel, series, len(SIZES) * events_of_a_size)
        size = random.permutation(np.repeat(SIZES, events_of_a_size))
        for begin, share in zip(begins, size, strict=True):
            for window in range(begin, begin + _HOURS):
                same = panel.slots == panel.slots[window]
                counts[window, series] += random.poisson(share * np.nanmedian(panel.counts[same, series]))
        events.append(np.stack([begins, begins + _HOURS], axis=1))
        sizes.append(size)
    return Injected(replace(panel, counts=counts), tuple(events), tuple(sizes))


def _evenings(random: np.random.Generator, panel: Panel, series: int, number: int) -> NDArray[np.int64]:
    """First windows of events, at most one an evening, in order of time."""
    hours = panel.calendar.local_seconds(panel.starts) % SECONDS_PER_DAY // 3600
    days = panel.calendar.local_days(panel.starts)
    ordinary = (panel.slots // panel.calendar.windows_per_day != HOLIDAY) & ~panel.weeks_before(LEARNING_WEEKS)
    known = ~np.isnan(panel.counts[:, series])
    whole = np.convolve(known, np.ones(_HOURS))[_HOURS - 1 :] == _HOURS
    possible = np.unique(days[ordinary & whole & (hours == _FROM_HOURS[0])])
    chosen = np.sort(random.choice(possible, number, replace=False))
    starts = random.integers(_FROM_HOURS[0], _FROM_HOURS[1] + 1, number)
    begins = [int(np.flatnonzero((days == day) & (hours == hour))[0]) for day, hour in zip(chosen, starts, strict=True)]
    return np.array(begins, dtype=np.int64)


@dataclass(frozen=True)
class MelbourneEvents:
    """Recall of injected events by their size, all sensors together."""

    datasets: Path
    rivals: Sequence[Rival]
    seed: int
    weeks: int | None = None
    name: str = EVENTS.name
    tables: Sequence[Table] = (EVENTS,)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        injected = inject(_first_weeks(self.datasets, self.weeks), self.seed)
        return {self.name: injected_figures(injected, rival.judge(injected.panel))}


def injected_figures(injected: Injected, judgement: Judgement) -> Row:
    """Events found of each size within each budget."""
    learning = LEARNING_WEEKS * injected.panel.windows_per_week
    swept = [
        sweep(judgement.score[learning:, series], events - learning) for series, events in enumerate(injected.events)
    ]
    row = {}
    for budget in _BUDGETS:
        first, best = [one.first(budget) for one in swept], [one.best(budget) for one in swept]
        for size in SIZES:
            readings = (_of_size(each, injected, size) for each in (first, best))
            row[f"+{size:.0%} at {budget}"] = found_figure(*readings)
    return row


def _of_size(readings: Sequence[Reading], injected: Injected, size: float) -> list[Reading]:
    """The readings of each series without the events of other sizes."""
    pairs = zip(readings, injected.sizes, strict=True)
    return [replace(reading, found=reading.found & (sizes == size)) for reading, sizes in pairs]


@dataclass(frozen=True)
class MelbourneOrdinary:
    """Calibration on real dense counts."""

    datasets: Path
    rivals: Sequence[Rival]
    seed: int
    weeks: int | None = None
    name: str = ORDINARY.name
    tables: Sequence[Table] = (ORDINARY,)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        panel = _first_weeks(self.datasets, self.weeks)
        ordinary = panel.slots // panel.calendar.windows_per_day != HOLIDAY
        within = (ordinary & ~panel.weeks_before(_ORDINARY_AFTER_WEEKS))[:, None] & ~np.isnan(panel.counts)
        calibration = calibrate(rival.judge(panel), within)
        return {self.name: figures(calibration)} if calibration else {}


def _first_weeks(datasets: Path, weeks: int | None) -> Panel:
    panel = read_melbourne(datasets)
    return panel.until(weeks * panel.windows_per_week) if weeks else panel
