"""Crowds of our own in CalIt2's counts: as many as wanted, where the known events are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.quality.datasets import KnownEvents, read_calit2
from bench.quality.known import WARMUP_WEEKS
from bench.quality.panel import Floats, Panel

COPIES = 8  # of each flow, each with its own crowds
CROWDS = 12  # in a copy
_FLOWS = (9, 7)
_SATURDAY = 5
_FROM_HOURS = (8, 20)
_MOST_WINDOWS = 4
_PEOPLE = (20.0, 70.0)
_WINDOWS_APART = 24


def read_crowds(datasets: Path, seed: int) -> KnownEvents:
    """Both flows of CalIt2 some times over, each copy with crowds of its own."""
    return crowded([read_calit2(datasets, flow).panel for flow in _FLOWS for _ in range(COPIES)], seed)


def crowded(panels: Sequence[Panel], seed: int) -> KnownEvents:
    """Series of the same windows side by side, each with crowds of its own after the warm-up.

    They are what CalIt2's known events of the first four weeks are like, which nobody is judged by: 20 to 70 people
    more within half an hour to two hours of a weekday.
    """
    random = np.random.default_rng(seed)
    each = [_with_crowds(random, panel) for panel in panels]
    panel = replace(
        panels[0],
        counts=np.stack([counts for counts, _ in each], axis=1),
        kinds=panels[0].kinds * len(panels),
        shares=np.tile(panels[0].shares, len(panels)),
    )
    return KnownEvents(panel, tuple(events for _, events in each))


def _with_crowds(random: np.random.Generator, panel: Panel) -> tuple[Floats, NDArray[np.int64]]:
    """Counts of one series with crowds, and their first windows and past lasts, in order of time."""
    counts, events = panel.counts[:, 0].copy(), np.empty((0, 2), dtype=np.int64)
    possible = _weekday_hours(panel)
    while len(events) < CROWDS:
        begin, length = int(random.choice(possible)), int(random.integers(1, _MOST_WINDOWS + 1))
        hours = slice(begin, begin + length)
        if np.isnan(counts[hours]).any() or (abs(events[:, 0] - begin) < _WINDOWS_APART).any():
            continue
        counts[hours] += random.poisson(random.uniform(*_PEOPLE) * random.dirichlet(np.full(length, 2.0)))
        events = np.append(events, [[begin, begin + length]], axis=0)
    return counts, events[np.argsort(events[:, 0])]


def _weekday_hours(panel: Panel) -> NDArray[np.intp]:
    """Windows at which a crowd can come."""
    day, time = np.divmod(panel.slots, panel.calendar.windows_per_day)
    hour = time * panel.calendar.window_minutes // 60
    within = (day < _SATURDAY) & (hour >= _FROM_HOURS[0]) & (hour < _FROM_HOURS[1])
    within[: WARMUP_WEEKS * panel.windows_per_week] = within[-_MOST_WINDOWS:] = False
    return np.flatnonzero(within)
