"""Windows through the detector: the one path for live, late, corrected, promoted and replayed counts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from service.domain.annotations import Marks
from service.domain.counts import WindowCounts
from service.domain.verdicts import MEASURES, VerdictColumns


@dataclass(frozen=True)
class Roster:
    """The series of some columns, in column order, and what the detector has to know of them.

    Attributes
    ----------
    numbers
        int64[n], series numbers, ascending.
    kinds
        int64[n], rows of :data:`models.kinds.KINDS`.
    shares
        float64[n], episodes per series-week that are the series' share of the alarm budget.
    assumed
        (column, from, to) in seconds UTC: while no row is sent, the sensor is assumed to be alive.
    restarts
        (column, start of a window in seconds UTC): the series begins anew there, as one never observed.
    """

    numbers: NDArray[np.int64]
    kinds: NDArray[np.int64]
    shares: NDArray[np.float64]
    assumed: tuple[tuple[int, int, int], ...] = ()
    restarts: tuple[tuple[int, int], ...] = ()

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, keep: NDArray[np.int64]) -> Roster:
        """The roster of the columns ``keep``, ascending."""
        place = {int(column): k for k, column in enumerate(keep)}
        assumed = tuple((place[c], a, b) for c, a, b in self.assumed if c in place)
        restarts = tuple((place[c], time) for c, time in self.restarts if c in place)
        return Roster(self.numbers[keep], self.kinds[keep], self.shares[keep], assumed, restarts)

    def assumed_alive(self, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Windows in which silence is taken for calm, bool[windows, n]."""
        alive = np.zeros((len(starts), len(self)), dtype=bool)
        for column, begin, end in self.assumed:
            alive[(starts >= begin) & (starts < end), column] = True
        return alive

    def restarting(self) -> dict[int, list[int]]:
        """The columns that begin anew, by the start of the window."""
        columns: defaultdict[int, list[int]] = defaultdict(list)
        for column, time in self.restarts:
            columns[time].append(column)
        return dict(columns)


def window_starts(start: int, end: int, window_seconds: int) -> NDArray[np.int64]:
    """Starts of the windows in [start, end), seconds UTC."""
    return np.arange(start, end, window_seconds, dtype=np.int64)


def count_matrix(
    windows: WindowCounts, starts: NDArray[np.int64], numbers: NDArray[np.int64], window_seconds: int
) -> NDArray[np.float64]:
    """Counts laid out as [window, series], NaN where there is no row; rows of other series are left out."""
    matrix = np.full((len(starts), len(numbers)), np.nan)
    if not len(windows) or not len(numbers):
        return matrix
    columns = np.minimum(np.searchsorted(numbers, windows.series), len(numbers) - 1)
    known = numbers[columns] == windows.series
    rows = (windows.starts[known] - starts[0]) // window_seconds
    matrix[rows, columns[known]] = windows.counts[known]
    return matrix


def score_and_learn(
    columns: OccupancyColumns,
    calendar: Calendar,
    roster: Roster,
    starts: NDArray[np.int64],
    counts: NDArray[np.float64],
    *,
    silence_odds: float = 1.0,
    marks: Marks | None = None,
) -> VerdictColumns:
    """Score each window, then learn it, in order; ``columns`` is advanced in place.

    Parameters
    ----------
    columns
        The series' state just before ``starts[0]``.
    calendar
        Turns a start into a slot.
    roster
        Of the same columns.
    starts
        int64[T], seconds UTC, one after the other without a gap.
    counts
        float64[T, n], NaN where missing.
    silence_odds
        Under assumed liveness a missing count is zero until silence since the last presence is less likely than
        this; from then on it is missing, so that a dead sensor is not learnt. Before the first reading nothing is
        assumed: else a replay, which begins before the series was registered, would learn more than a live run did.
    marks
        What annotations say of the windows, if anything. Whatever its score, a window with a known cause is not
        anomalous.

    Returns
    -------
    VerdictColumns
        Of the windows that have a count, by (start, series).
    """
    limit = -np.log(silence_odds)
    slots = calendar.slots_of(starts)
    alive = roster.assumed_alive(starts)
    measures = np.empty((len(MEASURES) - 1, *counts.shape))
    anomalous = np.zeros(counts.shape, dtype=bool)
    counted = counts.copy()
    restarting = roster.restarting()
    for t, slot in enumerate(slots):
        if anew := restarting.get(int(starts[t])):
            _restart(columns, anew)
        calm = alive[t] & np.isnan(counted[t]) & (columns.evidence_weeks > 0) & (columns.quiet <= limit)
        counted[t, calm] = 0.0
        said = {"left_out": marks.left_out[t], "confirmed": marks.confirmed[t]} if marks else {}
        verdicts = columns.step(int(slot), counted[t], **said)
        for k, name in enumerate(MEASURES[1:]):
            measures[k, t] = getattr(verdicts, name)
        anomalous[t] = verdicts.anomalous
    if marks:
        anomalous &= ~marks.annotated
    present = ~np.isnan(counted)
    row, column = np.nonzero(present)
    named = dict(zip(MEASURES[1:], measures[:, present], strict=True))
    return VerdictColumns(
        version=columns.version.id,
        series=roster.numbers[column],
        starts=starts[row],
        count=counted[present],
        anomalous=anomalous[present],
        **named,
    )


def _restart(columns: OccupancyColumns, anew: list[int]) -> None:
    """Forget what was learnt of some columns."""
    for rows in (columns.state.slots, columns.state.bins, columns.state.head):
        rows[..., anew] = 0.0
