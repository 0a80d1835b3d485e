"""Days, hours and blocks of hours: counts folded so that every block of the week is a difference of two sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import weekdays_of

BLOCK_HOURS = tuple(range(2, 9))
_LONGEST = BLOCK_HOURS[-1]
_FULL_DAYS = 10  # one day in so many has at least what a full day has
_WILD, _WILD_PRESENCES = 3.0, 10.0  # times a full day, and presences, that a day has to exceed to be wild

Cells = NDArray[np.float32]


@dataclass(frozen=True)
class Days:
    """The local days of a scan: weekday of each, and whether it is within the period of the list."""

    first: int
    weekdays: NDArray[np.int64]
    in_period: NDArray[np.bool_]

    @classmethod
    def ending(cls, last: int, *, period: int, history: int) -> Days:
        """``history`` days up to day number ``last``, the last ``period`` of them the list's."""
        first = last - max(period, history) + 1
        days = np.arange(first, last + 1)
        return cls(first, weekdays_of(days), days > last - period)

    def __len__(self) -> int:
        return len(self.weekdays)

    @property
    def first_of_period(self) -> int:
        """Position of the period's first day."""
        return int(np.flatnonzero(self.in_period)[0])


def fold_hours(
    local_seconds: NDArray[np.int64],
    values: NDArray[np.float64] | NDArray[np.bool_],
    alive: NDArray[np.bool_],
    days: Days,
) -> Cells:
    """Sum values (T, n) where ``alive`` over local days and hours: float32[days, 24, n].

    Examples
    --------
    >>> days = Days.ending(0, period=1, history=1)
    >>> values = np.array([[1.0], [np.nan], [3.0]])
    >>> fold_hours(np.array([3600, 5400, 7200]), values, ~np.isnan(values), days)[0, :3, 0].tolist()
    [0.0, 1.0, 3.0]
    """
    hour = local_seconds // 3600 - days.first * 24
    inside = (hour >= 0) & (hour < len(days) * 24)
    kept = np.where(alive[inside], values[inside], 0.0)
    cells = np.zeros((len(days) * 24, values.shape[1]), dtype=np.float32)
    hours, first, place = np.unique(hour[inside], return_index=True, return_inverse=True)
    turn = np.arange(len(kept)) - first[place]  # of a window among those of its hour
    cells[hours] = kept[first]
    for later in range(1, turn.max(initial=0) + 1):
        cells[hour[inside][turn == later]] += kept[turn == later]
    return cells.reshape(len(days), 24, -1)


def without_wild_days(cells: Cells, heard: Cells) -> Cells:
    """Cells [days, 24, n] with wild days scaled down: a sensor that was stuck for a night tells nothing of a place.

    A day is wild that has more than three times as many presences as a full day, of which there is one in ten.

    Examples
    --------
    >>> cells = np.ones((20, 24, 1), dtype=np.float32)
    >>> cells[4, 3] = 255.0
    >>> bounded = without_wild_days(cells, np.ones_like(cells))
    >>> bounded[3:6].sum(axis=(1, 2)).round(3).tolist()
    [24.0, 72.0, 24.0]
    """
    daily = cells.sum(axis=1, dtype=np.float64)
    full = heard.any(axis=1).sum(axis=0, keepdims=True) // _FULL_DAYS
    most = np.maximum(_WILD * np.take_along_axis(-np.sort(-daily, axis=0), full, axis=0), _WILD_PRESENCES)
    scale = np.minimum(most / np.maximum(daily, 1.0), 1.0).astype(np.float32)
    return np.asarray(cells * scale[:, None])


def evenings(cells: Cells) -> Cells:
    """Each day with the first hours of the next: float32[days, 32, n]."""
    following = np.concatenate([cells[1:, :_LONGEST], np.zeros_like(cells[:1, :_LONGEST])])
    return np.concatenate([cells, following], axis=1)


def by_weekday(nightly: Cells, weekdays: NDArray[np.int64]) -> Cells:
    """Sum days of the same weekday: float32[7, ...]."""
    weekly = np.zeros((7, *nightly.shape[1:]), dtype=np.float32)
    for evening, weekday in zip(nightly, weekdays, strict=True):
        weekly[weekday] += evening
    return weekly


def block_sums(nightly: Cells) -> Cells:
    """Sums over every block of hours: float32[days, 24 * lengths, n] from float32[days, 32, n]."""
    running = np.concatenate([np.zeros_like(nightly[:, :1]), nightly.cumsum(axis=1)], axis=1)
    days, _, n = nightly.shape
    blocks = np.empty((days, 24, len(BLOCK_HOURS), n), dtype=nightly.dtype)
    for at, length in enumerate(BLOCK_HOURS):
        np.subtract(running[:, length : length + 24], running[:, :24], out=blocks[:, :, at])
    return blocks.reshape(days, 24 * len(BLOCK_HOURS), n)
