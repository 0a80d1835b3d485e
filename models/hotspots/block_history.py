"""What is told of a hot-spot beside its rank: its weeks, its week hour by hour, and how well it was heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, weekdays_of
from models.hotspots.blocks import Days
from models.hotspots.ground import HISTORY_DAYS, Presences
from models.hotspots.hotspot import HotSpot

RISING, STEADY, FALLING = 1, 0, -1
_TREND_QUANTILE = 1.96  # a trend is named when as much comes by chance one time in twenty
_LEAST_HEARD = 0.5  # share of the earlier days' windows that must have been heard to compare with them
_WEEK = 7


@dataclass(frozen=True)
class BlockHistory:
    """A hot-spot's block of the week through the weeks.

    Parameters
    ----------
    weekly
        Presences in the block in each of the last ten weeks, the period's last week last; None where nothing was heard.
    trend
        1 rising, 0 steady, -1 falling: the period's evenings against those of as many days before; None if fewer than
        half of the windows before were heard.
    """

    weekly: tuple[int | None, ...]
    trend: int | None


def block_history(presences: Presences, hotspot: HotSpot, *, days: int) -> BlockHistory:
    """Follow a hot-spot's block of the week through the weeks; ``days`` is the length of the list's period.

    Examples
    --------
    >>> from models.calendar import Calendar
    >>> starts = np.arange(4 * 168) * 3600 + 4 * 86400  # from a Monday on
    >>> counts = np.zeros((len(starts), 1))
    >>> counts[[20 + 168 * week for week in (2, 3)]] = 5  # Mondays at eight, lately
    >>> presences = Presences(Calendar("UTC"), starts, counts, counts, *np.zeros((2, 1), dtype=int))
    >>> found = HotSpot(0, 0, "emerging", (0,), 20, 22, 10, 0.1, 2, 9.0, 1e-9, True, 0, 0)
    >>> block_history(presences, found, days=14)
    BlockHistory(weekly=(None, None, None, None, None, None, 0, 0, 5, 5), trend=1)
    """
    span = Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS)
    counts = presences.counts[:, hotspot.series]
    heard = ~np.isnan(counts)
    age = len(span) - 1 - evenings_of_block(presences, hotspot, span)  # in days; longer than the span outside the block
    in_block = age < len(span)
    weeks = [in_block & heard & (age // _WEEK == week) for week in reversed(range(HISTORY_DAYS // _WEEK))]
    return BlockHistory(
        weekly=tuple(int(counts[week].sum()) if week.any() else None for week in weeks),
        trend=_trend(counts, heard, np.where(in_block, age, -1), days),
    )


def presences_by_hour(presences: Presences, series: NDArray[np.int64], *, days: int) -> NDArray[np.int64]:
    """Presences of the period in some series together, int64[7, 24]: local weekdays, Monday first, by local hours."""
    local = presences.local_seconds
    inside = local // SECONDS_PER_DAY > presences.last_day() - days
    cell = weekdays_of(local[inside] // SECONDS_PER_DAY) * 24 + local[inside] % SECONDS_PER_DAY // 3600
    counts = np.nansum(presences.counts[np.ix_(inside, series)], axis=1)
    return np.bincount(cell, counts, minlength=_WEEK * 24).astype(np.int64).reshape(_WEEK, 24)


def coverage_of(presences: Presences, series: int, *, days: int) -> float:
    """Share of the period's windows in which a series was heard.

    The period begins at its first midnight, wherever the counts begin.
    """
    begin = (presences.last_day() - days + 1) * SECONDS_PER_DAY
    windows = (int(presences.local_seconds[-1]) - begin) // presences.calendar.window_seconds + 1
    heard = ~np.isnan(presences.counts[presences.local_seconds >= begin, series])
    return float(min(1.0, heard.sum() / windows))


def evenings_of_block(presences: Presences, hotspot: HotSpot, span: Days) -> NDArray[np.int64]:
    """Position in the span of the evening that each window belongs to, int64[T]; -1 outside the hot-spot's block."""
    local = presences.local_seconds
    hour = local % SECONDS_PER_DAY // 3600
    evening = local // SECONDS_PER_DAY - span.first - (hour < hotspot.from_hour)
    inside = (hour - hotspot.from_hour) % 24 < (hotspot.to_hour - hotspot.from_hour) % 24
    inside &= evening >= 0
    inside[inside] &= np.isin(span.weekdays[evening[inside]], hotspot.weekdays)
    return np.where(inside, evening, -1)


def _trend(counts: NDArray[np.float64], heard: NDArray[np.bool_], age: NDArray[np.int64], days: int) -> int | None:
    """Compare mean evenings by a quasi-Poisson test of two rates; ``age`` is -1 outside the block."""
    now, before = (heard & (age >= first) & (age < first + days) for first in (0, days))
    if before.sum() < _LEAST_HEARD * ((age >= days) & (age < 2 * days)).sum() or not now.any() or not before.any():
        return None
    total_now, total_before = counts[now].sum(), counts[before].sum()
    dispersion = max(_dispersion(counts[now], age[now]), _dispersion(counts[before], age[before]), 1.0)
    ratio = np.log((total_now + 0.5) / now.sum()) - np.log((total_before + 0.5) / before.sum())
    spread = np.sqrt(dispersion * (1 / (total_now + 0.5) + 1 / (total_before + 0.5)))
    return int(np.sign(ratio)) if abs(ratio) > _TREND_QUANTILE * spread else STEADY


def _dispersion(counts: NDArray[np.float64], age: NDArray[np.int64]) -> float:
    """Variance of evenings over their mean, each evening by its heard windows."""
    _, evening = np.unique(age, return_inverse=True)
    observed, windows = np.bincount(evening, counts), np.bincount(evening)
    expected = windows * counts.sum() / windows.sum()
    if len(observed) < 2 or not counts.any():
        return 1.0
    return float(((observed - expected) ** 2 / expected).sum() / (len(observed) - 1))
