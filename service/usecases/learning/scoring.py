"""Windows through the detector: the one path for live, late, corrected, promoted and replayed counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.detector.state import Head
from models.detector.verdicts import Scored
from models.detector.week import Week
from models.surroundings import Surroundings
from service.domain.annotations import Marks
from service.domain.counts import WindowCounts
from service.domain.state import Silence
from service.domain.verdicts import MEASURES, VerdictColumns

COPIES = 1 << 40
"""Numbers of copies of series begin here, above all others."""
_CELLS_AT_A_TIME = 16_384  # windows times series that verdicts are told of: few calls, and arrays that fit a cache


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
    silences
        (column, start of a window in seconds UTC): from there on its silence is known not to be calm.
    own_days
        (column, local dates that the series keeps as holidays beside the town's).
    surroundings
        Areas and buildings of the series, if anything is known of them.
    """

    numbers: NDArray[np.int64]
    kinds: NDArray[np.int64]
    shares: NDArray[np.float64]
    assumed: tuple[tuple[int, int, int], ...] = ()
    restarts: tuple[tuple[int, int], ...] = ()
    silences: tuple[tuple[int, int], ...] = ()
    own_days: tuple[tuple[int, frozenset[date]], ...] = ()
    surroundings: Surroundings | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def select(self, keep: NDArray[np.int64]) -> Roster:
        """The roster of the columns ``keep``, ascending."""
        place = {int(column): k for k, column in enumerate(keep)}
        assumed = tuple((place[c], a, b) for c, a, b in self.assumed if c in place)
        restarts = tuple((place[c], time) for c, time in self.restarts if c in place)
        silences = tuple((place[c], time) for c, time in self.silences if c in place)
        own_days = tuple((place[c], days) for c, days in self.own_days if c in place)
        known = None if self.surroundings is None else self.surroundings[keep]
        return Roster(
            self.numbers[keep], self.kinds[keep], self.shares[keep], assumed, restarts, silences, own_days, known
        )

    def with_copies(self, series: NDArray[np.int64]) -> Roster:
        """The roster and copies of some of its series after it, numbered from :data:`COPIES` on.

        They begin anew and keep days of their own when theirs do. Their silence is never taken for calm.
        """
        copies, everybody = list(enumerate(series.tolist(), start=len(self))), np.append(np.arange(len(self)), series)
        restarts = [(copy, time) for copy, one in copies for column, time in self.restarts if column == one]
        own_days = [(copy, days) for copy, one in copies for column, days in self.own_days if column == one]
        return replace(
            self,
            numbers=np.append(self.numbers, COPIES + np.arange(len(series))),
            kinds=self.kinds[everybody],
            shares=self.shares[everybody],
            restarts=(*self.restarts, *restarts),
            own_days=(*self.own_days, *own_days),
            surroundings=self.surroundings and self.surroundings[everybody],
        )

    def with_silences(self, found: Mapping[int, Sequence[Silence]]) -> Roster:
        """The roster with the silences found of its series, which are given by number."""
        numbered = enumerate(self.numbers.tolist())
        silences = [(column, one.start) for column, number in numbered for one in found.get(number, ())]
        return replace(self, silences=tuple(silences))

    def assumed_alive(self, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Windows in which silence is taken for calm, bool[windows, n]."""
        alive = np.zeros((len(starts), len(self)), dtype=bool)
        for column, begin, end in self.assumed:
            alive[(starts >= begin) & (starts < end), column] = True
        return alive

    def own_holidays(self, calendar: Calendar, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Windows of days that a series keeps as a holiday beside the town's, bool[windows, n]."""
        kept = np.zeros((len(starts), len(self)), dtype=bool)
        columns: defaultdict[frozenset[date], list[int]] = defaultdict(list)
        for column, days in self.own_days:
            columns[days].append(column)
        for days, alike in columns.items():
            kept[:, alike] = calendar.on_days(days, starts)[:, None]
        return kept

    def silent(self, starts: NDArray[np.int64], counts: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Windows in which silence is known not to be calm, until somebody is heard again, bool[windows, n]."""
        silent = np.zeros(counts.shape, dtype=bool)
        for column, start in self.silences:
            first = int(np.searchsorted(starts, start))
            heard = np.flatnonzero(counts[first:, column] > 0)
            silent[first : first + int(heard[0]) if len(heard) else None, column] = True
        return silent

    def restarting(self) -> dict[int, list[int]]:
        """The columns that begin anew, by the start of the window."""
        return _by_time(self.restarts)


def _by_time(events: Sequence[tuple[int, int]]) -> dict[int, list[int]]:
    columns: defaultdict[int, list[int]] = defaultdict(list)
    for column, time in events:
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


def slots_stepped(calendar: Calendar, roster: Roster, starts: NDArray[np.int64]) -> set[int]:
    """The slots that `score_and_learn` changes."""
    slots, week = calendar.slots_of(starts), Week(calendar.window_minutes)
    apart = roster.own_holidays(calendar, starts).any(axis=1)
    return {*slots.tolist(), *map(week.holiday_slot, slots[apart].tolist())}


def score_and_learn(
    columns: OccupancyColumns,
    calendar: Calendar,
    roster: Roster,
    starts: NDArray[np.int64],
    counts: NDArray[np.float64],
    *,
    silence_odds: float = 1.0,
    marks: Marks | None = None,
    found: dict[int, int] | None = None,
) -> VerdictColumns:
    """Score each window, then learn it, in order; ``columns`` is advanced in place.

    Parameters
    ----------
    columns
        The series' state just before ``starts[0]``.
    calendar
        Turns a start into a slot; series with days of their own have the holiday's on these.
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
        The zeros before that point are learnt, unless the roster knows of the silence.
    marks
        What annotations say of the windows, if anything. Whatever its score, a window with a known cause is not
        anomalous.
    found
        Takes the window in which the first silence too long was noticed, by series number: seconds UTC.

    Returns
    -------
    VerdictColumns
        Of the windows that have a count, by (start, series).
    """
    limit = -np.log(silence_odds)
    slots, holidays = calendar.slots_of(starts), roster.own_holidays(calendar, starts)
    alive = roster.assumed_alive(starts)
    measures = np.empty((len(MEASURES) - 1, *counts.shape))
    anomalous = np.zeros(counts.shape, dtype=bool)
    counted = counts.copy()
    silences: NDArray[np.bool_] = np.any(alive & np.isnan(counts), axis=1)
    restarting, falling_silent = roster.restarting(), _by_time(roster.silences)
    pending: list[Scored] = []
    for t, slot in enumerate(slots):
        if anew := restarting.get(int(starts[t])):
            restart(columns, anew)
        if silent := falling_silent.get(int(starts[t])):
            _take_for_silent(columns, silent)
        if silences[t]:
            unheard = alive[t] & np.isnan(counted[t]) & (columns.evidence_weeks > 0)
            too_long = unheard & (columns.quiet > limit)
            if found is not None and (noticed := np.flatnonzero(too_long & np.isfinite(columns.quiet)).tolist()):
                _take_for_silent(columns, noticed)
                numbers = roster.numbers[noticed].tolist()
                found |= {number: int(starts[t]) for number in numbers if number not in found}
            counted[t, unheard & ~too_long] = 0.0
        said = {"left_out": marks.left_out[t], "confirmed": marks.confirmed[t]} if marks else {}
        pending.append(columns.advance(int(slot), counted[t], holiday=holidays[t], **said))
        if len(pending) * len(roster) >= _CELLS_AT_A_TIME or t == len(slots) - 1:
            told = columns.tell(pending)
            for k, name in enumerate(MEASURES[1:]):
                measures[k, t + 1 - len(pending) : t + 1] = getattr(told, name)
            anomalous[t + 1 - len(pending) : t + 1] = told.anomalous
            pending = []
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


def _take_for_silent(columns: OccupancyColumns, silent: list[int]) -> None:
    """Assume nothing of some columns until somebody is heard in them again."""
    columns.state.head[Head.QUIET, silent] = np.inf


def restart(columns: OccupancyColumns, anew: list[int]) -> None:
    """Forget what was learnt of some columns."""
    for rows in (columns.state.slots, columns.state.bins, columns.state.head):
        rows[..., anew] = 0.0
