"""Measures of a ranked list and of an alarm, as the field reports them.

PAI and PEI are those of the NIJ Real-Time Crime Forecasting Challenge (2016-17).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def precision_at_k(listed: Sequence[Hashable], hot: Collection[Hashable], k: int) -> float:
    """Share of the first ``k`` places of a list that are hot; a shorter list is judged by what it has, 0 if empty.

    Examples
    --------
    >>> precision_at_k(["a", "b", "c"], {"a", "c"}, 2)
    0.5
    """
    first = listed[:k]
    return sum(place in hot for place in first) / len(first) if first else 0.0


def average_precision(listed: Sequence[Hashable], hot: Collection[Hashable], *, first: int | None = None) -> float:
    """Mean precision at the rank of each hot place; one that is not listed (or not within ``first``) counts 0.

    Examples
    --------
    >>> average_precision(["a", "b", "c"], {"a", "c"})
    0.8333333333333333
    """
    if not hot:
        return 0.0
    found = 0
    total = 0.0
    for rank, place in enumerate(listed[:first], start=1):
        if place in hot:
            found += 1
            total += found / rank
    return total / len(hot)


def hit_rate(listed: Sequence[Hashable], incidents: Mapping[Hashable, float], k: int) -> float:
    """Share n/N of all incidents that happened at the first ``k`` places; 0 without incidents.

    Examples
    --------
    >>> hit_rate(["a", "b"], {"a": 3, "c": 1}, 1)
    0.75
    """
    total = sum(incidents.values())
    return sum(incidents.get(place, 0.0) for place in listed[:k]) / total if total else 0.0


def pai(listed: Sequence[Hashable], incidents: Mapping[Hashable, float], k: int, places: int) -> float:
    """Predictive accuracy index (n/N) / (k/M): how many times better than going anywhere among M ``places``.

    Raises
    ------
    ValueError
        If there is no place or k is below one.

    Examples
    --------
    >>> pai(["a", "b"], {"a": 3, "c": 1}, k=1, places=10)
    7.5
    """
    if k < 1 or places < 1:
        raise ValueError(f"PAI needs at least one listed place of at least one, not {k} of {places}")
    return hit_rate(listed, incidents, k) / (k / places)


def pei(listed: Sequence[Hashable], incidents: Mapping[Hashable, float], k: int) -> float:
    """Predictive efficiency index: incidents at the first ``k`` places, of the most that any k had; 0 without any.

    Examples
    --------
    >>> pei(["b", "a"], {"a": 3, "b": 1, "c": 2}, 2)
    0.8
    """
    best = sum(sorted(incidents.values(), reverse=True)[:k])
    return sum(incidents.get(place, 0.0) for place in listed[:k]) / best if best else 0.0


def list_stability(listed: Sequence[Hashable], previous: Sequence[Hashable], k: int) -> float:
    """Share of the first ``k`` entries of the previous list that are among the first k still; 1 if it was empty.

    Examples
    --------
    >>> list_stability(["a", "b", "c"], ["b", "d"], 2)
    0.5
    """
    before = set(previous[:k])
    return len(before & set(listed[:k])) / len(before) if before else 1.0


def hours_of_block(from_hour: int, to_hour: int) -> frozenset[int]:
    """Hours of day from ``from_hour`` to ``to_hour``, exclusive, past midnight if need be; equal hours are a whole day.

    Examples
    --------
    >>> sorted(hours_of_block(22, 1))
    [0, 22, 23]
    """
    length = (to_hour - from_hour) % 24 or 24
    return frozenset((from_hour + hour) % 24 for hour in range(length))


def hours_iou(named: Collection[int], true: Collection[int]) -> float:
    """Intersection over union of two sets of hours; 0 if both are empty.

    Examples
    --------
    >>> hours_iou(hours_of_block(20, 24), hours_of_block(22, 2))
    0.3333333333333333
    """
    union = set(named) | set(true)
    return len(set(named) & set(true)) / len(union) if union else 0.0


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
