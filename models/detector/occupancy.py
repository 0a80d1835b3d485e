r"""The expected count of a window: a discounted gamma-Poisson model, pooled within the series.

The rate of slot k is

.. math:: \lambda_k = m_k \, L \, R_k

with the fleet's rate :math:`m_k`, the series' level :math:`L` and the slot's ratio :math:`R_k`. Level and ratio have
gamma posteriors with prior *shapes*, relative uncertainties, so that the same numbers serve a cellar with a presence
a week and a street with thousands an hour. The ratio's prior mean is the ratio of the time of day over the weekdays
(or the weekend), whose prior mean is 1 (West and Harrison, Bayesian Forecasting and Dynamic Models, on discounting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.elementwise import maximum, minimum, square, where
from models.detector.frame import Frame
from models.detector.spread import clumping, dispersion, learn_dispersion, learn_misfit, slot_variance, time_variance
from models.detector.state import Head, OccupancyState, Slot, accumulate, row

_CONFLICT_FREEDOM = 3.0
_SURPRISING_COUNT = 10.0
_KNOWN_WEEKS = 2.0  # until then a residual tells of a mean not yet known, not of dispersion
_LEAST_TRUST = 0.5  # in a residual: a dispersion learnt too low would distrust all that contradicts it


@dataclass(frozen=True)
class Expectation:
    """What is expected of a window before its count is known; float64[n] each."""

    base: Floats  # the fleet's count
    level: Floats  # the series' level relative to the fleet's
    mean: Floats
    dispersion: Floats
    clumping: Floats  # variance in proportion to the mean
    uncertainty: Floats  # squared relative standard deviation of the mean
    time_ratio: Floats  # of this time of day to the fleet's profile
    time_variance: Floats  # of such ratios around 1
    slot_variance: Floats  # of slots' ratios around their time of day's

    @cached_property
    def excess(self) -> Floats:
        """Excess variance of the predictive distribution."""
        return self.dispersion + self.clumping / self.mean + self.uncertainty


@dataclass(frozen=True)
class Lesson:
    """What is learnt of a window's counts; float64[n] each."""

    count: Floats
    trust: Floats  # from 0 (missing) to 1
    distrust: Floats  # of counts above their mean, before it is rationed
    squared_residual: Floats  # cut off where unlikely


def expect(state: OccupancyState, slot: int, frame: Frame) -> Expectation:
    """Expected count of one slot, and how uncertain it is."""
    head, week = state.head, frame.week
    base = frame.rates[week.day_type(slot)][week.hour(slot)]
    level_shape, level = _level(head, frame)
    around_time, around_slot = time_variance(head, frame), slot_variance(head, frame)
    time_shape, time_ratio = _time_ratio(state, slot, frame, around_time)
    near = frame.hyper.hour_variance * (around_time + around_slot)
    parts = [_part(state.slots[other], (Slot.SUM, Slot.EXPOSURE), near * h) for h, other in week.adjacent_slots(slot)]
    parts.insert(0, _part(state.slots[slot], (Slot.SUM, Slot.EXPOSURE), None))
    shape, ratio = _pool(1.0 / (around_slot + 1.0 / time_shape), time_ratio, parts)
    return Expectation(
        base=base,
        level=level,
        mean=base * level * ratio,
        dispersion=dispersion(state, slot, frame),
        clumping=clumping(head, frame),
        uncertainty=1.0 / level_shape + 1.0 / shape,
        time_ratio=time_ratio,
        time_variance=around_time,
        slot_variance=around_slot,
    )


def learn_rates(state: OccupancyState, slot: int, frame: Frame, expectation: Expectation, lesson: Lesson) -> None:
    """Learn a lesson; writes one slot, one bin and the head."""
    _learn_spread(state, slot, frame, expectation, lesson)
    # A count far above its mean tells as little as its own size says: the mean may be wrong by orders of magnitude.
    size = maximum(expectation.mean, 0.25 * (lesson.count - _SURPRISING_COUNT))
    weight = lesson.trust / (1.0 + expectation.clumping + minimum(expectation.dispersion, frame.dispersion) * size)
    gain = weight * lesson.count
    exposure = weight * expectation.base * _learn_level(state.head, frame, expectation, lesson, weight)
    forget = lesson.trust / frame.hyper.slot_memory_weeks
    _learn_ratio(state.slots[slot], (Slot.SUM, Slot.EXPOSURE), gain, exposure, forget)
    if not frame.week.is_holiday(slot):
        forget = lesson.trust / (frame.hyper.time_memory_weeks * frame.week.group_days(slot))
        times = state.bins[frame.week.time_of_day(slot)]
        _learn_ratio(times, frame.week.group_fields(slot), gain, exposure, forget)


def _level(head: NDArray[np.float32], frame: Frame) -> tuple[Floats, Floats]:
    """Posterior shape and mean of the level; a prior in conflict with the counts gives way, as a t prior does."""
    total, exposure = row(head, Head.LEVEL_SUM), row(head, Head.LEVEL_EXPOSURE)
    shape = _yielding(frame.level_shape, total, exposure)
    return shape + total, (shape + total) / (shape + exposure)


def _time_ratio(state: OccupancyState, slot: int, frame: Frame, variance: Floats) -> tuple[Floats, Floats]:
    """Ratio of this time of day over the slot's group of days, pooled with its neighbours and the other group."""
    week, hyper = frame.week, frame.hyper
    group, other_group = week.group_fields(slot), week.other_group_fields(slot)
    time = week.time_of_day(slot)
    parts = [_part(state.bins[time], group, None)]
    for hours, other in week.near_times(time):
        parts.append(_part(state.bins[other], group, hyper.hour_variance * hours * variance))
    parts.append(_part(state.bins[time], other_group, hyper.group_variance * variance))
    return _pool(1.0 / variance, 1.0, parts)


_Part = tuple[Floats, Floats, Floats | None]


def _part(rows: NDArray[np.float32], fields: tuple[int, int], variance: Floats | None) -> _Part:
    return row(rows, fields[0]), row(rows, fields[1]), variance


def _pool(prior_shape: Floats, prior_mean: Floats | float, parts: Sequence[_Part]) -> tuple[Floats, Floats]:
    """Posterior shape and mean of a ratio from sums and exposures.

    A neighbour, whose own log ratio strays from the one wanted by a variance, never counts for more presences than the
    variance's reciprocal.
    """
    total: Floats | float = 0.0
    expected: Floats | float = 0.0
    for part_total, exposure, variance in parts:
        part_expected = exposure * prior_mean
        share = 1.0 if variance is None else 1.0 / (1.0 + variance * part_expected)
        total = total + share * part_total
        expected = expected + share * part_expected
    shape = _yielding(prior_shape, total, expected)
    return shape + total, prior_mean * (shape + total) / (shape + expected)


def _yielding(shape: Floats, total: Floats | float, expected: Floats | float) -> Floats:
    """Shape of a prior that gives way to counts in conflict with it, as a t prior does."""
    conflict = square(total - expected) / (expected + square(expected) / shape + 1e-9)
    return shape * minimum(1.0, (_CONFLICT_FREEDOM + 1.0) / (_CONFLICT_FREEDOM + conflict))


def _learn_level(
    head: NDArray[np.float32], frame: Frame, expectation: Expectation, lesson: Lesson, weight: Floats
) -> Floats:
    """Learn the level and return it."""
    hyper = frame.hyper
    by_time = lesson.trust / (hyper.level_memory_weeks * frame.week.windows)
    forget = minimum(by_time, weight * expectation.mean / hyper.level_memory_presences)
    accumulate(head, Head.LEVEL_SUM, weight * lesson.count, forget)
    accumulate(head, Head.LEVEL_EXPOSURE, weight * expectation.mean / expectation.level, forget)
    return _level(head, frame)[1]


def _learn_ratio(
    rows: NDArray[np.float32], fields: tuple[int, int], gain: Floats, exposure: Floats, forget: Floats
) -> None:
    accumulate(rows, fields[0], gain, forget)
    accumulate(rows, fields[1], exposure, forget)


def _learn_spread(state: OccupancyState, slot: int, frame: Frame, expectation: Expectation, lesson: Lesson) -> None:
    observed, week = lesson.trust > 0.0, frame.week
    own = state.slots[slot]
    learn_misfit(
        state.head,
        frame,
        (Head.SLOT_SUM, Head.SLOT_WEIGHT),
        total=row(own, Slot.SUM),
        expected=row(own, Slot.EXPOSURE) * expectation.time_ratio,
        variance=expectation.slot_variance,
        observed=observed,
    )
    if not week.is_holiday(slot):
        sums, exposures = week.group_fields(slot)
        times = state.bins[week.time_of_day(slot)]
        learn_misfit(
            state.head,
            frame,
            (Head.TIME_SUM, Head.TIME_WEIGHT),
            total=row(times, sums),
            expected=row(times, exposures),
            variance=expectation.time_variance,
            observed=observed,
        )
    learn_dispersion(
        state,
        slot,
        frame,
        mean=expectation.mean,
        excess=expectation.excess,
        dispersion=expectation.dispersion,
        clumping=expectation.clumping,
        squared_residual=lesson.squared_residual,
        trust=where(observed, maximum(lesson.trust, _LEAST_TRUST), 0.0)
        * minimum(1.0, square(row(state.head, Head.SEEN) / (_KNOWN_WEEKS * week.windows))),
    )
