"""From a score to its tail: how many episodes a series opens in a week at a score this high, when nothing is on.

The tail of the score depends on the length of the windows, on how busy the slot is and on how much of the series is
learnt, so it is tabulated by all three; how busy is the expected count per hour before the count is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tables import checked_table, tables_for, tables_of


@dataclass(frozen=True)
class Calibration:
    """Maps of the score's tail.

    Parameters
    ----------
    window_minutes
        float64[lengths], increasing: lengths of window there is a map for; another takes the nearest one's.
    log_rates
        float64[rates], increasing: natural logarithms of the expected count per hour.
    warmup_weeks
        float64[warmups], increasing from 0: weeks of evidence from which a row holds.
    scores
        float64[scores], increasing.
    log_tails
        float64[lengths, warmups, rates, scores]: natural logarithm of the expected number of maximal runs of
        windows at or above the score, per series and week; falls strictly with the score.

    Raises
    ------
    ValueError
        If a table has another shape, is not finite, or is not monotone.
    """

    window_minutes: NDArray[np.float64]
    log_rates: NDArray[np.float64]
    warmup_weeks: NDArray[np.float64]
    scores: NDArray[np.float64]
    log_tails: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, fewest in (("window_minutes", 1), ("log_rates", 2), ("warmup_weeks", 2), ("scores", 2)):
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim != 1 or values.size < fewest or not (np.diff(values) > 0).all():
                raise ValueError(f"table {name} must be one row of at least {fewest} increasing numbers")
            object.__setattr__(self, name, checked_table(name, values, values.shape))
        shape = (self.window_minutes.size, self.warmup_weeks.size, self.log_rates.size, self.scores.size)
        object.__setattr__(self, "log_tails", checked_table("log_tails", self.log_tails, shape))
        if not (np.diff(self.log_tails, axis=3) < 0).all():
            raise ValueError("table log_tails must fall strictly with the score")

    def tail(
        self,
        score: NDArray[np.float64],
        rate_per_hour: NDArray[np.float64],
        evidence_weeks: NDArray[np.float64],
        window_minutes: int,
    ) -> NDArray[np.float64]:
        """Expected episodes per series-week at this score or above; float64[n], NaN where the score is NaN.

        Linear between the rows of ``log_rates`` and between scores, log-linear beyond the last ones.
        """
        tails = self.log_tails[np.argmin(np.abs(np.log(self.window_minutes / window_minutes)))]
        warmup = np.searchsorted(self.warmup_weeks, evidence_weeks, side="right") - 1
        warmup = np.clip(warmup, 0, self.warmup_weeks.size - 1)
        rate, rate_part = _position(self.log_rates, np.log(np.maximum(rate_per_hour, 1e-300)))
        rate_part = np.clip(rate_part, 0.0, 1.0)
        known = np.where(np.isnan(score), 0.0, score)
        step, part = _position(self.scores, known)
        below = _between_scores(tails[warmup, rate], step, part)
        above = _between_scores(tails[warmup, rate + 1], step, part)
        log_tail = below + rate_part * (above - below)
        return np.where(np.isnan(score), np.nan, np.exp(np.minimum(log_tail, 7.0)))

    def to_tables(self) -> dict[str, NDArray[np.float64]]:
        """The tables by name."""
        return tables_of(self)

    @classmethod
    def from_tables(cls, tables: Mapping[str, NDArray[np.float64]]) -> Calibration:
        """The maps that `to_tables` wrote.

        Raises
        ------
        ValueError
            If a table is missing or invalid.
        """
        return cls(**tables_for(cls, tables, "the calibration"))


def _position(grid: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Interval of the grid and the place in it: below 0 and above 1 at the two ends."""
    step = np.clip(np.searchsorted(grid, value, side="right") - 1, 0, grid.size - 2)
    return step, (value - grid[step]) / (grid[step + 1] - grid[step])


def _between_scores(
    tails: NDArray[np.float64], step: NDArray[np.intp], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rows of ``tails`` read at a part of the way from one score to the next."""
    each = np.arange(step.size)
    low = tails[each, step]
    return np.asarray(low + part * (tails[each, step + 1] - low))
