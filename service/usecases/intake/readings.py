"""Readings that mean something only beside their neighbours: kept as they came, and their counts derived anew.

The counts of a window are a pure function of the readings around it, so that neither the order in which readings come
nor how often they come makes a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, CountPoints, CountSpan, ReadingPoints
from service.domain.derivation import Derivation
from service.ports import Ports
from service.settings import Settings
from service.usecases.intake.origins import Placement
from service.usecases.retention.kept import counts_taken_since


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
        since, window_seconds = (counts_taken_since(ports) or 0) * NANOSECONDS, _window_seconds(ports)
        spans, rows = list[CountSpan](), list[tuple[int, int, int, int]]()
        for position, first, last in _ends(placement, times):
            one = placements[position]
            span, points = _derive(ports, one, _rules(ports.settings, one, window_seconds), (first, last), since)
            spans += [span, *elsewhere(one, span.start, span.end)]
            rows += points
        ports.counts.replace(CountPoints(*np.array(rows, dtype=np.int64).reshape(-1, 4).T), spans)


def withdraw_elsewhere(
    ports: Ports, placements: Sequence[Placement], placement: NDArray[np.int64], times: NDArray[np.int64]
) -> None:
    """Take back what sensors are said to have counted elsewhere in the windows of their counts.

    A sensor is in one place at a time. Where the register is told late that it was moved, its counts since then lie in
    the old place; sent again, they are those of the new one, and no longer of both.

    Parameters
    ----------
    placements
        Where sensors are.
    placement
        int64[n], positions in ``placements``.
    times
        int64[n], nanoseconds UTC.
    """
    moved = [position for position in np.unique(placement).tolist() if placements[position].elsewhere]
    if not moved:
        return
    length, spans = _window_seconds(ports) * NANOSECONDS, list[CountSpan]()
    for position in moved:
        windows = np.unique(times[placement == position] // length)
        for run in np.split(windows, np.flatnonzero(np.diff(windows) > 1) + 1):
            spans += elsewhere(placements[position], int(run[0]) * length, (int(run[-1]) + 1) * length)
    ports.counts.replace(CountPoints(*np.empty((4, 0), dtype=np.int64)), spans)


def elsewhere(one: Placement, start: int, end: int) -> list[CountSpan]:
    """Of [start, end), nanoseconds UTC, what a sensor cannot have counted in other series, since it was in this one."""
    start, end = max(start, one.start), min(end, one.end)
    return [CountSpan(series, one.source, start, end) for series in one.elsewhere]


def _ends(placement: NDArray[np.int64], times: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Position, first and last time of each placement that has readings."""
    order = np.lexsort((times, placement))
    positions, first = np.unique(placement[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    ordered = times[order]
    return zip(positions.tolist(), ordered[first].tolist(), ordered[last].tolist(), strict=True)


def _derive(
    ports: Ports, one: Placement, rules: Derivation, ends: tuple[int, int], since: int
) -> tuple[CountSpan, list[tuple[int, int, int, int]]]:
    """The span of counts that readings from first to last touch, and its points as (series, time, count, source).

    Counts before ``since`` are deleted, and stay so though there still are readings to derive some from.
    """
    first, last = ends[0] - rules.reach, ends[1] + rules.reach
    if rules.looks_back:
        first, last = _beside(ports, one, first, last)
    start, end = rules.window(first), rules.window(last) + rules.window_seconds * NANOSECONDS
    around = max(start - rules.reach, one.start), min(end + rules.reach, one.end)
    if rules.looks_back:
        around = _beside(ports, one, *around)
    counts = rules.counts(ports.readings.read(one.series, one.source, *around))
    # A sensor that leaves a space and comes back in the same window counts in it twice: each time has a point.
    points = [
        (one.series, max(window, one.start), count, one.source)
        for window, count in counts.items()
        if max(start, since) <= window < end
    ]
    return CountSpan(one.series, one.source, max(start, one.start, since), min(end, one.end)), points


def _beside(ports: Ports, one: Placement, first: int, last: int) -> tuple[int, int]:
    """The interval with the readings before and after it, as far as the sensor was in the series."""
    before, after = ports.readings.neighbours(one.series, one.source, first, last)
    return (
        first if before is None else max(before, one.start),
        last if after is None else min(after + 1, one.end),
    )


def _window_seconds(ports: Ports) -> int:
    """Of the windows that are scored, whatever the settings say meanwhile.

    While they say otherwise nothing is scored, and set back, a stay that had been counted in each quarter of an hour
    would be four in its hour.
    """
    manifest = ports.state.manifest()
    return manifest.window_seconds if manifest else ports.settings.window_seconds


def _rules(settings: Settings, one: Placement, window_seconds: int) -> Derivation:
    return Derivation(
        one.semantics,
        one.assumed,
        window_seconds=window_seconds,
        longest_gap_seconds=settings.readings.longest_gap_minutes * 60,
        shortest_stay_seconds=settings.readings.shortest_stay_minutes * 60,
    )
