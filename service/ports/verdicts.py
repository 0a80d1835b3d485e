"""The ports of verdicts, and of what people decided about episodes of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import WindowCounts
from service.domain.episodes import EpisodeDecision
from service.domain.verdicts import MEASURES, PValues, Verdict, VerdictColumns, VerdictQuery


class VerdictStore(Protocol):
    """Verdicts, unique by (series, start, version). For one (series, start) the newest written is in force."""

    def write(self, verdicts: VerdictColumns) -> None:
        """Store verdicts, whose measures are all finite, replacing those with the same key.

        Inside :meth:`StateStore.transaction` a store in the state's own file takes part in the transaction; a remote
        one writes at once, and since a tick that was interrupted is done again, it ends with the same verdicts.
        """

    def supersede(self, series: NDArray[np.int64], start: int, end: int) -> None:
        """Move the series' verdicts with start in [start, end) to the revision table, before corrected ones come."""

    def find(self, query: VerdictQuery) -> list[Verdict]:
        """Verdicts in force that match, by (start, series), at most ``query.limit``."""

    def columns(
        self, series: NDArray[np.int64], start: int, end: int, measures: Collection[str] = MEASURES
    ) -> VerdictColumns:
        """All verdicts in force of the series in [start, end), by (start, series).

        ``version`` is that of the newest of them (the empty string when there are none). Other ``measures`` than those
        named are NaN; who reads many verdicts names those that matter, since reading them is what takes the time.
        """

    def judged(self, series: NDArray[np.int64], start: int, end: int) -> WindowCounts:
        """The counts that the verdicts in force of the series in [start, end) are about."""

    def p_values(self, series: NDArray[np.int64], starts: NDArray[np.int64]) -> PValues:
        """How unlikely the counts of the series were in the windows that start then, by the verdicts in force."""


class EpisodeDecisionStore(Protocol):
    """What people decided about episodes, which are themselves read off the verdicts. Append-only."""

    def add(self, decision: EpisodeDecision) -> None:
        """Record a decision."""

    def find(self, tenant: str, since: int) -> list[EpisodeDecision]:
        """Decisions that concern episodes reaching beyond ``since``, seconds UTC; oldest decision first."""

    def revision(self) -> int:
        """A number that grows with every decision."""
