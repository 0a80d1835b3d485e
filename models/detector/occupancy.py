r"""The expected count of a window: a discounted gamma-Poisson model, pooled within the series.

The rate of slot k is

.. math:: \lambda_k = m_k \, L \, R_k

with the fleet's rate :math:`m_k`, the series' level :math:`L` and the slot's ratio :math:`R_k`. Level and ratio have
gamma posteriors with prior *shapes*, relative uncertainties, so that the same numbers serve a cellar with a presence
a week and a street with thousands an hour. The ratio's prior mean is the ratio of the time of day over the weekdays
(or the weekend), whose prior mean is 1 (West and Harrison, Bayesian Forecasting and Dynamic Models, on discounting).
"""

from __future__ import annotations

from typing import NamedTuple

from models.detector.distribution import Floats
from models.detector.elementwise import maximum, minimum, number, square
from models.detector.frame import Frame
from models.detector.spread import clumping, dispersion, learn_dispersion, learn_misfit, slot_variance, time_variance
from models.detector.state import Head, Slot, row
from models.detector.step import Step, accumulate, pooled

_CONFLICT_FREEDOM = 3.0
_SURPRISING_COUNT = 10.0
_LEAST_TRUST = 0.5  # in a residual: a dispersion learnt too low would distrust all that contradicts it


class Expectation(NamedTuple):
    """What is expected of a window before its count is known; float64[n] each."""

    base: Floats  # the fleet's count
    level: Floats  # the series' level relative to the fleet's
    mean: Floats
    dispersion: Floats
    clumping: Floats  # variance in proportion to the mean
    time_ratio: Floats  # of this time of day to the fleet's profile
    time_variance: Floats  # of such ratios around 1
    slot_variance: Floats  # of slots' ratios around their time of day's
    excess: Floats  # variance of the predictive distribution


class Lesson(NamedTuple):
    """What is learnt of a window's counts; float64[n] each."""

    credible: Floats  # the count, or the most of it that is believed
    trust: Floats  # from 0 (missing) to 1
    distrust: Floats  # of counts above their mean, before it is rationed
    surplus: Floats  # squared residual less the count, cut off where unlikely


def expect(step: Step, frame: Frame) -> Expectation:
    """Expected count of one slot, and how uncertain it is."""
    head, moment = step.head, step.moment
    base = frame.rates[moment.day_type][moment.hour]
    level_shape, level = _level(head[Head.LEVEL_SUM], head[Head.LEVEL_EXPOSURE], frame)
    around_time, around_slot = time_variance(head, frame), slot_variance(head, frame)
    time_shape, time_ratio = _ratio(1.0 / around_time, 1.0, pooled(step.state.bins, moment.times, 1.0, around_time))
    near = frame.constants.hour_variance * (around_time + around_slot)
    known = pooled(step.state.slots, moment.slots, time_ratio, near)
    shape, ratio = _ratio(1.0 / (around_slot + 1.0 / time_shape), time_ratio, known)
    mean, phi, psi = base * level * ratio, dispersion(step, frame), clumping(head, frame)
    return Expectation(
        base=base,
        level=level,
        mean=mean,
        dispersion=phi,
        clumping=psi,
        time_ratio=time_ratio,
        time_variance=around_time,
        slot_variance=around_slot,
        excess=phi + psi / mean + (1.0 / level_shape + 1.0 / shape),
    )


def learn_rates(step: Step, frame: Frame, expectation: Expectation, lesson: Lesson) -> None:
    """Learn a lesson; writes one slot, one window of the day and the head."""
    _learn_spread(step, frame, expectation, lesson)
    moment = step.moment
    # A count far above its mean tells as little as its own size says: the mean may be wrong by orders of magnitude.
    size = maximum(expectation.mean, 0.25 * (lesson.credible - _SURPRISING_COUNT))
    weight = lesson.trust / (1.0 + expectation.clumping + minimum(expectation.dispersion, frame.dispersion) * size)
    gain = weight * lesson.credible
    exposure = weight * expectation.base * _learn_level(step, frame, expectation, lesson, weight)
    forget = lesson.trust / frame.constants.slot_memory
    accumulate(step.slot, step.new_slot, Slot.SUM, (gain, exposure), forget)
    if not moment.holiday:
        forget = lesson.trust / (frame.hyper.time_memory_weeks * moment.group_days)
        accumulate(step.window, step.new_window, moment.group, (gain, exposure), forget)


def _level(total: Floats, exposure: Floats, frame: Frame) -> tuple[Floats, Floats]:
    """Posterior shape and mean of the level."""
    shape = _yielding(frame.level_shape, total, exposure)
    posterior = shape + total
    return posterior, posterior / (shape + exposure)


def _ratio(prior_shape: Floats, prior_mean: Floats | float, known: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Posterior shape and mean of a ratio from what was counted and what was expected at the prior's mean."""
    total, expected = known
    shape = _yielding(prior_shape, total, expected)
    posterior = shape + total
    return posterior, prior_mean * posterior / (shape + expected)


def _yielding(shape: Floats, total: Floats, expected: Floats) -> Floats:
    """Shape of a prior that gives way to counts in conflict with it, as a t prior does."""
    conflict = square(total - expected) / (expected + square(expected) / shape + 1e-9)
    return shape * minimum(1.0, (_CONFLICT_FREEDOM + 1.0) / (_CONFLICT_FREEDOM + conflict))


def _learn_level(step: Step, frame: Frame, expectation: Expectation, lesson: Lesson, weight: Floats) -> Floats:
    """Learn the level and return it."""
    head, new_head = step.head, step.new_head
    by_time = lesson.trust / frame.constants.level_memory
    weighed = weight * expectation.mean
    forget = minimum(by_time, weighed / frame.constants.level_memory_presences)
    gains = weight * lesson.credible, weighed / expectation.level
    accumulate(head, new_head, Head.LEVEL_SUM, gains, forget)
    return _level(row(new_head, Head.LEVEL_SUM), row(new_head, Head.LEVEL_EXPOSURE), frame)[1]


def _learn_spread(step: Step, frame: Frame, expectation: Expectation, lesson: Lesson) -> None:
    observed, moment = number(lesson.trust > 0.0), step.moment
    learn_misfit(
        step,
        frame,
        Head.SLOT_SUM,
        total=step.slot[Slot.SUM],
        expected=step.slot[Slot.EXPOSURE] * expectation.time_ratio,
        variance=expectation.slot_variance,
        observed=observed,
    )
    if not moment.holiday:
        learn_misfit(
            step,
            frame,
            Head.TIME_SUM,
            total=step.window[moment.group],
            expected=step.window[moment.group + 1],
            variance=expectation.time_variance,
            observed=observed,
        )
    known = minimum(1.0, square(step.head[Head.SEEN] / frame.constants.known))
    learn_dispersion(
        step,
        frame,
        mean=expectation.mean,
        excess=expectation.excess,
        dispersion=expectation.dispersion,
        clumping=expectation.clumping,
        surplus=lesson.surplus,
        trust=observed * maximum(lesson.trust, _LEAST_TRUST) * known,
    )
