"""Ingest: rows are checked one by one, the good ones stored together, the bad ones told; none is dropped silently."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.readings import MAX_COUNT, CountColumns, CountRow, nanoseconds, whole_count
from service.errors import RowProblem
from service.ports import Ports
from service.usecases.origins import Resolved, resolve_origins

__all__ = ["CountRow", "IngestReport", "ingest_columns", "ingest_counts"]

BATCH_ROWS = 10_000
MAX_PROBLEMS = 100
"""Problems told in words; the others are counted."""

CLOCK_TOLERANCE = timedelta(minutes=1)
"""How far a sender's clock may be ahead of ours."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""What is older comes from a clock that was never set."""


class IngestReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows: all of them are accepted or rejected, the first rejected ones with the reason."""

    accepted: int = 0
    rejected: int = 0
    problems: list[RowProblem] = []

    def __add__(self, later: IngestReport) -> IngestReport:
        return IngestReport(
            accepted=self.accepted + later.accepted,
            rejected=self.rejected + later.rejected,
            problems=[*self.problems, *later.problems][:MAX_PROBLEMS],
        )


def ingest_counts(
    ports: Ports, tenant: str, rows: Iterable[tuple[int, CountRow] | RowProblem], *, allow_past_only: bool = True
) -> IngestReport:
    """Store numbered rows in batches, each in one step; a row sent again replaces itself.

    Parameters
    ----------
    rows
        Rows with their numbers, streamed; problems of rows that could not be read may stand among them.
    allow_past_only
        Whether rows later than now are refused.

    Raises
    ------
    StoreError
        If the store refuses a batch. The batches before it are stored, and sending all rows again changes nothing.
    """
    report = IngestReport()
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH_ROWS)):
        report += ingest_columns(ports, tenant, CountColumns.of(batch), allow_past_only=allow_past_only)
    return report


def ingest_columns(ports: Ports, tenant: str, columns: CountColumns, *, allow_past_only: bool = True) -> IngestReport:
    """Store a batch of rows in one step; otherwise like :func:`ingest_counts`.

    Of rows with the same series, sensor and time the last one counts.
    """
    checks = _Checks(columns)
    checks.check_counts()
    checks.check_times(ports.clock.now() if allow_past_only else None)
    points = checks.resolve(ports, tenant)
    ports.counts.append(points)
    return checks.report(len(points))


class _Checks:
    """The rows of a batch that have passed so far, and the problems of those that have not."""

    def __init__(self, columns: CountColumns) -> None:
        self._columns = columns
        self._good = np.ones(len(columns), dtype=np.bool_)
        self._problems = list(columns.problems)

    def refuse(self, bad: NDArray[np.bool_], explain: Callable[[int], str]) -> None:
        """Refuse those of the rows marked in ``bad`` that are still good; ``explain`` tells why, by position."""
        bad = bad & self._good
        self._good &= ~bad
        for position in np.flatnonzero(bad)[:MAX_PROBLEMS].tolist():
            self._problems.append(RowProblem(int(self._columns.rows[position]), explain(position)))

    def check_counts(self) -> None:
        """Refuse counts that no window can have."""
        counts = self._columns.counts
        self.refuse((counts < 0) | (counts > MAX_COUNT), lambda position: _why_no_count(int(counts[position])))

    def check_times(self, now: datetime | None) -> None:
        """Refuse times before computers kept them and, given ``now``, times still to come."""
        times = self._columns.times
        self.refuse(
            times < nanoseconds(EARLIEST),
            lambda position: (
                f"the time {_told(times[position])} is before {EARLIEST:%Y-%m-%d}; set the sender's clock "
                "and check the precision of its timestamps"
            ),
        )
        if now is not None:
            self.refuse(
                times > nanoseconds(now + CLOCK_TOLERANCE),
                lambda position: (
                    f"the time {_told(times[position])} is in the future, now being {now:%Y-%m-%dT%H:%MZ}; "
                    "set the sender's clock and check the precision and offset of its timestamps"
                ),
            )

    def resolve(self, ports: Ports, tenant: str) -> CountPoints:
        """Find the series of the good rows, refuse those that belong to none, and make points of the others."""
        columns = self._columns
        used = np.unique(columns.origin[self._good]).tolist()
        known = resolve_origins(ports, tenant, [columns.origins[number] for number in used])
        resolved = [known.get(origin, _UNUSED) for origin in columns.origins]
        problems = np.array([one.problem is not None for one in resolved], dtype=np.bool_)
        self.refuse(problems[columns.origin], lambda position: str(resolved[columns.origin[position]].problem))
        self._check_validity(resolved)
        series = np.array([one.series for one in resolved], dtype=np.int64)
        sources = np.array([one.source for one in resolved], dtype=np.int64)
        origin = columns.origin[self._good]
        return CountPoints(series[origin], columns.times[self._good], columns.counts[self._good], sources[origin])

    def _check_validity(self, resolved: list[Resolved]) -> None:
        """Refuse rows of a sensor at a time when it was not there, or not registered as counting."""
        columns = self._columns
        covered = np.zeros(len(columns), dtype=np.bool_)
        for turn in range(max((len(one.intervals) for one in resolved), default=0)):
            bounds = [one.intervals[turn] if turn < len(one.intervals) else (0, 0) for one in resolved]
            starts, ends = np.array(bounds, dtype=np.int64).T
            covered |= (starts[columns.origin] <= columns.times) & (columns.times < ends[columns.origin])
        self.refuse(~covered, self._why_not_valid)

    def _why_not_valid(self, position: int) -> str:
        origin = self._columns.origins[self._columns.origin[position]]
        return (
            f"sensor {origin.sensor!r} did not count in {origin.stairwell}/{origin.space} at "
            f"{_told(self._columns.times[position])}; correct the time, or the sensor's validity in the register"
        )

    def report(self, accepted: int) -> IngestReport:
        """What became of the rows."""
        rejected = len(self._columns) - accepted + len(self._columns.problems)
        problems = sorted(self._problems, key=lambda problem: problem.row)[:MAX_PROBLEMS]
        return IngestReport(accepted=accepted, rejected=rejected, problems=problems)


_UNUSED = Resolved(0, 0, ())


def _why_no_count(count: int) -> str:
    try:
        whole_count(count)
    except ValueError as error:
        return str(error)
    raise AssertionError(f"{count} is a count")


def _told(time: np.int64) -> str:
    return f"{datetime.fromtimestamp(int(time) // NANOSECONDS, UTC):%Y-%m-%dT%H:%M:%SZ}"
