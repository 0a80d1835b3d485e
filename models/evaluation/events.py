"""Measures of a score against known events, at a budget of predicted events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def predicted_events(score: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    """Maximal runs of adjacent windows at or above a threshold, as rows (first, past last); NaN is below any.

    Examples
    --------
    >>> predicted_events(np.array([0.0, 3.0, 2.0, 0.0, 5.0]), 2.0).tolist()
    [[1, 3], [4, 5]]
    """
    flagged = np.concatenate([[False], score >= threshold, [False]])
    return np.flatnonzero(np.diff(flagged)).reshape(-1, 2).astype(np.int64)


@dataclass(frozen=True)
class Recall:
    """Events found at a budget of predicted events.

    Parameters
    ----------
    found, events
        Known events found, and all of them.
    predicted
        Predicted events at the threshold taken.
    threshold
        The lowest score within the budget.
    share_flagged
        Share of windows at or above it.
    """

    found: int
    events: int
    predicted: int
    threshold: float
    share_flagged: float

    @property
    def recall(self) -> float:
        """Share of events found; 0 without events."""
        return self.found / self.events if self.events else 0.0


def recall_at_predicted_events(
    score: NDArray[np.float64],
    events: NDArray[np.int64],
    budget: int,
    *,
    most_flagged: float = 0.06,
    margin: int = 1,
) -> Recall:
    """Most known events found by any threshold with at most ``budget`` predicted events.

    Parameters
    ----------
    score
        float64[T]: causal score of each window; NaN is never flagged.
    events
        int64[events, 2]: first window and past last of each known event.
    budget
        Most predicted events, maximal runs at or above the threshold.
    most_flagged
        Most share of windows flagged: one endless run is no prediction.
    margin
        An event counts as found if a flagged window lies within this many windows of it.

    Examples
    --------
    >>> score = np.array([0, 0, 9, 0, 0, 1, 0, 0, 5, 0.0])
    >>> found = recall_at_predicted_events(score, np.array([[3, 4], [8, 9]]), budget=2, most_flagged=0.5)
    >>> found.recall, found.predicted, found.threshold, found.share_flagged
    (1.0, 2, 5.0, 0.2)
    """
    best = Recall(0, len(events), 0, float("inf"), 0.0)
    for threshold in np.unique(score[~np.isnan(score)])[::-1]:
        flagged = score >= threshold
        share = float(flagged.mean())
        if share > most_flagged:
            break
        predicted = len(predicted_events(score, float(threshold)))
        found = _events_found(flagged, events, margin)
        if predicted <= budget and found > best.found:
            best = Recall(found, len(events), predicted, float(threshold), share)
    return best


def _events_found(flagged: NDArray[np.bool_], events: NDArray[np.int64], margin: int) -> int:
    flags_before = np.concatenate([[0], np.cumsum(flagged)])
    first = np.clip(events[:, 0] - margin, 0, len(flagged))
    last = np.clip(events[:, 1] + margin, 0, len(flagged))
    return int((flags_before[last] > flags_before[first]).sum())
