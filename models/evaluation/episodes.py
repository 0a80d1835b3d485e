"""Episodes at a budget: what opens one, the threshold that keeps a budget, and whether an onset was found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]


def opened(flagged: Flags) -> Flags:
    """bool[T, n]: windows that open an episode, the first of adjacent flagged ones."""
    before = np.zeros_like(flagged)
    before[1:] = flagged[:-1]
    return flagged & ~before


def threshold_at_budget(score: NDArray[np.float64], within: Flags, most_openings: float) -> float:
    """The lowest threshold, from the top down, before more than ``most_openings`` episodes open ``within``.

    Parameters
    ----------
    score
        float64[T, n]: higher is more; NaN is never flagged.
    within
        bool[T, n]: windows in which openings count.
    most_openings
        The budget.

    Examples
    --------
    >>> score = np.array([[0.0], [5.0], [1.0], [3.0], [0.0], [2.0]])
    >>> threshold_at_budget(score, np.ones((6, 1), dtype=bool), most_openings=2)
    3.0
    """
    known = np.where(np.isnan(score), -np.inf, score)
    before = np.full_like(known, -np.inf)
    before[1:] = known[:-1]
    rising = within & (known > before)
    tops, bottoms = np.sort(known[rising]), np.sort(before[rising])
    levels = np.unique(tops)[::-1]
    openings = np.searchsorted(bottoms, levels, side="left") - np.searchsorted(tops, levels, side="left")
    openings += len(tops) - len(bottoms)
    beyond = int(np.argmax(np.append(openings > most_openings, True)))
    return float(levels[beyond - 1]) if beyond else np.inf


def found_within(flagged: Flags, hours: Flags, first: int, after: int) -> bool:
    """Whether a window from ``first`` on, before ``after``, is flagged in the hours of a hang-out or beside them.

    Parameters
    ----------
    flagged, hours
        bool[T]: windows flagged, and those of the evenings and hours that loitering keeps to.
    first, after
        Windows to look at, half-open.

    Examples
    --------
    >>> hours = np.array([False, False, True, True, False, False])
    >>> [found_within(np.arange(6) == window, hours, 0, 6) for window in range(6)]
    [False, True, True, True, True, False]
    """
    near = hours.copy()
    near[1:] |= hours[:-1]
    near[:-1] |= hours[1:]
    return bool((flagged[first:after] & near[first:after]).any())
