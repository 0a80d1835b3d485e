"""The ports of what sensors said: counts, and the readings that some of them are derived from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import Changes, CountPoints, CountSpan, ReadingPoints, WindowCounts


class CountStore(Protocol):
    """Counts. A point written again with the same key (series, source, time) replaces what was there."""

    def append(self, points: CountPoints) -> None:
        """Store all points, durably, in one step: all of them or none."""

    def replace(self, points: CountPoints, spans: Sequence[CountSpan]) -> None:
        """Make ``points`` all that the spans, which hold them, hold, durably, in one step.

        What is so already is left alone, and no change is told of it.
        """

    def read(self, start: int, end: int, window_seconds: int, series: NDArray[np.int64] | None = None) -> WindowCounts:
        """Presences per window for windows in [start, end), seconds UTC, both on the window grid."""

    def extent(self, since: int = 0) -> tuple[int, int] | None:
        """First and last instant with a point, seconds UTC, from the hour of ``since`` on; None if there is none."""

    def changes(self, cursor: int) -> Changes:
        """What was appended after ``cursor`` (0: ever), so that late and corrected counts are found.

        Read it *before* the windows of a tick: what arrives in between is then reported again next time rather than
        missed.
        """

    def note_changes(self, earliest: Mapping[int, int]) -> None:
        """Record changes that were made past this store: for each series, the earliest instant, seconds UTC."""

    def forget_changes(self, cursor: int) -> None:
        """Drop the record of changes up to ``cursor``; the counts stay."""


class ReadingStore(Protocol):
    """Readings whose counts depend on their neighbours, as they came: counts are derived from them, again and again."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is put inside is kept together, or not at all; meanwhile nobody else puts anything.

        So what is derived inside is derived from all readings there are.
        """

    def put(self, readings: ReadingPoints) -> None:
        """Keep readings, replacing those with the same key; inside :meth:`transaction`."""

    def read(self, series: int, source: int, start: int, end: int) -> list[tuple[int, int]]:
        """(time, value) of one sensor in one series in [start, end), by time."""

    def neighbours(self, series: int, source: int, start: int, end: int) -> tuple[int | None, int | None]:
        """The time of the last reading before ``start``, and of the first from ``end`` on."""
