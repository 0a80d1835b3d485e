"""What the fleet teaches: the prior fitted to the counts of many series.

Fitted at retraining and frozen into a model version; a parent prior carries what the data are too few to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import gammaln

from models.calendar import DAY_TYPES, Calendar
from models.kinds import KINDS
from models.prior import FleetPrior
from models.training.profile import ProfileFit, fit_profile

SLOTS = DAY_TYPES * 24
_PRIOR_SERIES = 4.0  # how many series the parent's level counts for
_PRIOR_CELLS = 20.0  # how many presences' worth of cells the parent's shapes count for
_LEAST_TIME_VARIANCE, _LEAST_SLOT_VARIANCE = 0.04, 0.02  # kinds with few presences show none: no two places are alike
_LOITERING_TAIL = 5.0  # log-likelihood ratio above which three hours of one series are left out
_SERIES_AT_A_TIME = 512  # bounds the memory of (windows, series) temporaries
_ROUNDS = 4  # fit, leave out what stands out, fit again


@dataclass(frozen=True)
class SlotTotals:
    """Presences and hours of listening of each series in each hourly slot, both float64[n, 192]."""

    presences: NDArray[np.float64]
    hours: NDArray[np.float64]

    def without(self, left_out: NDArray[np.bool_]) -> SlotTotals:
        """The totals with some cells emptied."""
        return SlotTotals(np.where(left_out, 0.0, self.presences), np.where(left_out, 0.0, self.hours))


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
    counts: NDArray[np.float64],
    kinds: NDArray[np.int64],
    *,
    parent: FleetPrior | None = None,
) -> FleetFit:
    """Fit the fleet prior to counts, robustly against series where people loiter.

    Parameters
    ----------
    calendar
        Local calendar of the counts.
    starts
        UTC epoch seconds of the windows, shape (T,).
    counts
        Presences, NaN where missing, shape (T, n).
    kinds
        Row of `models.kinds.KINDS` of each series, shape (n,).
    parent
        What to believe where the data say little, and for kinds without a series; `default_prior` if None.

    Notes
    -----
    The profile is a Poisson regression of harmonics of the day, their change by day type and by kind, with the
    parent's profile as offset and a ridge as prior, so that little data leaves the parent as it is. Levels are gamma
    around the kind's: maximum of the negative-binomial marginal likelihood. Shapes and dispersion are found by moments
    and shrunk towards the parent's. Hours of a series far above its kind's (loitering) are left out and all is
    fitted again.

    Raises
    ------
    ValueError
        If the shapes disagree.
    """
    if counts.shape != (len(starts), len(kinds)):
        raise ValueError(f"counts are {counts.shape}, but there are {len(starts)} windows and {len(kinds)} series")
    prior = parent or default_prior()
    totals = slot_totals(calendar, starts, counts)
    left_out = np.zeros_like(totals.hours, dtype=bool)
    for _ in range(_ROUNDS):
        kept = totals.without(left_out)
        profile_fit = _fit_profile(kept, kinds, prior)
        profile = profile_fit.profile
        level, level_shape = _fit_levels(kept, kinds, profile, prior)
        expected = _series_levels(kept, kinds, profile, level, level_shape)[:, None] * _weekly(profile, kinds)
        left_out = _stands_out(totals, expected, prior.time_shape[kinds])
    kept = totals.without(left_out)
    time_ratio, time_shape = _fit_time_of_day(kept, kinds, expected, prior)
    slot_shape = _fit_slots(kept, kinds, expected * time_ratio, prior)
    rate = expected * time_ratio
    dispersion, strength = _fit_dispersion(calendar, starts, counts, kinds, rate=rate, left_out=left_out, prior=prior)
    fitted = FleetPrior(profile, level, level_shape, time_shape, slot_shape, dispersion, strength)
    return FleetFit(fitted, profile_fit)


def slot_totals(calendar: Calendar, starts: NDArray[np.int64], counts: NDArray[np.float64]) -> SlotTotals:
    """Sum counts (T, n) and hours of listening over the windows of each hourly slot.

    Examples
    --------
    >>> totals = slot_totals(Calendar("UTC"), np.array([0, 604800]), np.array([[1.0], [np.nan]]))
    >>> float(totals.presences[0, 72]), float(totals.hours[0, 72])  # 1970-01-01 was a Thursday
    (1.0, 1.0)
    """
    slots = _hourly_slots(calendar, starts)
    member = csr_array((np.ones(len(starts)), (slots, np.arange(len(starts)))), shape=(SLOTS, len(starts)))
    alive = ~np.isnan(counts)
    hours = np.asarray(member @ alive.astype(np.float64)).T * (calendar.window_minutes / 60)
    return SlotTotals(np.asarray(member @ np.nan_to_num(counts)).T, hours)


def _hourly_slots(calendar: Calendar, starts: NDArray[np.int64]) -> NDArray[np.int32]:
    return calendar.slots_of(starts) // (60 // calendar.window_minutes)


def _weekly(profile: NDArray[np.float64], kinds: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(profile.reshape(len(KINDS), SLOTS)[kinds])


def _by_kind(values: NDArray[np.float64], kinds: NDArray[np.int64]) -> NDArray[np.float64]:
    total = np.zeros((len(KINDS), *values.shape[1:]))
    np.add.at(total, kinds, values)
    return total


def _fit_profile(totals: SlotTotals, kinds: NDArray[np.int64], prior: FleetPrior) -> ProfileFit:
    parent = prior.profile.reshape(len(KINDS), SLOTS)
    levels = (prior.level_shape[kinds] + totals.presences.sum(axis=1)) / (
        prior.level_shape[kinds] / prior.level[kinds] + (totals.hours * parent[kinds]).sum(axis=1)
    )
    expected = totals.hours * parent[kinds] * levels[:, None]
    return fit_profile(_by_kind(totals.presences, kinds), _by_kind(expected, kinds), prior.profile)


def _fit_levels(
    totals: SlotTotals, kinds: NDArray[np.int64], profile: NDArray[np.float64], prior: FleetPrior
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level and gamma shape of each kind: empirical Bayes on the negative-binomial totals of its series."""
    presences = totals.presences.sum(axis=1)
    hours = (totals.hours * _weekly(profile, kinds)).sum(axis=1)
    level, shape = prior.level.copy(), prior.level_shape.copy()
    for kind in np.unique(kinds):
        chosen = (kinds == kind) & (hours > 0)
        start = np.log([prior.level[kind], prior.level_shape[kind]])
        best = minimize(_level_loss(presences[chosen], hours[chosen], start), start, method="Nelder-Mead")
        level[kind], shape[kind] = np.exp(best.x)
    return level, shape


def _level_loss(
    presences: NDArray[np.float64], hours: NDArray[np.float64], parent: NDArray[np.float64]
) -> Callable[[NDArray[np.float64]], float]:
    def loss(parameters: NDArray[np.float64]) -> float:
        level, shape = np.exp(parameters)
        mean = level * hours
        likelihood = (
            gammaln(shape + presences)
            - gammaln(shape)
            + shape * np.log(shape / (shape + mean))
            + presences * np.log(mean / (shape + mean))
        )
        distance = (parameters - parent) ** 2
        return float(-likelihood.sum() + 0.5 * _PRIOR_SERIES * distance.sum())

    return loss


def _series_levels(
    totals: SlotTotals,
    kinds: NDArray[np.int64],
    profile: NDArray[np.float64],
    level: NDArray[np.float64],
    level_shape: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Posterior mean presences per hour of each series."""
    hours = (totals.hours * _weekly(profile, kinds)).sum(axis=1)
    shape = level_shape[kinds]
    return np.asarray((shape + totals.presences.sum(axis=1)) / (shape / level[kinds] + hours))


def _stands_out(
    totals: SlotTotals, expected_rate: NDArray[np.float64], shape: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Cells whose three-hour neighbourhood is far above what the kind and the series' level explain."""
    observed = _three_hours(totals.presences)
    expected = _three_hours(totals.hours * expected_rate) + 1e-9
    a = shape[:, None]
    ratio = observed * np.log(np.maximum(observed, 1e-9) / expected) - (observed + a) * np.log(
        (observed + a) / (expected + a)
    )
    hot = (observed > expected) & (ratio > _LOITERING_TAIL)
    return np.asarray(_three_hours(hot.astype(np.float64)) > 0)


def _three_hours(cells: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of each slot and its two neighbours in time, the week a circle, holidays a day of their own."""
    ordinary, holiday = cells[:, : 7 * 24], cells[:, 7 * 24 :]
    parts = [np.roll(part, -1, axis=1) + part + np.roll(part, 1, axis=1) for part in (ordinary, holiday)]
    return np.hstack(parts)


def _relative_variance(
    observed: NDArray[np.float64],
    expected: NDArray[np.float64],
    kinds: NDArray[np.int64],
    parent_shape: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Relative variance beyond Poisson of cells around their expectation by kind, shrunk towards 1 / parent_shape.

    Cells are weighted so that no busy series decides alone.
    """
    weight = 1 / (1 + expected) ** 2
    excess = _by_kind((weight * ((observed - expected) ** 2 - expected)).sum(axis=1), kinds)
    information = _by_kind((weight * expected**2).sum(axis=1), kinds)
    return np.asarray((excess + _PRIOR_CELLS / parent_shape) / (information + _PRIOR_CELLS))


def _shape(relative_variance: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    return np.asarray(1 / np.clip(relative_variance, least, 2.0))


def _fit_time_of_day(
    totals: SlotTotals, kinds: NDArray[np.int64], expected_rate: NDArray[np.float64], prior: FleetPrior
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each series' own factor by time of day, float64[n, 192], and the shape of these factors by kind."""
    by_hour = (len(kinds), DAY_TYPES, 24)
    observed = totals.presences.reshape(by_hour).sum(axis=1)
    expected = (totals.hours * expected_rate).reshape(by_hour).sum(axis=1)
    shape = _shape(_relative_variance(observed, expected, kinds, prior.time_shape), _LEAST_TIME_VARIANCE)
    factor = (shape[kinds][:, None] + observed) / (shape[kinds][:, None] + expected)
    return np.tile(factor, (1, DAY_TYPES)), shape


def _fit_slots(
    totals: SlotTotals, kinds: NDArray[np.int64], expected_rate: NDArray[np.float64], prior: FleetPrior
) -> NDArray[np.float64]:
    expected = totals.hours * expected_rate
    return _shape(_relative_variance(totals.presences, expected, kinds, prior.slot_shape), _LEAST_SLOT_VARIANCE)


def _fit_dispersion(
    calendar: Calendar,
    starts: NDArray[np.int64],
    counts: NDArray[np.float64],
    kinds: NDArray[np.int64],
    *,
    rate: NDArray[np.float64],
    left_out: NDArray[np.bool_],
    prior: FleetPrior,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Dispersion phi by kind, by moments over windows, and how alike the series of a kind are in it."""
    slots = _hourly_slots(calendar, starts)
    excess, information, error = np.zeros((3, len(kinds)))
    for begin in range(0, len(kinds), _SERIES_AT_A_TIME):
        part = slice(begin, begin + _SERIES_AT_A_TIME)
        mean = rate[part].T[slots] * (calendar.window_minutes / 60)
        missing = np.isnan(counts[:, part]) | left_out[part].T[slots]
        weight = np.where(missing, 0.0, 1 / (1 + mean))
        excess[part] = (weight * ((np.nan_to_num(counts[:, part]) - mean) ** 2 - mean)).sum(axis=0)
        information[part] = (weight * mean**2).sum(axis=0)
        error[part] = (weight**2 * (mean + 3 * mean**2)).sum(axis=0)
    pooled = _by_kind(excess, kinds) + _PRIOR_CELLS * prior.dispersion
    phi = np.clip(pooled / (_by_kind(information, kinds) + _PRIOR_CELLS), 0.01, 5.0)
    surprise = _by_kind((excess - phi[kinds] * information) ** 2 - error, kinds)
    information_squared = _by_kind(information**2, kinds) + _PRIOR_CELLS**2
    between = (surprise + _PRIOR_CELLS**2 * phi**2 / prior.dispersion_strength) / information_squared
    return phi, np.clip(phi**2 / np.maximum(between, 1e-9), 0.5, 20.0)
