"""Panels: series and windows that versions are tried on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from service.usecases.learning.scoring import Roster
from service.usecases.versions.retraining.counts import TrainingCounts


@dataclass(frozen=True)
class Panel:
    """Series and windows that versions are tried on; n series, T windows.

    Attributes
    ----------
    calendar
        Of the counts.
    starts
        int64[T], seconds UTC.
    roster
        Of the series.
    counts
        float32[n, T].
    judged
        First window that counts; those before are only learnt.
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    roster: Roster
    counts: NDArray[np.float32]
    judged: int

    @classmethod
    def of(cls, training: TrainingCounts, columns: NDArray[np.int64], span: tuple[int, int]) -> Self:
        """Some columns of the counts, over the windows before ``span[1]``, judged from ``span[0]`` on."""
        return cls(
            calendar=training.calendar,
            starts=training.starts[: span[1]],
            roster=training.roster.select(columns),
            counts=training.counts[columns, : span[1]],
            judged=span[0],
        )


def evenly(number: int, most: int) -> NDArray[np.int64]:
    """At most so many of the first ``number`` columns, spread evenly.

    Examples
    --------
    >>> evenly(5, 3).tolist(), evenly(2, 3).tolist()
    ([0, 2, 4], [0, 1])
    """
    return np.arange(number) if number <= most else np.linspace(0, number - 1, most).astype(np.int64)
