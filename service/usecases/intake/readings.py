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
        since = (counts_taken_since(ports) or 0) * NANOSECONDS
        derived = [
            _derive(ports, placements[position], first, last, since)
            for position, first, last in _ends(placement, times)
        ]
        rows = np.array([row for _, points in derived for row in points], dtype=np.int64).reshape(-1, 4)
        ports.counts.replace(CountPoints(*rows.T), [span for span, _ in derived])


def _ends(placement: NDArray[np.int64], times: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Position, first and last time of each placement that has readings."""
    order = np.lexsort((times, placement))
    positions, first = np.unique(placement[order], return_index=True)
    last = np.append(first[1:], len(order)) - 1
    ordered = times[order]
    return zip(positions.tolist(), ordered[first].tolist(), ordered[last].tolist(), strict=True)


def _derive(
    ports: Ports, one: Placement, first: int, last: int, since: int
) -> tuple[CountSpan, list[tuple[int, int, int, int]]]:
    """The span of counts that readings from first to last touch, and its points as (series, time, count, source).

    Counts before ``since`` are deleted, and stay so though there still are readings to derive some from.
    """
    rules = _rules(ports.settings, one)
    first, last = first - rules.reach, last + rules.reach
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


def _rules(settings: Settings, one: Placement) -> Derivation:
    return Derivation(
        one.semantics,
        one.assumed,
        window_seconds=settings.window_seconds,
        longest_gap_seconds=settings.readings.longest_gap_minutes * 60,
        shortest_stay_seconds=settings.readings.shortest_stay_minutes * 60,
    )
