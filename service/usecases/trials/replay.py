"""Replay: counts in, verdicts out, without a store: the same path that live counts take, on version 0.

Nothing looks ahead: the verdict on a window depends on the counts up to it, so the first windows of a file are judged
alike whatever follows them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.hotspots.hotspot import HotSpot
from models.kinds import kind_number
from models.version import ModelVersion
from service.domain.counts import WindowCounts
from service.domain.places import kind_named
from service.domain.readings import CountRow
from service.domain.verdicts import VerdictColumns
from service.errors import RowProblem
from service.settings.sections import Hotspots
from service.usecases.learning.batches import FORGOTTEN_SECONDS
from service.usecases.learning.scoring import Roster, count_matrix, score_and_learn, window_starts
from service.usecases.lists.ranking import presences_of, rank_all, start_of_history, weeks_heard

BATCH_WINDOWS = 168

Progress = Callable[[int, int], None]


@dataclass
class ReplayCounts:
    """The good rows of a counts file as columns, and the bad ones as problems.

    ``names`` are (stairwell, space) by series number from 0, ``kinds`` their rows of :data:`models.kinds.KINDS`.
    """

    names: list[tuple[str, str]] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("q"))
    series: array[int] = field(default_factory=lambda: array("q"))
    counts: array[int] = field(default_factory=lambda: array("q"))
    problems: list[RowProblem] = field(default_factory=list)

    def windows(self) -> WindowCounts:
        """The rows ordered by window, then series."""
        starts, series, counts = (
            np.array(column, dtype=np.int64) for column in (self.starts, self.series, self.counts)
        )
        order = np.lexsort((series, starts))
        return WindowCounts(starts[order], series[order], counts[order])


def collect(rows: Iterable[tuple[int, CountRow] | RowProblem], window_seconds: int) -> ReplayCounts:
    """Gather rows into columns; a row whose time is not the start of a window is a problem."""
    collected = ReplayCounts()
    numbers: dict[tuple[str, str], int] = {}
    for item in rows:
        if isinstance(item, RowProblem):
            collected.problems.append(item)
            continue
        line, row = item
        second = row.time.timestamp()
        if odd := _odd(row, second, window_seconds):
            collected.problems.append(RowProblem(line, odd))
            continue
        name = (row.stairwell, row.space)
        if name not in numbers:
            numbers[name] = len(numbers)
            collected.names.append(name)
            collected.kinds.append(kind_number(row.kind or kind_named(row.space)))
        collected.starts.append(int(second))
        collected.series.append(numbers[name])
        collected.counts.append(row.count)
    return collected


def replay(
    collected: ReplayCounts,
    version: ModelVersion,
    calendar: Calendar,
    budget: float,
    progress: Progress = lambda _done, _total: None,
) -> VerdictColumns:
    """Verdicts on all counts, by (start, series); ``series`` are numbers of ``collected.names``.

    Parameters
    ----------
    collected
        Good rows.
    version, calendar
        The model and the slots it sees.
    budget
        Episodes opened per 100 stairwell-weeks.
    progress
        Called with rows done and rows to do.
    """
    windows = collected.windows()
    if not len(windows):
        return VerdictColumns.concatenate(version.id, [])
    step = calendar.window_seconds
    numbers = np.arange(len(collected.names))
    kinds = np.array(collected.kinds)
    columns = OccupancyColumns(version, calendar.window_minutes, kinds, np.zeros(len(numbers)))
    first_seen = _first_seen(windows, len(numbers))
    parts = []
    for part in _stretches(windows.starts, first_seen, step):
        columns.shares = _shares(collected.names, first_seen <= part[0], budget)
        roster = Roster(numbers, kinds, columns.shares)
        begin, end = np.searchsorted(windows.starts, (part[0], part[-1] + step))
        rows = WindowCounts(windows.starts[begin:end], windows.series[begin:end], windows.counts[begin:end])
        counts = count_matrix(rows, part, numbers, step)
        parts.append(score_and_learn(columns, calendar, roster, part, counts))
        progress(int(end), len(windows))
    return VerdictColumns.concatenate(version.id, parts)


def replay_hotspots(
    collected: ReplayCounts,
    verdicts: VerdictColumns,
    version: ModelVersion,
    calendar: Calendar,
    asked: Hotspots,
) -> list[HotSpot]:
    """The list that would be made after the last row; ``series`` are numbers of ``collected.names``."""
    if not len(verdicts):
        return []
    end = int(verdicts.starts[-1]) + calendar.window_seconds
    start = max(int(verdicts.starts[0]), start_of_history(end, asked))
    numbers = np.arange(len(collected.names))
    recent = verdicts.where(verdicts.starts >= start)
    presences = presences_of(
        calendar,
        recent,
        numbers,
        window_starts(start, end, calendar.window_seconds),
        kinds=np.array(collected.kinds),
        stairwells=[stairwell for stairwell, _ in collected.names],
    )
    return rank_all(presences, version, asked, weeks_heard(recent, numbers)).hotspots[: asked.top]


def _odd(row: CountRow, second: float, window_seconds: int) -> str | None:
    if row.sensor is not None:
        return "a replay judges series, not sensors; leave out the column sensor"
    if second % window_seconds:
        return f"the time is not the start of a window of {window_seconds // 60} minutes; see --window"
    return None


def _first_seen(windows: WindowCounts, series: int) -> NDArray[np.int64]:
    first = np.empty(series, dtype=np.int64)
    first[windows.series[::-1]] = windows.starts[::-1]
    return first


def _stretches(
    counted: NDArray[np.int64], first_seen: NDArray[np.int64], window_seconds: int
) -> Iterator[NDArray[np.int64]]:
    """Batches of windows to step, cut where a series appears: its stairwell's budget is shared from then on."""
    present = np.unique(counted)
    breaks = np.flatnonzero(np.diff(present) > FORGOTTEN_SECONDS)
    begins = [present[0], *(present[breaks + 1] - FORGOTTEN_SECONDS)]
    ends = [*(present[breaks] + window_seconds), present[-1] + window_seconds]
    for begin, end in zip(begins, ends, strict=True):
        starts = window_starts(begin, end, window_seconds)
        appear = first_seen[(first_seen >= begin) & (first_seen < end)]
        cuts = {0, *np.searchsorted(starts, appear).tolist(), *range(0, len(starts), BATCH_WINDOWS)}
        for first, after in pairwise([*sorted(cuts), len(starts)]):
            yield starts[first:after]


def _shares(names: list[tuple[str, str]], seen: NDArray[np.bool_], budget: float) -> NDArray[np.float64]:
    """A stairwell's budget in episodes per series-week, split over its spaces seen so far."""
    stairwells = np.unique([stairwell for stairwell, _ in names], return_inverse=True)[1]
    spaces = np.bincount(stairwells, weights=seen)
    return np.asarray(budget / 100 / np.maximum(spaces, 1)[stairwells])
