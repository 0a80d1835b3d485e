"""Readings that mean something only beside their neighbours: kept as they came, and their counts derived anew.

The counts of a window are a pure function of the readings around it, so that neither the order in which readings come
nor how often they come makes a difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, CountPoints, CountSpan, ReadingPoints
from service.domain.derivation import Derivation
from service.ports import Ports
from service.settings import Settings
from service.usecases.origins import Placement


def record_readings(
    ports: Ports,
    placements: Sequence[Placement],
    placement: NDArray[np.int64],
    times: NDArray[np.int64],
    values: NDArray[np.int64],
) -> None:
    """Keep readings, and make the counts of the windows they touch what all readings there are say, in one step.

    Parameters
    ----------
    placements
        Where sensors are and what their readings mean.
    placement
        int64[n], positions in ``placements``.
    times
        int64[n], nanoseconds UTC, each within its placement's interval.
    values
        int64[n], in the semantics of the placement.
    """
    if not len(times):
        return
    series = np.array([one.series for one in placements], dtype=np.int64)[placement]
    sources = np.array([one.source for one in placements], dtype=np.int64)[placement]
    with ports.readings.transaction():
        ports.readings.put(ReadingPoints(series, sources, times, values))
        derived = [
            _derive(ports, placements[position], times[placement == position])
            for position in np.unique(placement).tolist()
        ]
        rows = np.array([row for _, points in derived for row in points], dtype=np.int64).reshape(-1, 4)
        ports.counts.replace(CountPoints(*rows.T), [span for span, _ in derived])


def _derive(
    ports: Ports, one: Placement, touched: NDArray[np.int64]
) -> tuple[CountSpan, list[tuple[int, int, int, int]]]:
    """The span of counts that some readings touch, and its points as (series, time, count, source)."""
    rules = _rules(ports.settings, one)
    start, end = _touched_windows(ports, one, rules, int(touched.min()), int(touched.max()))
    first, last = max(start - rules.reach, one.start), min(end + rules.reach, one.end)
    before, _ = ports.readings.neighbours(one.series, one.source, first, last)
    if before is not None and rules.looks_back:
        first = max(before, one.start)
    counts = rules.counts(ports.readings.read(one.series, one.source, first, last))
    # A sensor that leaves a space and comes back in the same window counts in it twice: each time has a point.
    points = [
        (one.series, max(window, one.start), count, one.source)
        for window, count in counts.items()
        if start <= window < end
    ]
    return CountSpan(one.series, one.source, max(start, one.start), min(end, one.end)), points


def _touched_windows(ports: Ports, one: Placement, rules: Derivation, first: int, last: int) -> tuple[int, int]:
    """Start of the first and end of the last window whose counts may depend on readings in [first, last]."""
    start, end = first - rules.reach, last + rules.reach
    _, after = ports.readings.neighbours(one.series, one.source, first, last + 1)
    if after is not None and rules.looks_back:
        end = max(end, after)
    return rules.window(start), rules.window(end) + rules.window_seconds * NANOSECONDS


def _rules(settings: Settings, one: Placement) -> Derivation:
    return Derivation(
        one.semantics,
        one.assumed,
        window_seconds=settings.window_seconds,
        longest_gap_seconds=settings.readings.longest_gap_minutes * 60,
        shortest_stay_seconds=settings.readings.shortest_stay_minutes * 60,
    )
