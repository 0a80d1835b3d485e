"""Counts added up by series and slot of the week: all that the fleet prior is fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from models.calendar import DAY_TYPES, Calendar
from models.kinds import KINDS

SLOTS = DAY_TYPES * 24
_LOITERING_TAIL = 5.0  # log-likelihood ratio above which three hours of one series are left out
_SERIES_AT_A_TIME = 256  # bounds the memory of (windows, series) temporaries

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SlotTotals:
    """Presences, squared counts and hours of listening of each series in each hourly slot, float64[n, 192] each.

    A count is that of a window of ``window_hours``.
    """

    presences: Floats
    squares: Floats
    hours: Floats
    window_hours: float

    def without(self, left_out: NDArray[np.bool_]) -> SlotTotals:
        """The totals with some cells emptied."""
        presences, squares, hours = (
            np.where(left_out, 0.0, table) for table in (self.presences, self.squares, self.hours)
        )
        return SlotTotals(presences, squares, hours, self.window_hours)


def slot_totals(calendar: Calendar, starts: NDArray[np.int64], counts: NDArray[np.floating]) -> SlotTotals:
    """Add up counts [T, n], NaN where missing, over the windows of each hourly slot.

    Examples
    --------
    >>> totals = slot_totals(Calendar("UTC"), np.array([0, 604800]), np.array([[2.0], [np.nan]]))
    >>> [float(table[0, 72]) for table in (totals.presences, totals.squares, totals.hours)]  # 1970-01-01: a Thursday
    [2.0, 4.0, 1.0]
    """
    slots = calendar.slots_of(starts) // (60 // calendar.window_minutes)
    member = csr_array((np.ones(len(starts)), (slots, np.arange(len(starts)))), shape=(SLOTS, len(starts)))
    presences, squares, windows = np.empty((3, counts.shape[1], SLOTS))
    for begin in range(0, counts.shape[1], _SERIES_AT_A_TIME):
        part = slice(begin, begin + _SERIES_AT_A_TIME)
        values = np.array(counts[:, part], dtype=np.float64, order="C")
        heard = ~np.isnan(values)
        values[~heard] = 0.0
        presences[part] = np.asarray(member @ values).T
        squares[part] = np.asarray(member @ np.square(values)).T
        windows[part] = np.asarray(member @ heard.astype(np.float64)).T
    hours = calendar.window_minutes / 60
    return SlotTotals(presences, squares, windows * hours, hours)


def standing_out(totals: SlotTotals, rate: Floats, shape: Floats) -> NDArray[np.bool_]:
    """Cells whose three hours are far above what is expected there: loitering, not the life of a place.

    Parameters
    ----------
    totals
        Of all cells.
    rate
        float64[n, 192]: expected presences per hour.
    shape
        float64[n]: gamma shape of the ratios of a series' hours to that.
    """
    observed = _three_hours(totals.presences)
    expected = _three_hours(totals.hours * rate) + 1e-9
    a = shape[:, None]
    ratio = observed * np.log(np.maximum(observed, 1e-9) / expected)
    ratio -= (observed + a) * np.log((observed + a) / (expected + a))
    hot = (observed > expected) & (ratio > _LOITERING_TAIL)
    return np.asarray(_three_hours(hot.astype(np.float64)) > 0)


def by_time_of_day(cells: Floats) -> Floats:
    """Sum of all day types, float64[n, 24]."""
    return np.asarray(cells.reshape(len(cells), DAY_TYPES, 24).sum(axis=1))


def sum_by_kind(values: Floats, kinds: NDArray[np.int64]) -> Floats:
    """Sums over the series of each kind."""
    total = np.zeros((len(KINDS), *values.shape[1:]))
    np.add.at(total, kinds, values)
    return total


def on_every_day(hours: Floats) -> Floats:
    """The same in every day type, float64[n, 192]."""
    return np.tile(hours, (1, DAY_TYPES))


def _three_hours(cells: Floats) -> Floats:
    """Sum of each slot and its two neighbours in time, the week a circle, holidays a day of their own."""
    ordinary, holiday = cells[:, : 7 * 24], cells[:, 7 * 24 :]
    parts = [np.roll(part, -1, axis=1) + part + np.roll(part, 1, axis=1) for part in (ordinary, holiday)]
    return np.hstack(parts)
