"""Whether a version keeps its alarm budget: episodes opened in simulated towns in which nothing happens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.city import SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.detector.distribution import Floats
from models.detector.verdicts import Scored
from models.kinds import kind_number
from models.version import AchievedBudget, ModelVersion

BUDGETS = (1.0, 2.0, 5.0)
"""Promised episodes opened per 100 stairwell-weeks that the achieved ones are told for."""
_PHASES = ((1, 4), (5, 8), (9, None))  # weeks of evidence, the first and the last of them
_WINDOWS_AT_A_TIME = 24  # that verdicts are told of: few calls
_STAIRWELLS = 200
_WEEKS = 44  # a sensor listens for years: most of them count as the weeks after warm-up


def achieved_budgets(
    version: ModelVersion,
    seed: int,
    *,
    window_minutes: int = 60,
    stairwells: int = _STAIRWELLS,
    weeks: int = _WEEKS,
) -> list[AchievedBudget]:
    """What a calibrated version opens in a null town that it was not calibrated on, by budget and weeks of evidence.

    One pass over the town answers for all budgets, since a budget is a threshold on the tail and changes nothing that
    is learnt.

    Parameters
    ----------
    version
        With its calibration maps.
    seed
        Of the town; another than that of the calibration.
    window_minutes
        Length of a window.
    stairwells, weeks
        Size of the town; fewer stairwells at windows below an hour, which tell more each.

    Examples
    --------
    >>> from models.shipped import shipped_version
    >>> kept = achieved_budgets(shipped_version(), seed=1, stairwells=4, weeks=5)
    >>> [(one.promised, one.first_week, one.last_week) for one in kept][:2]
    [(1.0, 1, 4), (1.0, 5, 8)]
    """
    city = simulate_city(
        seed,
        max(1, stairwells * window_minutes // 60),
        weeks,
        null=True,
        window_minutes=window_minutes,
        timezone=version.timezone,
        holidays=version.holidays,
    )
    tally = _Tally(city)
    columns = OccupancyColumns(version, window_minutes, [kind_number(kind) for kind in city.kinds], tally.parts)
    slots = city.calendar.slots_of(city.starts)
    for first in range(0, len(slots), _WINDOWS_AT_A_TIME):
        some, scored, evidence_weeks = slice(first, first + _WINDOWS_AT_A_TIME), list[Scored](), list[Floats]()
        for slot, counts in zip(slots[some], city.counts[some], strict=True):
            scored.append(columns.advance(int(slot), counts))
            evidence_weeks.append(columns.evidence_weeks)
        for told in zip(columns.tell(scored).tail, evidence_weeks, strict=True):
            tally.add(*told)
    return tally.budgets(columns.week.windows)


class _Tally:
    """Openings at each budget, and the observed windows in which they could happen, by weeks of evidence."""

    def __init__(self, city: SimulatedCity) -> None:
        self.parts = 1.0 / np.bincount(city.stairwell_of_series)[city.stairwell_of_series]
        self._opened = np.zeros((len(BUDGETS), len(_PHASES)))
        self._windows = np.zeros(len(_PHASES))
        self._before = np.zeros((len(BUDGETS), self.parts.size), dtype=bool)

    def add(self, tail: NDArray[np.float64], evidence_weeks: NDArray[np.float64]) -> None:
        """One window of every series; NaN where there was no count."""
        flagged = tail <= np.outer(np.array(BUDGETS) / 100.0, self.parts)
        phase = np.searchsorted([first - 1 for first, _ in _PHASES], evidence_weeks, side="right") - 1
        for budget, opening in enumerate(flagged & ~self._before):
            self._opened[budget] += np.bincount(phase[opening], minlength=len(_PHASES))
        self._windows += np.bincount(phase, np.where(np.isnan(tail), 0.0, self.parts), len(_PHASES))
        self._before = flagged

    def budgets(self, windows_per_week: int) -> list[AchievedBudget]:
        """Every budget in every phase that was reached."""
        weeks = self._windows / windows_per_week
        per_week = 100.0 * self._opened / np.maximum(weeks, 1.0 / windows_per_week)
        return [
            AchievedBudget(promised, first, last, float(per_week[budget, phase]), float(weeks[phase]))
            for budget, promised in enumerate(BUDGETS)
            for phase, (first, last) in enumerate(_PHASES)
            if weeks[phase] > 0
        ]
