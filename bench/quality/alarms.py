"""Alarms at a budget: thresholds, episodes opened, and how soon an onset is found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.datasets import BUDGET
from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.towns import Town

Flags = NDArray[np.bool_]


def opened(flagged: Flags) -> Flags:
    """bool[T, n]: windows that open an episode, the first of adjacent flagged ones."""
    before = np.zeros_like(flagged)
    before[1:] = flagged[:-1]
    return flagged & ~before


def stairwell_weeks(panel: Panel, within: Flags) -> float:
    """Stairwell-weeks that the observed windows ``within`` amount to; a stairwell's series share its week."""
    observed = (~np.isnan(panel.counts) & within).sum(axis=0)
    return float((observed * panel.shares).sum() / BUDGET / panel.windows_per_week)


def threshold_at_budget(score: Floats, within: Flags, most_openings: float) -> float:
    """The lowest threshold, from the top down, before more than ``most_openings`` episodes open ``within``.

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


def flag_at_own_budget(judgement: Judgement, panel: Panel) -> Flags:
    """Windows whose calibrated tail is within the series' share of the budget."""
    assert judgement.tail is not None, "only a calibrated detector keeps a budget by itself"
    return np.asarray(judgement.tail <= panel.shares)


def found_within(flagged: Flags, town: Town, onset: int, series: int, days: tuple[int, int]) -> bool:
    """Whether a window within the hours of the hang-out, or beside them, is flagged so many days after its onset."""
    first, last = (onset + day * town.calendar.windows_per_day for day in days)
    hours = town.hours[:, series]
    near = hours.copy()
    near[1:] |= hours[:-1]
    near[:-1] |= hours[1:]
    return bool((flagged[first:last, series] & near[first:last]).any())
