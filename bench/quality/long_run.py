"""Whether the alarm budget is kept for as long as sensors listen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.quality.alarms import flag_at_own_budget, stairwell_weeks
from bench.quality.experiment import Figure, Row, Table
from bench.quality.panel import Floats, Rival
from bench.quality.towns import null_town
from models.evaluation import opened

_PHASES = (("weeks 1-4", 0, 4), ("5-8", 4, 8), ("9-16", 8, 16), ("17-32", 16, 32), ("33 on", 32, np.inf))
_SETTLED_WEEKS = 16
_FEWER = {30: 2, 15: 4}  # a town of short windows costs as much with fewer stairwells

LONG_RUN = Table(
    "long-run",
    "False episodes in the long run",
    "Episodes opened per 100 stairwell-weeks where nothing happens, in three null towns together, by weeks observed; "
    "promised are 2. After week 16 also the least and the most of the three towns, and windows of 30 and 15 minutes.",
)


@dataclass(frozen=True)
class LongRun:
    """False episodes of a detector that keeps a budget by itself, over most of a year.

    Parameters
    ----------
    rivals
        Who takes part.
    seed
        The towns have the seeds from ten above it.
    stairwells, weeks
        Size of each town; fewer stairwells at shorter windows.
    towns
        How many.
    """

    rivals: Sequence[Rival]
    seed: int
    stairwells: int = 200
    weeks: int = 44
    towns: int = 3
    name: str = LONG_RUN.name
    tables: Sequence[Table] = (LONG_RUN,)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        hourly = self._counted(rival, 60)
        titles = [title for title, _, _ in _PHASES]
        row = {title: _rate(counted) for title, counted in zip(titles, hourly.sum(axis=0), strict=True)}
        settled = _settled(hourly)
        row["17 on"] = _rate(settled.sum(axis=0))
        each = [_rate(counted).detail or 0.0 for counted in settled]
        row["17 on, by town"] = Figure(f"{min(each):.2f} - {max(each):.2f}")
        for minutes in _FEWER:
            row[f"17 on, {minutes} min"] = _rate(_settled(self._counted(rival, minutes)).sum(axis=0))
        return {self.name: row}

    def _counted(self, rival: Rival, minutes: int) -> Floats:
        """Episodes opened and stairwell-weeks by town and phase, float64[towns, phases, 2]."""
        return np.array([self._counted_in(rival, number, minutes) for number in range(self.towns)])

    def _counted_in(self, rival: Rival, number: int, minutes: int) -> list[tuple[float, float]]:
        stairwells = max(1, self.stairwells // _FEWER.get(minutes, 1))
        town = null_town(self.seed + 10 + number, stairwells, self.weeks, minutes)
        starting, observed = opened(flag_at_own_budget(rival.judge(town), town)), town.observed_weeks
        within = [(observed >= low) & (observed < high) for _, low, high in _PHASES]
        return [(float((starting & phase).sum()), stairwell_weeks(town, phase)) for phase in within]


def _settled(counted: Floats) -> Floats:
    """The phases after warm-up together, float64[towns, 2]."""
    late = [low >= _SETTLED_WEEKS for _, low, _ in _PHASES]
    return np.asarray(counted[:, late].sum(axis=1))


def _rate(counted: Floats) -> Figure:
    episodes, weeks = counted
    rate = 100.0 * float(episodes) / max(float(weeks), 1.0)
    return Figure(f"{rate:.2f}", detail=rate)
