"""How far counts stray from their means beyond chance, by kind, and how alike the series of a kind are in it.

Series are weighed by what they tell and by how far they may differ, as studies are in a random-effects meta-analysis
(DerSimonian and Laird, Control. Clin. Trials 7, 1986).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.prior import FleetPrior
from models.training.totals import Floats, SlotTotals, sum_by_kind

_PARENT_SERIES = 4.0  # how many series of known dispersion the parent counts for
_OUTLYING_SDS = 3.0  # a series where people loiter is not taken for one whose counts vary more than this


def fit_dispersion(
    totals: SlotTotals, kinds: NDArray[np.int64], rate: Floats, prior: FleetPrior
) -> tuple[Floats, Floats]:
    """Dispersion phi by kind, from the squares of the counts, and the gamma shape of the series' own around it.

    Parameters
    ----------
    totals
        Of n series.
    kinds
        Row of `models.kinds.KINDS` of each series, shape (n,).
    rate
        Expected presences per hour, float64[n, 192].
    prior
        The parent's, towards which both are shrunk.
    """
    heard = totals.hours.sum(axis=1) > 0
    told, kinds = _Told.of(totals, rate, prior.dispersion[kinds], heard), kinds[heard]
    dispersion = _dispersion(told, kinds, prior)
    between = _variance_between(told, kinds, dispersion, prior)
    return dispersion, np.clip(dispersion**2 / between, 0.5, 20.0)


def _dispersion(told: _Told, kinds: NDArray[np.int64], prior: FleetPrior) -> Floats:
    between = prior.dispersion**2 / prior.dispersion_strength
    variance = told.variance(prior.dispersion[kinds], between[kinds])
    stray = np.minimum(told.stray(prior.dispersion[kinds]), _OUTLYING_SDS * np.sqrt(variance))
    weight = told.information / variance
    known = sum_by_kind(weight * told.information, kinds) + _PARENT_SERIES / between
    return np.clip(prior.dispersion + sum_by_kind(weight * stray, kinds) / known, 0.01, 5.0)


def _variance_between(told: _Told, kinds: NDArray[np.int64], dispersion: Floats, prior: FleetPrior) -> Floats:
    between = dispersion**2 / prior.dispersion_strength
    variance = told.variance(dispersion[kinds], between[kinds])
    surplus = np.minimum(told.stray(dispersion[kinds]) ** 2, _OUTLYING_SDS**2 * variance) - variance
    weight = (told.information / variance) ** 2
    known = sum_by_kind(weight * told.information**2, kinds) + _PARENT_SERIES / between**2
    return np.maximum(between + sum_by_kind(weight * surplus, kinds) / known, 1e-9)


@dataclass(frozen=True)
class _Told:
    """What each series tells of its dispersion: its squared residuals less its counts, weighted and added up.

    Less the counts, and not less the means: a mean that is wrong then matters to second order only, and where few are
    counted the sum strays far less (Dean and Lawless, J. Am. Stat. Assoc. 84, 1989).
    """

    excess: Floats  # float64[n]: phi times the information, on average
    information: Floats  # float64[n]
    mean: Floats  # float64[n, 192], of a window
    squared_weight: Floats  # float64[n, 192], of all windows of a slot, times the squared mean

    @classmethod
    def of(cls, totals: SlotTotals, rate: Floats, dispersion: Floats, heard: NDArray[np.bool_]) -> Self:
        """What the series that were heard tell, best weighted for this dispersion."""
        mean, windows = (rate * totals.window_hours)[heard], totals.hours[heard] / totals.window_hours
        presences, squares = totals.presences[heard], totals.squares[heard]
        weight = 1.0 / _relative_variance(mean, dispersion[heard][:, None])
        residual = squares - 2.0 * mean * presences + windows * mean**2
        return cls(
            excess=(weight * (residual - presences)).sum(axis=1),
            information=(weight * windows * mean**2).sum(axis=1),
            mean=mean,
            squared_weight=weight**2 * windows * mean**2,
        )

    def stray(self, dispersion: Floats) -> Floats:
        """How far the excess is above what it would be with these dispersions, float64[n]."""
        return np.asarray(self.excess - dispersion * self.information)

    def variance(self, dispersion: Floats, between: Floats) -> Floats:
        """Variance of the excess by chance and between series, float64[n]."""
        by_chance = (self.squared_weight * _relative_variance(self.mean, dispersion[:, None])).sum(axis=1)
        return np.asarray(by_chance + between * self.information**2)


def _relative_variance(mean: Floats, dispersion: Floats) -> Floats:
    """Variance of (y - m)^2 - y of a negative binomial count y, as a multiple of m^2."""
    spread = dispersion * mean
    return np.asarray((1.0 + spread) * (2.0 + 2.0 * dispersion + (2.0 + 6.0 * dispersion) * spread))
