"""Recall of known events at a budget of predicted events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.quality.datasets import KnownEvents
from bench.quality.experiment import Figure, Row, Table
from bench.quality.measures import MOST_FLAGGED, Reading, Sweep, sweep
from bench.quality.panel import Judgement, Rival

WARMUP_WEEKS = 4


@dataclass(frozen=True)
class KnownEventRecall:
    """A series with known events after four weeks of warm-up.

    Parameters
    ----------
    table
        Its table.
    read
        Reads the data.
    rivals
        Who takes part.
    budgets
        Numbers of predicted events.
    weeks
        The first weeks alone; all by default.
    """

    table: Table
    read: Callable[[], KnownEvents]
    rivals: Sequence[Rival]
    budgets: tuple[int, ...] = (10, 20, 30, 50, 70)
    weeks: int | None = None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def tables(self) -> Sequence[Table]:
        return [self.table]

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        known = self.read().until(self.weeks) if self.weeks else self.read()
        swept = sweep_known(known, rival.judge(known.panel))
        return {self.name: {f"{budget}": _figure(swept, budget) for budget in self.budgets}}


def sweep_known(known: KnownEvents, judgement: Judgement) -> Sweep:
    """Thresholds over the windows after the warm-up."""
    warmup = WARMUP_WEEKS * known.panel.windows_per_week
    events = known.events[0] - warmup
    return sweep(judgement.score[warmup:, 0], events[events[:, 0] >= 0])


def text_for(events: str) -> str:
    """What the columns of such a table say."""
    return (
        f"{events} Columns are budgets of predicted events. A cell says how many events are found when the threshold "
        "is lowered from the top until there are more predicted events than that (the first sweep), in brackets the "
        "share of time flagged then; and after a stroke, where it differs, the most that any threshold within the "
        f"budget finds, which only hindsight could choose. Never more than {MOST_FLAGGED:.0%} of time is flagged."
    )


def _figure(swept: Sweep, budget: int) -> Figure:
    first, best = swept.first(budget), swept.best(budget)
    hindsight = f" / {_found(best)}" if _found(best) > _found(first) else ""
    return Figure(
        f"{_found(first)} ({first.share_flagged:.1%}){hindsight}", merit=_found(first), detail=first.share_flagged
    )


def _found(reading: Reading) -> int:
    return int(np.count_nonzero(reading.found))
