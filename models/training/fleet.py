"""What the fleet teaches: the prior fitted to the counts of many series.

Fitted at retraining and frozen into a model version; a parent prior carries what the data are too few to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import DAY_TYPES, Calendar
from models.kinds import KINDS
from models.prior import FleetPrior
from models.surroundings import SIZE_BANDS, LocalPrior, Surroundings
from models.training.dispersion import fit_dispersion
from models.training.hours import fit_area_hours
from models.training.levels import LevelFit, Members, fit_levels
from models.training.profile import ProfileFit, fit_profile
from models.training.spread import fit_slots, fit_time_of_day
from models.training.totals import (
    SLOTS,
    Floats,
    SlotTotals,
    by_time_of_day,
    on_every_day,
    slot_totals,
    standing_out,
    sum_by_kind,
)

_ROUNDS = 4  # fit, leave out what stands out, fit again
_LEAST_TIME_SHAPE = 4.0  # of hours that are life and not loitering, however little a parent knows of hours


def default_prior() -> FleetPrior:
    """A prior that knows next to nothing: flat weeks, 0.08 presences an hour, wide everywhere."""
    kinds = np.ones(len(KINDS))
    return FleetPrior(
        profile=np.ones((len(KINDS), DAY_TYPES, 24)),
        level=0.08 * kinds,
        level_shape=1.2 * kinds,
        time_shape=4.0 * kinds,
        slot_shape=10.0 * kinds,
        dispersion=0.4 * kinds,
        dispersion_strength=2.0 * kinds,
    )


@dataclass(frozen=True)
class FleetFit:
    """A fitted prior, and the fit of its profiles, which a later retraining may look into."""

    prior: FleetPrior
    profile_fit: ProfileFit


def fit_fleet(
    calendar: Calendar,
    starts: NDArray[np.int64],
    counts: NDArray[np.floating],
    kinds: NDArray[np.int64],
    *,
    parent: FleetPrior | None = None,
    surroundings: Surroundings | None = None,
) -> FleetFit:
    """Fit the fleet prior to counts, robustly against series where people loiter.

    Parameters
    ----------
    calendar
        Local calendar of the counts.
    starts
        UTC epoch seconds of the windows, shape (T,).
    counts
        Presences, NaN where missing, shape (T, n); float32 or float64, read once and not copied as a whole.
    kinds
        Row of `models.kinds.KINDS` of each series, shape (n,).
    parent
        What to believe where the data say little, and for kinds without a series; `default_prior` if None.
    surroundings
        Areas and buildings of the series. The prior has tables of areas only where some are known.

    Notes
    -----
    The profile is a Poisson regression of harmonics of the day, their change by day type and by kind, with the
    parent's profile as offset and a ridge as prior, so that little data leaves the parent as it is; presences are
    weighted so that no busy series decides alone. Levels are gamma around the kind's, times effects of area and
    size of building (`models.training.levels`); areas keep hours of their own (`models.training.hours`). Shapes and
    dispersion (`models.training.dispersion`) are found by moments and shrunk towards the parent's. Hours of a
    series far above its kind's (loitering) are left out and all is fitted again.

    Raises
    ------
    ValueError
        If the shapes disagree.
    """
    if counts.shape != (len(starts), len(kinds)):
        raise ValueError(f"counts are {counts.shape}, but there are {len(starts)} windows and {len(kinds)} series")
    places = Surroundings.unknown(len(kinds)) if surroundings is None else surroundings
    if len(places) != len(kinds):
        raise ValueError(f"surroundings of {len(places)} series given with the counts of {len(kinds)}")
    return _Fleet(slot_totals(calendar, starts, counts), kinds, places, parent or default_prior()).fit()


class _Fleet:
    def __init__(self, totals: SlotTotals, kinds: NDArray[np.int64], places: Surroundings, parent: FleetPrior) -> None:
        self._totals, self._parent = totals, parent
        names, areas = np.unique(places.areas, return_inverse=True)
        unnamed = int(names[0] == "") if names.size else 0
        self._names = tuple(names[unnamed:].tolist())
        groups = (1 + len(self._names), 1 + len(SIZE_BANDS))
        self._members = Members(kinds, areas + 1 - unnamed, places.sizes, groups)
        self._area_hours = np.ones((groups[0], 24))

    def fit(self) -> FleetFit:
        totals, parent, kinds = self._totals, self._parent, self._members.kinds
        profile, left_out = parent.profile, np.zeros(totals.hours.shape, dtype=bool)
        series_level = self._first_levels()
        for _ in range(_ROUNDS):
            kept = totals.without(left_out)
            weight = self._weight(kept.hours * series_level * self._week(profile))
            profile_fit = self._fit_profile(kept, series_level, weight)
            profile = profile_fit.profile
            levels = self._fit_levels(kept, profile)
            series_level = self._series_levels(kept, profile, levels)
            self._fit_area_hours(kept, series_level, profile, weight)
            rate = series_level * self._week(profile)
            left_out = standing_out(totals, rate, np.maximum(parent.time_shape, _LEAST_TIME_SHAPE)[kinds])
        kept = totals.without(left_out)
        time_ratio, time_shape = fit_time_of_day(kept, kinds, rate, parent)
        rate = rate * time_ratio
        slot_shape = fit_slots(kept, kinds, rate, parent)
        dispersion, strength = fit_dispersion(kept, kinds, rate, parent)
        prior = FleetPrior(
            profile,
            levels.level,
            levels.shape,
            time_shape,
            slot_shape,
            dispersion,
            strength,
            self._local_prior(levels),
        )
        return FleetFit(prior, profile_fit)

    def _week(self, profile: Floats) -> Floats:
        """Profile of each series, float64[n, 192]."""
        by_kind = profile.reshape(len(KINDS), SLOTS)[self._members.kinds]
        return np.asarray(by_kind * on_every_day(self._area_hours[self._members.areas]))

    def _first_levels(self) -> Floats:
        totals, kinds = self._totals, self._members.kinds
        hours = (totals.hours * self._week(self._parent.profile)).sum(axis=1)
        return _posterior(
            totals.presences.sum(axis=1), hours, self._parent.level_shape[kinds], self._parent.level[kinds]
        )

    def _series_levels(self, totals: SlotTotals, profile: Floats, levels: LevelFit) -> Floats:
        hours = (totals.hours * self._week(profile)).sum(axis=1)
        shape, level = levels.shape[self._members.kinds], levels.of(self._members)
        return _posterior(totals.presences.sum(axis=1), hours, shape, level)

    def _weight(self, expected: Floats) -> Floats:
        """What a cell tells of its kind: less than its presences, since series keep hours of their own.

        Three hours of a day go together, on all days.
        """
        kinds, hours = self._members.kinds, by_time_of_day(expected)
        near = np.roll(hours, 1, axis=1) + hours + np.roll(hours, -1, axis=1)
        by_time = on_every_day(near / self._parent.time_shape[kinds][:, None])
        return np.asarray(1.0 / (1.0 + by_time + expected / self._parent.slot_shape[kinds][:, None]))

    def _fit_profile(self, totals: SlotTotals, series_level: Floats, weight: Floats) -> ProfileFit:
        kinds = self._members.kinds
        expected = totals.hours * series_level * self._week(self._parent.profile)
        presences = sum_by_kind(weight * totals.presences, kinds)
        return fit_profile(presences, sum_by_kind(weight * expected, kinds), self._parent.profile)

    def _fit_levels(self, totals: SlotTotals, profile: Floats) -> LevelFit:
        hours = (totals.hours * self._week(profile)).sum(axis=1)
        return fit_levels(totals.presences.sum(axis=1), hours, self._members, self._parent)

    def _fit_area_hours(self, totals: SlotTotals, series_level: Floats, profile: Floats, weight: Floats) -> None:
        areas = self._members.areas
        by_kind = profile.reshape(len(KINDS), SLOTS)[self._members.kinds]
        presences = by_time_of_day(weight * totals.presences)
        expected = by_time_of_day(weight * totals.hours * series_level * by_kind)
        self._area_hours = fit_area_hours(presences, expected, areas, len(self._area_hours))

    def _local_prior(self, levels: LevelFit) -> LocalPrior | None:
        if not self._names and not self._members.sizes.any():
            return None
        return LocalPrior(
            areas=self._names,
            area_level=levels.areas.factor,
            area_variance=levels.areas.variance,
            area_hours=self._area_hours,
            size_level=levels.sizes.factor,
            size_variance=levels.sizes.variance,
        )


def _posterior(presences: Floats, hours: Floats, shape: Floats, level: Floats) -> Floats:
    """Posterior mean presences per hour of each series, float64[n, 1]."""
    return np.asarray((shape + presences) / (shape / level + hours))[:, None]
