"""How far the hours of series stray from what their kind and level make of them, by moments shrunk to the parent's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.prior import FleetPrior
from models.training.totals import Floats, SlotTotals, by_time_of_day, on_every_day, sum_by_kind

_PARENT_CELLS = 20.0  # how many presences' worth of cells the parent's shapes count for
_LEAST_TIME_VARIANCE, _LEAST_SLOT_VARIANCE = 0.04, 0.02  # kinds with few presences show none: no two places are alike


def fit_time_of_day(
    totals: SlotTotals, kinds: NDArray[np.int64], rate: Floats, prior: FleetPrior
) -> tuple[Floats, Floats]:
    """Each series' own factor by time of day, float64[n, 192], and the shape of these factors by kind."""
    observed, expected = by_time_of_day(totals.presences), by_time_of_day(totals.hours * rate)
    shape = _shape(_relative_variance(observed, expected, kinds, prior.time_shape), _LEAST_TIME_VARIANCE)
    own = shape[kinds][:, None]
    return on_every_day((own + observed) / (own + expected)), shape


def fit_slots(totals: SlotTotals, kinds: NDArray[np.int64], rate: Floats, prior: FleetPrior) -> Floats:
    """Shape of one slot around the series' own profile by time of day, by kind."""
    expected = totals.hours * rate
    return _shape(_relative_variance(totals.presences, expected, kinds, prior.slot_shape), _LEAST_SLOT_VARIANCE)


def _relative_variance(observed: Floats, expected: Floats, kinds: NDArray[np.int64], parent_shape: Floats) -> Floats:
    """Relative variance beyond Poisson of cells around their expectation by kind, shrunk towards 1 / parent_shape.

    Cells are weighted so that no busy series decides alone.
    """
    weight = 1 / (1 + expected) ** 2
    excess = sum_by_kind((weight * ((observed - expected) ** 2 - expected)).sum(axis=1), kinds)
    information = sum_by_kind((weight * expected**2).sum(axis=1), kinds)
    return np.asarray((excess + _PARENT_CELLS / parent_shape) / (information + _PARENT_CELLS))


def _shape(relative_variance: Floats, least: float) -> Floats:
    return np.asarray(1 / np.clip(relative_variance, least, 2.0))
