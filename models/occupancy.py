r"""The expected count of a window: a discounted gamma-Poisson model, pooled within the series.

The rate of slot k is

.. math:: \lambda_k = m_k \, L \, R_k

with the fleet's rate :math:`m_k`, the series' level :math:`L` and the slot's ratio :math:`R_k`. Level and ratio have gamma
posteriors with prior *shapes*, relative uncertainties, so that the same numbers serve a cellar with a presence a week and
a street with thousands an hour. The ratio's prior mean is the ratio of the time of day over the weekdays (or the
weekend), whose prior mean is 1 (West and Harrison, Bayesian Forecasting and Dynamic Models, on discounting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats
from models.hyperparameters import Hyperparameters
from models.state import Head, OccupancyState, Slot
from models.week import Week

_DISPERSION_FLOOR = 1e-3
_CONFLICT_FREEDOM = 3.0


@dataclass(frozen=True)
class SeriesPrior:
    """The fleet prior of each series; float64[n] each, ``rates`` float64[8, 24, kinds' columns] per window."""

    rates: NDArray[np.float64]
    level_shape: Floats
    time_shape: Floats
    slot_shape: Floats
    dispersion: Floats
    dispersion_strength: Floats


@dataclass(frozen=True)
class Expectation:
    """What is expected of a window before its count is known; float64[n] each."""

    base: Floats  # the fleet's count
    level: Floats  # the series' level relative to the fleet's
    mean: Floats
    excess: Floats  # dispersion and the uncertainty of the mean
    dispersion: Floats


def expect(state: OccupancyState, slot: int, prior: SeriesPrior, week: Week, hyper: Hyperparameters) -> Expectation:
    """Expected count and its excess variance in one slot."""
    head = state.head
    base = prior.rates[week.day_type(slot), week.hour(slot)]
    level_shape, level = _level(row(head, Head.LEVEL_SUM), row(head, Head.LEVEL_EXPOSURE), prior.level_shape)
    time_shape, time_ratio = _time_ratio(state, slot, prior, week, hyper)
    slot_prior = 1.0 / (1.0 / prior.slot_shape + 1.0 / time_shape)
    near = [(0.0, slot), *((hyper.hour_variance * hours, other) for hours, other in week.adjacent_slots(slot))]
    shape, ratio = _pool(
        slot_prior,
        time_ratio,
        [
            (variance, row(state.slots[other], Slot.SUM), row(state.slots[other], Slot.EXPOSURE))
            for variance, other in near
        ],
    )
    dispersion = _dispersion(head, prior)
    return Expectation(
        base=base,
        level=level,
        mean=base * level * ratio,
        excess=dispersion + 1.0 / level_shape + 1.0 / shape,
        dispersion=dispersion,
    )


def learn_rates(
    state: OccupancyState,
    slot: int,
    expectation: Expectation,
    count: Floats,
    trust: Floats,
    squared_residual: Floats,
    prior: SeriesPrior,
    week: Week,
    hyper: Hyperparameters,
) -> None:
    """Learn a count with a trust from 0 (not at all, or missing) to 1; writes one slot, one bin and the head."""
    seen = trust > 0.0
    _learn_dispersion(state.head, expectation, squared_residual, trust, week, hyper)
    weight = trust / (1.0 + expectation.dispersion * np.maximum(expectation.mean, 0.25 * (count - 10.0)))
    level = _learn_level(state.head, expectation, weight * count, weight, prior, week, hyper)
    gain = weight * count
    exposure = weight * expectation.base * level
    own = state.slots[slot]
    forget = np.where(seen, 1.0 / hyper.slot_memory_weeks, 0.0)
    _accumulate(own, Slot.SUM, gain, forget)
    _accumulate(own, Slot.EXPOSURE, exposure, forget)
    if not week.is_holiday(slot):
        sums, exposures = week.group_fields(slot)
        times = state.bins[week.time_of_day(slot)]
        forget = np.where(seen, 1.0 / (hyper.time_memory_weeks * week.group_days(slot)), 0.0)
        _accumulate(times, sums, gain, forget)
        _accumulate(times, exposures, exposure, forget)


def row(rows: NDArray[np.float32], field: int) -> Floats:
    """One field as float64."""
    return rows[field].astype(np.float64)


def _accumulate(rows: NDArray[np.float32], field: int, gain: Floats, forget: Floats) -> None:
    rows[field] = row(rows, field) * (1.0 - forget) + gain


def _level(total: Floats, exposure: Floats, prior_shape: Floats) -> tuple[Floats, Floats]:
    """Posterior shape and mean of the level; a prior in conflict with the counts gives way, as under a t prior."""
    conflict = np.square(total - exposure) / (exposure + np.square(exposure) / prior_shape + 1e-9)
    shape = prior_shape * np.minimum(1.0, (_CONFLICT_FREEDOM + 1.0) / (_CONFLICT_FREEDOM + conflict))
    return shape + total, (shape + total) / (shape + exposure)


def _time_ratio(
    state: OccupancyState, slot: int, prior: SeriesPrior, week: Week, hyper: Hyperparameters
) -> tuple[Floats, Floats]:
    """Ratio of this time of day over the slot's group of days, pooled with its neighbours and the other group."""
    sums, exposures = week.group_fields(slot)
    other_sums, other_exposures = week.other_group_fields(slot)
    time = week.time_of_day(slot)
    near = [(0.0, time), *((hyper.hour_variance * hours, other) for hours, other in week.near_times(time))]
    pooled = [(variance, row(state.bins[other], sums), row(state.bins[other], exposures)) for variance, other in near]
    own = state.bins[time]
    pooled.append((hyper.group_variance, row(own, other_sums), row(own, other_exposures)))
    return _pool(prior.time_shape, np.ones_like(prior.time_shape), pooled)


def _pool(
    prior_shape: Floats, prior_mean: Floats, parts: Sequence[tuple[float, Floats, Floats]]
) -> tuple[Floats, Floats]:
    """Posterior shape and mean from parts whose own log ratios stray by a variance from the one wanted."""
    shape = prior_shape
    rate = prior_shape / prior_mean
    for variance, total, exposure in parts:
        share = 1.0 / (1.0 + variance * exposure * prior_mean)
        shape = shape + share * total
        rate = rate + share * exposure
    return shape, shape / rate


def _dispersion(head: NDArray[np.float32], prior: SeriesPrior) -> Floats:
    strength = prior.dispersion_strength / np.square(prior.dispersion)
    total = strength * prior.dispersion + row(head, Head.DISPERSION_SUM)
    return np.maximum(total / (strength + row(head, Head.DISPERSION_WEIGHT)), _DISPERSION_FLOOR)


def _learn_dispersion(
    head: NDArray[np.float32],
    expectation: Expectation,
    squared_residual: Floats,
    trust: Floats,
    week: Week,
    hyper: Hyperparameters,
) -> None:
    """Method of moments, each squared residual weighted by the information it holds on the dispersion."""
    mean = expectation.mean
    known = mean + np.square(mean) * (expectation.excess - expectation.dispersion)
    variance = mean + np.square(mean) * expectation.excess
    precision = trust / (variance + 2.0 * np.square(variance))
    forget = np.where(trust > 0.0, 1.0 / (hyper.dispersion_memory_weeks * week.windows), 0.0)
    _accumulate(head, Head.DISPERSION_SUM, precision * np.square(mean) * (squared_residual - known), forget)
    _accumulate(head, Head.DISPERSION_WEIGHT, precision * np.square(np.square(mean)), forget)


def _learn_level(
    head: NDArray[np.float32],
    expectation: Expectation,
    gain: Floats,
    weight: Floats,
    prior: SeriesPrior,
    week: Week,
    hyper: Hyperparameters,
) -> Floats:
    """Learn the level and return it."""
    exposure = weight * expectation.mean / expectation.level
    forget = np.minimum(
        1.0 / (hyper.level_memory_weeks * week.windows),
        weight * expectation.mean / hyper.level_memory_presences,
    )
    _accumulate(head, Head.LEVEL_SUM, gain, forget)
    _accumulate(head, Head.LEVEL_EXPOSURE, exposure, forget)
    return _level(row(head, Head.LEVEL_SUM), row(head, Head.LEVEL_EXPOSURE), prior.level_shape)[1]
