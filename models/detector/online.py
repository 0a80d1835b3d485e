"""The detector of one series, in the manner of river's supervised anomaly detectors."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
from river.base import SupervisedAnomalyDetector

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.detector.verdicts import Verdicts
from models.kinds import kind_number
from models.shipped import shipped_version
from models.version import ModelVersion


@dataclass(frozen=True)
class Verdict:
    """One window of one series; fields as in `models.detector.columns.Verdicts`."""

    expected: float
    lower: float
    upper: float
    p_value: float
    p_above: float
    score: float
    episode_probability: float
    tail: float
    anomalous: bool
    evidence_weeks: float


class OccupancyDetector(SupervisedAnomalyDetector):
    """Learns what is normal in one space and scores each new count before learning it.

    The same kernels as `models.detector.columns.OccupancyColumns`, at width 1. ``x`` holds the start of the window
    under ``"time"``, an aware datetime or UTC epoch seconds; ``y`` is the count, or None or NaN where it is missing.
    Windows skipped between two calls of `learn_one` count as missing.

    Parameters
    ----------
    kind
        Kind of space, one of `models.kinds.KINDS`.
    window_minutes
        Length of a window; divides 60.
    timezone
        IANA name of the local time.
    holidays
        Local dates that are lived like holidays.
    share
        Share of the alarm budget: episodes opened per week.
    version
        The model version; the shipped one by default.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> detector = OccupancyDetector(kind="cellar")
    >>> start = datetime(2026, 1, 5, tzinfo=UTC)
    >>> for hour in range(6 * 168):
    ...     detector.learn_one({"time": start + timedelta(hours=hour)}, int(hour % 168 == 18))
    >>> night = {"time": start + timedelta(weeks=6, hours=2)}
    >>> detector.score_one(night, 0) < detector.score_one(night, 2) < detector.score_one(night, 4)
    True
    >>> detector.verdict_one(night, 4).anomalous
    True

    References
    ----------
    West and Harrison, Bayesian Forecasting and Dynamic Models, 1997. Ihler, Hutchins and Smyth, Adaptive event
    detection with time-varying Poisson processes, KDD 2006.
    """

    def __init__(
        self,
        *,
        kind: str = "other",
        window_minutes: int = 60,
        timezone: str = "Europe/Stockholm",
        holidays: Collection[date] = frozenset(),
        share: float = 0.02,
        version: ModelVersion | None = None,
    ) -> None:
        self.kind = kind
        self.window_minutes = window_minutes
        self.timezone = timezone
        self.holidays = holidays
        self.share = share
        self.version = version
        self._calendar = Calendar(timezone, holidays, window_minutes)
        self._next: int | None = None
        kind_number(kind)

    def score_one(self, x: Mapping[Hashable, Any], y: Any) -> float:
        """Log odds that loitering is going on, persistence included; NaN where ``y`` is missing. Changes nothing."""
        return self.verdict_one(x, y).score

    def verdict_one(self, x: Mapping[Hashable, Any], y: float | None) -> Verdict:
        """The whole verdict on a count; changes nothing."""
        start = self._start(x)
        columns = self._columns_before(start)
        return _first(columns.score(self._slot(start), _counts(y)))

    def learn_one(self, x: Mapping[Hashable, Any], y: Any) -> None:
        """Learn a count.

        Raises
        ------
        ValueError
            If the window is not later than the latest one learnt.
        """
        start = self._start(x)
        if self._next is not None and start < self._next:
            raise ValueError(f"window {start} is not later than the latest one learnt; learn windows in order")
        self._skip(self._columns, start)
        self._columns.learn(self._slot(start), _counts(y))
        self._next = start + self._calendar.window_seconds

    @cached_property
    def _columns(self) -> OccupancyColumns:
        version = self.version or shipped_version()
        return OccupancyColumns(version, self.window_minutes, [kind_number(self.kind)], [self.share])

    def _columns_before(self, start: int) -> OccupancyColumns:
        """The columns as they are when ``start`` comes; a copy if windows were skipped."""
        columns = self._columns
        if self._next is None or start <= self._next:
            return columns
        copy = OccupancyColumns(
            columns.version, self.window_minutes, columns.kinds, columns.shares, columns.state.select([0])
        )
        self._skip(copy, start)
        return copy

    def _skip(self, columns: OccupancyColumns, start: int) -> None:
        if self._next is None:
            return
        for missing in range(self._next, start, self._calendar.window_seconds):
            columns.learn(self._slot(missing), _counts(None))

    def _slot(self, start: int) -> int:
        return int(self._calendar.slots_of(np.array([start], dtype=np.int64))[0])

    def _start(self, x: Mapping[Hashable, Any]) -> int:
        time = x["time"]
        if isinstance(time, datetime):
            if time.tzinfo is None:
                raise ValueError(f"time {time} is naive; give an aware datetime or epoch seconds")
            time = time.timestamp()
        second = int(time)
        return second - second % self._calendar.window_seconds


def _counts(y: float | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([np.nan if y is None else float(y)])


def _first(verdicts: Verdicts) -> Verdict:
    return Verdict(**{name: column.item() for name, column in vars(verdicts).items()})
