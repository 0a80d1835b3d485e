"""From a score to its tail: how many episodes a series opens in a week at a score this high, when nothing is on.

The tail of the score depends on the length of the windows, on how much of the series is learnt, on how busy the slot
is, and on how busy it is beside the rest of the week: in the evening of a quiet cellar evidence adds up as it does not
in the night of a busy entrance, though a tenth of a presence an hour is expected in both. So it is tabulated by all
four; how busy is the expected count per hour before the count is known, and in multiples of an average window's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.tables import checked_table, tables_for, tables_of

_AXES = {"window_minutes": 1, "log_rates": 2, "warmup_weeks": 2, "log_multiples": 2, "scores": 2}  # and fewest values


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
    log_multiples
        float64[multiples], increasing: natural logarithms of the expected count in multiples of an average window's.
    scores
        float64[scores], increasing.
    log_tails
        float64[lengths, warmups, multiples, rates, scores]: natural logarithm of the expected number of maximal runs of
        windows at or above the score, per series and week; falls strictly with the score.

    Raises
    ------
    ValueError
        If a table has another shape, is not finite, or is not monotone.
    """

    window_minutes: NDArray[np.float64]
    log_rates: NDArray[np.float64]
    warmup_weeks: NDArray[np.float64]
    log_multiples: NDArray[np.float64]
    scores: NDArray[np.float64]
    log_tails: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, fewest in _AXES.items():
            values = np.asarray(getattr(self, name), dtype=np.float64)
            if values.ndim != 1 or values.size < fewest or not (np.diff(values) > 0).all():
                raise ValueError(f"table {name} must be one row of at least {fewest} increasing numbers")
            object.__setattr__(self, name, checked_table(name, values, values.shape))
        axes = (self.window_minutes, self.warmup_weeks, self.log_multiples, self.log_rates, self.scores)
        shape = tuple(axis.size for axis in axes)
        object.__setattr__(self, "log_tails", checked_table("log_tails", self.log_tails, shape))
        if not (np.diff(self.log_tails, axis=-1) < 0).all():
            raise ValueError("table log_tails must fall strictly with the score")

    def tail(
        self,
        score: NDArray[np.float64],
        rate_per_hour: NDArray[np.float64],
        average_per_hour: NDArray[np.float64],
        evidence_weeks: NDArray[np.float64],
        window_minutes: int,
    ) -> NDArray[np.float64]:
        """Expected episodes per series-week at this score or above; float64[n], NaN where the score is NaN.

        Linear between the rows of ``log_rates`` and of ``log_multiples`` and between scores, log-linear beyond the last
        scores. ``average_per_hour`` is the expected count of an average window of the week; where it is 0, nothing is
        known yet, and the window is taken for one.
        """
        tails = self.log_tails[np.argmin(np.abs(np.log(self.window_minutes / window_minutes)))]
        warmup = np.searchsorted(self.warmup_weeks, evidence_weeks, side="right") - 1
        warmup = np.clip(warmup, 0, self.warmup_weeks.size - 1)
        log_rate = np.log(np.maximum(rate_per_hour, 1e-300))
        rate, rate_part = _position(self.log_rates, log_rate)
        multiple, multiple_part = _position(self.log_multiples, log_multiple(rate_per_hour, average_per_hour))
        known = np.where(np.isnan(score), 0.0, score)
        step, part = _position(self.scores, known)
        cell = (warmup * self.log_multiples.size + multiple) * self.log_rates.size + rate
        flat, rate_part = tails.reshape(-1, self.scores.size), np.clip(rate_part, 0.0, 1.0)
        few, many = (
            _between(_between_scores(flat, row, step, part), _between_scores(flat, row + 1, step, part), rate_part)
            for row in (cell, cell + self.log_rates.size)
        )
        log_tail = _between(few, many, np.clip(multiple_part, 0.0, 1.0))
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


def log_multiple(rate_per_hour: NDArray[np.float64], average_per_hour: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of a rate in multiples of an average window's; 0 where there is no average yet."""
    average = np.where(average_per_hour > 0.0, average_per_hour, rate_per_hour)
    return np.asarray(np.log(np.maximum(rate_per_hour, 1e-300) / np.maximum(average, 1e-300)))


def _position(grid: NDArray[np.float64], value: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Interval of the grid and the place in it: below 0 and above 1 at the two ends."""
    step = np.clip(np.searchsorted(grid, value, side="right") - 1, 0, grid.size - 2)
    return step, (value - grid[step]) / (grid[step + 1] - grid[step])


def _between(low: NDArray[np.float64], high: NDArray[np.float64], part: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(low + part * (high - low))


def _between_scores(
    tails: NDArray[np.float64], row: NDArray[np.intp], step: NDArray[np.intp], part: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Rows of ``tails`` read at a part of the way from one score to the next."""
    return _between(tails[row, step], tails[row, step + 1], part)
