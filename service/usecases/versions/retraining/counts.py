"""The counts to learn from: those of all series over the latest weeks, four bytes a window."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_WEEK, Calendar
from service.errors import Conflict, InvalidInput
from service.ports import Ports
from service.ports.counts import CountStore
from service.usecases.learning.marks import marks_of
from service.usecases.learning.rosters import full_roster, settings_calendar
from service.usecases.learning.scoring import Roster, count_matrix, window_starts
from service.usecases.versions.retraining.pace import Pace
from service.usecases.workers import Run

FEWEST_WEEKS = 4
READING = "reading counts"
SERIES_AT_ONCE = 3000  # wide, so that the arithmetic outweighs the calls: a thousand take half as long again each
_HELD_BACK = 4  # one part in this many
_HELD_BACK_WEEKS = 4  # or these, where half of the weeks are not fewer: injected loitering has two to be found in


@dataclass(frozen=True)
class TrainingCounts:
    """What is learnt from.

    Attributes
    ----------
    calendar
        Of the settings.
    roster
        Of all series.
    starts
        int64[T], seconds UTC, one window after the other.
    counts
        float32[n, T], NaN where missing or left out: a series in one piece, since series are worked on apart.
    annotated
        Counts left out because their cause is known.
    silent
        Windows of sensors taken for dead, whose silence is not taken for calm.
    """

    calendar: Calendar
    roster: Roster
    starts: NDArray[np.int64]
    counts: NDArray[np.float32]
    annotated: int = 0
    silent: int = 0

    @property
    def held_back(self) -> int:
        """The first window of those held back: a quarter of them, or four weeks, or half if they are no more."""
        windows = len(self.starts)
        four_weeks = _HELD_BACK_WEEKS * SECONDS_PER_WEEK // self.calendar.window_seconds
        return windows - max(windows // _HELD_BACK, min(four_weeks, windows // 2))

    @property
    def end(self) -> int:
        """Where the last window ends, seconds UTC."""
        return int(self.starts[-1]) + self.calendar.window_seconds

    @property
    def digest(self) -> str:
        """SHA-256 of series, windows and counts."""
        digest = hashlib.sha256()
        for column in (self.roster.numbers, self.starts, self.counts):
            digest.update(np.ascontiguousarray(column).data)
        return digest.hexdigest()

    def shards(self) -> Iterator[NDArray[np.int64]]:
        """The columns of the series, some at once."""
        for first in range(0, len(self.roster), SERIES_AT_ONCE):
            yield np.arange(first, min(first + SERIES_AT_ONCE, len(self.roster)))


@dataclass(frozen=True)
class _Stretch:
    """Windows to read of a store, as a worker needs to know them."""

    store: CountStore
    starts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    window_seconds: int


def read_training_counts(
    ports: Ports, span: tuple[int, int], weeks: int, run: Run, pace: Pace | None = None
) -> TrainingCounts:
    """Read the latest weeks of [origin, watermark), seconds UTC, and leave out what is not to be learnt.

    Raises
    ------
    Conflict
        If there are fewer than :data:`FEWEST_WEEKS` weeks, or no counts in them.
    InvalidInput
        If fewer are asked for.
    """
    starts = training_windows(ports, span, weeks)
    roster, step = full_roster(ports), ports.settings.window_seconds
    counts = np.empty((len(roster), len(starts)), dtype=np.float32)
    a_week = SECONDS_PER_WEEK // step
    parts = [starts[first : first + a_week] for first in range(0, len(starts), a_week)]
    done = annotated = 0
    for stretch in run(_read, [_Stretch(ports.counts, part, roster.numbers, step) for part in parts]):
        counts[:, done : done + stretch.shape[1]] = stretch
        done += stretch.shape[1]
        if pace:
            pace.report(READING, done / len(starts))
    if np.isnan(counts).all():
        raise Conflict("there is not one count in the weeks to learn from; import counts, or name more weeks")
    silent = _assume_calm(ports, roster, starts, counts)
    calendar = settings_calendar(ports.settings)
    for number, part in enumerate(parts):
        stretch = counts[:, number * a_week : number * a_week + len(part)]
        annotated += _leave_out(ports, roster, part, stretch)
        stretch[roster.own_holidays(calendar, part).T] = np.nan  # what the fleet does on a day is told by its calendar
    return TrainingCounts(calendar, roster, starts, counts, annotated, silent)


def check_weeks(weeks: int) -> None:
    """Raise InvalidInput if they are fewer than a version can be learnt from."""
    if weeks < FEWEST_WEEKS:
        raise InvalidInput(f"{weeks} weeks are too few to learn a week's shape from; use at least {FEWEST_WEEKS}")


def training_windows(ports: Ports, span: tuple[int, int], weeks: int) -> NDArray[np.int64]:
    """Starts of the latest weeks' windows."""
    check_weeks(weeks)
    origin, end = span
    start = max(origin, end - weeks * SECONDS_PER_WEEK)
    if end - start < FEWEST_WEEKS * SECONDS_PER_WEEK:
        raise Conflict(f"only {(end - start) / SECONDS_PER_WEEK:.1f} weeks are scored; retraining needs {FEWEST_WEEKS}")
    return window_starts(start, end, ports.settings.window_seconds)


def _read(stretch: _Stretch) -> NDArray[np.float32]:
    first, step = int(stretch.starts[0]), stretch.window_seconds
    windows = stretch.store.read(first, int(stretch.starts[-1]) + step, step)
    return count_matrix(windows, stretch.starts, stretch.numbers, step).T.astype(np.float32)


def _assume_calm(ports: Ports, roster: Roster, starts: NDArray[np.int64], counts: NDArray[np.float32]) -> int:
    """Zeros where a sensor says nothing while nothing happens; how many windows are those of sensors taken for dead."""
    silences, silent_windows = ports.state.ledger().silences, 0
    for column in sorted({column for column, _, _ in roster.assumed}):
        one, series = roster.select(np.array([column])), counts[column][:, None]
        heard = ~np.isnan(series)
        begun = np.logical_or.accumulate(heard, axis=0)
        quiet = ~heard & begun & one.assumed_alive(starts)
        silent = one.with_silences(silences).silent(starts, series.astype(np.float64))
        series[quiet & ~silent] = 0.0
        silent_windows += int((quiet & silent).sum())
    return silent_windows


def _leave_out(ports: Ports, roster: Roster, starts: NDArray[np.int64], counts: NDArray[np.float32]) -> int:
    """Take out the counts whose cause is known; how many."""
    marks = marks_of(ports, roster.numbers, starts)
    if marks is None:
        return 0
    known = marks.left_out.T & ~np.isnan(counts)
    counts[known] = np.nan
    return int(known.sum())
