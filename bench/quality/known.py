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
    """Series with known events after four weeks of warm-up; budgets are of each, events found of all together.

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
        return {
            self.name: {
                f"{budget}": found_figure([one.first(budget) for one in swept], [one.best(budget) for one in swept])
                for budget in self.budgets
            }
        }


def sweep_known(known: KnownEvents, judgement: Judgement) -> list[Sweep]:
    """Thresholds over the windows after the warm-up, of each series."""
    warmup = WARMUP_WEEKS * known.panel.windows_per_week
    begun = [events[events[:, 0] >= warmup] - warmup for events in known.events]
    return [sweep(score, events) for score, events in zip(judgement.score[warmup:].T, begun, strict=True)]


def text_for(events: str) -> str:
    """What the columns of such a table say."""
    return (
        f"{events} Columns are budgets of predicted events. A cell says how many events are found when the threshold "
        "is lowered from the top until there are more predicted events than that (the first sweep), in brackets the "
        "share of time flagged then; and after a stroke, where it differs, the most that any threshold within the "
        f"budget finds, which only hindsight could choose. Never more than {MOST_FLAGGED:.0%} of time is flagged."
    )


def found_figure(first: Sequence[Reading], best: Sequence[Reading]) -> Figure:
    """Events found in all series by the first sweep, the share of time flagged, and what hindsight finds, if more."""
    found, hindsight = _found(first), _found(best)
    share = float(np.mean([reading.share_flagged for reading in first]))
    more = f" / {hindsight}" if hindsight > found else ""
    return Figure(f"{found} ({share:.1%}){more}", merit=found, detail=share)


def _found(readings: Sequence[Reading]) -> int:
    return sum(int(np.count_nonzero(reading.found)) for reading in readings)
