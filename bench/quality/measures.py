"""Measures of a score against known events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.panel import Floats

MOST_FLAGGED = 0.06  # share of time: a threshold below it flags long runs that find anything


@dataclass(frozen=True)
class Reading:
    """One threshold: which known events it finds, its predicted events, and the share of time flagged."""

    found: NDArray[np.bool_]
    predicted: int
    share_flagged: float


@dataclass(frozen=True)
class Sweep:
    """Every threshold of a score from the top down.

    Parameters
    ----------
    thresholds
        float64[k]: from the highest score down.
    predicted
        int[k]: predicted events, maximal runs of windows at or above each threshold.
    share_flagged
        float64[k]: share of windows at or above it.
    peaks
        float64[events]: highest score within each known event.
    """

    thresholds: Floats
    predicted: NDArray[np.int64]
    share_flagged: Floats
    peaks: Floats

    def first(self, budget: int) -> Reading:
        """Lower the threshold until there are more than ``budget`` predicted events, for the first time."""
        return self._reading(int(np.argmax(np.append(self._beyond(budget), True))) - 1)

    def best(self, budget: int) -> Reading:
        """Most events found by any threshold within ``budget`` predicted events: what hindsight would choose."""
        found = (self.peaks[:, None] >= self.thresholds).sum(axis=0)
        return self._reading(int(np.argmax(np.where(self._beyond(budget), -1, found))) if found.size else -1)

    def _beyond(self, budget: int) -> NDArray[np.bool_]:
        return (self.predicted > budget) | (self.share_flagged > MOST_FLAGGED)

    def _reading(self, k: int) -> Reading:
        if k < 0 or self.share_flagged[k] > MOST_FLAGGED:
            return Reading(np.zeros(len(self.peaks), dtype=bool), 0, 0.0)
        return Reading(self.peaks >= self.thresholds[k], int(self.predicted[k]), float(self.share_flagged[k]))


def sweep(score: Floats, events: NDArray[np.int64], *, margin: int = 1) -> Sweep:
    """Sweep the threshold of a score over known events.

    Parameters
    ----------
    score
        float64[T]: NaN is never flagged.
    events
        int64[events, 2]: first window and past last of each known event.
    margin
        An event is found if a flagged window lies within this many windows of it.

    Examples
    --------
    >>> swept = sweep(np.array([0, 0, 9, 0, 0, 1, 0, 0, 5, 0.0]), np.array([[3, 4], [8, 9]]))
    >>> swept.thresholds.tolist(), swept.predicted.tolist(), swept.peaks.tolist()
    ([9.0, 5.0, 1.0, 0.0], [1, 2, 3, 1], [9.0, 5.0])
    """
    known = np.where(np.isnan(score), -np.inf, score)
    order = np.argsort(-known, kind="stable")
    order = order[: int((known > -np.inf).sum())]
    rank = np.full(len(score) + 2, len(score))
    rank[order + 1] = np.arange(len(order))
    opened = 1 - (rank[order] < rank[order + 1]) - (rank[order + 2] < rank[order + 1])
    last = np.flatnonzero(np.append(np.diff(known[order]) != 0, True))[: len(order)]
    peaks = [known[max(0, begin - margin) : end + margin].max(initial=-np.inf) for begin, end in events]
    return Sweep(
        known[order][last], np.cumsum(opened)[last], (last + 1) / len(score), np.array(peaks, dtype=np.float64)
    )
