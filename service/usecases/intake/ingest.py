"""Ingest: rows are checked one by one, the good ones stored together, the bad ones told; none is dropped silently."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import Semantics
from service.domain.readings import (
    LONGEST_STAY_SECONDS,
    MAX_COUNT,
    MAX_VALUE,
    CountColumns,
    CountRow,
    Origin,
    Reading,
    nanoseconds,
    whole_count,
)
from service.domain.times import utc_text
from service.errors import RowProblem
from service.ports import Ports
from service.settings import Settings
from service.usecases.intake.origins import Placement, Resolved, resolve_origins
from service.usecases.intake.readings import record_readings, withdraw_elsewhere
from service.usecases.intake.sightings import note_from_the_future, note_sightings
from service.usecases.retention.kept import counts_taken_since
from service.usecases.rows import MAX_PROBLEMS, RowsReport, first_problems

BATCH_ROWS = 10_000
CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far a sender's clock may be ahead of ours."""

MOST = {
    Semantics.DELTA: MAX_COUNT,
    Semantics.CUMULATIVE: MAX_VALUE,
    Semantics.OCCUPIED: 1,
    Semantics.PRESENCE: LONGEST_STAY_SECONDS,
}
"""The greatest number that a reading can bring."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What is older comes from a clock that was never set."""


def ingest_counts(
    ports: Ports,
    tenant: str,
    rows: Iterable[tuple[int, CountRow | Reading] | RowProblem],
) -> RowsReport:
    """Store numbered rows in batches, each in one step; a row sent again replaces itself.

    Parameters
    ----------
    rows
        Rows with their numbers, streamed; problems of rows that could not be read may stand among them.

    Raises
    ------
    StoreError
        If the store refuses a batch. The batches before it are stored, and sending all rows again changes nothing.
    """
    report = RowsReport()
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        report += ingest_columns(ports, tenant, CountColumns.of(batch))
    return report


def ingest_columns(ports: Ports, tenant: str, columns: CountColumns) -> RowsReport:
    """Store a batch of rows; otherwise like :func:`ingest_counts`.

    Counts are stored as they are, in one step; of readings whose counts depend on their neighbours, the counts of the
    windows they touch. Of rows with the same series, sensor and time the last one counts.
    """
    checks = _Checks(columns)
    checks.check_counts()
    checks.check_times(ports.clock.now())
    checks.check_kept(counts_taken_since(ports), ports.settings)
    placed = checks.place(ports, tenant)
    checks.check_meaning(placed)
    _store(ports, columns, placed, checks.good)
    note_sightings(ports, placed.placements, placed.position[checks.good], columns.times[checks.good])
    if checks.ahead.any():
        note_from_the_future(ports, tenant, columns, checks.ahead)
    return checks.report()


@dataclass(frozen=True)
class _Placed:
    """The placements of a batch, and the position in them of each row: int64[n], -1 where there is none."""

    placements: list[Placement]
    position: NDArray[np.int64]


def _store(ports: Ports, columns: CountColumns, placed: _Placed, good: NDArray[np.bool_]) -> None:
    deltas = np.array([*(one.semantics is Semantics.DELTA for one in placed.placements), False])[placed.position]
    counted, others = good & deltas, good & ~deltas
    series = np.array([one.series for one in placed.placements], dtype=np.int64)[placed.position[counted]]
    sources = np.array([one.source for one in placed.placements], dtype=np.int64)[placed.position[counted]]
    ports.counts.append(CountPoints(series, columns.times[counted], columns.counts[counted], sources))
    withdraw_elsewhere(ports, placed.placements, placed.position[counted], columns.times[counted])
    record_readings(ports, placed.placements, placed.position[others], columns.times[others], columns.counts[others])


class _Checks:
    """The rows of a batch that have passed so far, and the problems of those that have not."""

    def __init__(self, columns: CountColumns) -> None:
        self._columns = columns
        self.good = np.ones(len(columns), dtype=np.bool_)
        self.ahead = np.zeros(len(columns), dtype=np.bool_)
        self._problems = list(columns.problems)

    def refuse(self, bad: NDArray[np.bool_], explain: Callable[[int], str]) -> None:
        """Refuse those of the rows marked in ``bad`` that are still good; ``explain`` tells why, by position."""
        bad = bad & self.good
        self.good &= ~bad
        for position in np.flatnonzero(bad)[:MAX_PROBLEMS].tolist():
            self._problems.append(RowProblem(int(self._columns.rows[position]), explain(position)))

    def check_counts(self) -> None:
        """Refuse numbers that no reading can bring."""
        counts = self._columns.counts
        self.refuse((counts < 0) | (counts > MAX_VALUE), lambda position: _why_no_count(int(counts[position])))

    def check_times(self, now: datetime) -> None:
        """Refuse times before computers kept them, and times still to come."""
        times = self._columns.times
        self.refuse(
            times < nanoseconds(EARLIEST),
            lambda position: (
                f"the time {_told(times[position])} is before {EARLIEST:%Y-%m-%d}; set the sender's clock "
                "and check the precision of its timestamps"
            ),
        )
        to_come = times > nanoseconds(now + CLOCK_TOLERANCE)
        self.ahead = self.good & to_come
        self.refuse(
            to_come,
            lambda position: (
                f"the time {_told(times[position])} is in the future, now being {now:%Y-%m-%dT%H:%MZ}; "
                "set the sender's clock and check the precision and offset of its timestamps"
            ),
        )

    def check_kept(self, since: int | None, settings: Settings) -> None:
        """Refuse what is older than what is kept: it would be deleted at once, and can no longer be learnt in turn."""
        days = settings.retention.counts_days
        limit = f" (retention.counts_days = {days})" if days else ""
        if since is not None:
            self.refuse(
                self._columns.times < since * NANOSECONDS,
                lambda position: (
                    f"the time {_told(self._columns.times[position])} is before {utc_text(since)}, and older counts "
                    f"are deleted{limit}; leave it out"
                ),
            )

    def place(self, ports: Ports, tenant: str) -> _Placed:
        """Find where the good rows belong, and refuse those that belong nowhere."""
        columns = self._columns
        used = np.unique(columns.origin[self.good]).tolist()
        known = resolve_origins(ports, tenant, [columns.origins[number] for number in used])
        resolved = [_UNUSED] * len(columns.origins)
        for number, one in zip(used, known, strict=True):
            resolved[number] = one
        problems = np.array([one.problem is not None for one in resolved], dtype=np.bool_)
        self.refuse(problems[columns.origin], lambda position: str(resolved[columns.origin[position]].problem))
        placed = _place(columns, resolved)
        self.refuse(placed.position < 0, self._why_not_valid)
        return placed

    def check_meaning(self, placed: _Placed) -> None:
        """Refuse numbers that mean nothing in the semantics of their sensor."""
        counts, placements = self._columns.counts, placed.placements
        most = np.array([*(MOST[one.semantics] for one in placements), MAX_VALUE], dtype=np.int64)[placed.position]
        self.refuse(
            counts > most,
            lambda row: _why_meaningless(placements[placed.position[row]].semantics, int(counts[row])),
        )

    def _why_not_valid(self, position: int) -> str:
        origin = self._columns.origins[self._columns.origin[position]]
        return (
            f"sensor {origin.sensor!r} did not count {_where(origin)} at "
            f"{_told(self._columns.times[position])}; correct the time, or the sensor's validity in the register"
        )

    def report(self) -> RowsReport:
        """What became of the rows."""
        accepted = int(self.good.sum())
        rejected = len(self._columns) - accepted + len(self._columns.problems)
        return RowsReport(accepted=accepted, rejected=rejected, problems=first_problems(self._problems))


_UNUSED = Resolved(())


def _place(columns: CountColumns, resolved: list[Resolved]) -> _Placed:
    """The placement of each row: the one of its origin whose interval holds its time."""
    placements = [one for origin in resolved for one in origin.placements]
    firsts = np.cumsum([0, *(len(origin.placements) for origin in resolved)])
    starts = np.array([one.start for one in placements] + [0], dtype=np.int64)
    ends = np.array([one.end for one in placements] + [0], dtype=np.int64)
    position = np.full(len(columns), -1, dtype=np.int64)
    for turn in range(int(np.diff(firsts).max(initial=0))):
        candidate = firsts[columns.origin] + turn
        exists = candidate < firsts[columns.origin + 1]
        candidate = np.where(exists, candidate, len(placements))
        inside = exists & (starts[candidate] <= columns.times) & (columns.times < ends[candidate])
        position[inside] = candidate[inside]
    return _Placed(placements, position)


def _why_no_count(count: int) -> str:
    try:
        whole_count(count)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{count} is a count")


def _why_meaningless(semantics: Semantics, value: int) -> str:
    match semantics:
        case Semantics.OCCUPIED:
            return f"the reading is {value}, but the sensor says 1 when somebody is there and 0 when nobody is"
        case Semantics.PRESENCE:
            return f"the presence lasts {value} seconds, more than a day; split it, or correct the unit"
    return _why_no_count(value)


def _where(origin: Origin) -> str:
    return "anywhere" if origin.stairwell is None else f"in {origin.stairwell}/{origin.space}"


def _told(time: np.int64) -> str:
    return f"{datetime.fromtimestamp(int(time) // NANOSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}"
