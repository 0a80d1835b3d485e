r"""How far counts and ratios stray: dispersion and misfit, learnt online by the method of moments.

A count of mean :math:`m` has the variance :math:`v = m + \psi m + \phi m^2`: people come in groups (clumping
:math:`\psi`, which shows in quiet hours) and days differ (dispersion :math:`\phi`, which shows in busy ones). A squared
residual holds about :math:`m^4 / (v + 2 v^2)` of information on :math:`\phi` and :math:`m^2 / (v + 2 v^2)` on
:math:`\psi`; so weighted, sparse and dense series, and a prior, add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.elementwise import clip, maximum, minimum, square, where
from models.detector.frame import Frame
from models.detector.state import Head, OccupancyState, accumulate, row

_DISPERSION_FLOOR = 1e-3
_LEAST_DOUBT = 0.3  # the fleet's variances are never held for surer than this
_LARGEST_MISFIT = 4.0
_OUTLYING_VARIANCES = 9.0  # squared residuals of the misfit are cut off here: a loud block of hours is no misfit


def dispersion(state: OccupancyState, slot: int, frame: Frame) -> Floats:
    """Extra-Poisson variance phi by time and group of days, shrunk to the series', which is shrunk to the fleet's."""
    head, times = state.head, state.bins[frame.week.time_of_day(slot)]
    series = _shrunk(head, (Head.DISPERSION_SUM, Head.DISPERSION_WEIGHT), frame.dispersion, frame.dispersion_strength)
    return _shrunk(times, frame.week.dispersion_fields(slot), series, frame.hyper.time_dispersion_strength)


def clumping(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Extra-Poisson variance in proportion to the mean, of each series: presences that come in groups."""
    hyper = frame.hyper
    return _shrunk(head, (Head.CLUMPING_SUM, Head.CLUMPING_WEIGHT), hyper.clumping, hyper.clumping_strength)


def _shrunk(
    rows: NDArray[np.float32], fields: tuple[int, int], prior: Floats | float, strength: Floats | float
) -> Floats:
    estimate = (strength * prior + row(rows, fields[0])) / (strength + row(rows, fields[1]))
    return maximum(estimate, _DISPERSION_FLOOR)


def time_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of a series' ratios by time of day around the fleet's profile."""
    return _misfit(head, (Head.TIME_SUM, Head.TIME_WEIGHT), frame.time_variance, frame)


def slot_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of its slots' ratios around those by time of day."""
    return _misfit(head, (Head.SLOT_SUM, Head.SLOT_WEIGHT), frame.slot_variance, frame)


def learn_dispersion(
    state: OccupancyState,
    slot: int,
    frame: Frame,
    *,
    mean: Floats,
    excess: Floats,
    dispersion: Floats,
    clumping: Floats,
    squared_residual: Floats,
    trust: Floats,
) -> None:
    """Learn what of a squared residual the rest of the variance does not explain."""
    surplus = squared_residual - mean - square(mean) * excess
    per_square, per_mean = _information(frame, mean)
    weight, mean_weight = trust * per_square, trust * per_mean
    gain = weight * (surplus / square(mean) + dispersion)
    by_mean = mean_weight * (surplus / mean + clumping)
    head, week = state.head, frame.week
    age = row(head, Head.SEEN) / week.windows
    for rows, fields, visits in (
        (head, (Head.DISPERSION_SUM, Head.DISPERSION_WEIGHT), week.windows),
        (state.bins[week.time_of_day(slot)], week.dispersion_fields(slot), week.group_days(slot)),
    ):
        forget = trust / minimum(frame.hyper.dispersion_memory_weeks * visits, 1.0 + 0.5 * age * visits)
        accumulate(rows, fields[0], gain, forget)
        accumulate(rows, fields[1], weight, forget)
    forget = trust / (frame.hyper.dispersion_memory_weeks * week.windows)
    accumulate(head, Head.CLUMPING_SUM, by_mean, forget)
    accumulate(head, Head.CLUMPING_WEIGHT, mean_weight, forget)


def _information(frame: Frame, mean: Floats) -> tuple[Floats, Floats]:
    """Information of a squared residual on the log of phi and of psi, where they are the fleet's.

    Weights that followed a series' own estimates would favour the residuals met while an estimate is low.
    """
    by_phi, by_psi = frame.dispersion * square(mean), frame.hyper.clumping * mean
    variance = mean + by_psi + by_phi
    noise = variance + 2.0 * square(variance)
    return square(by_phi) / noise, square(by_psi) / noise


def learn_misfit(
    head: NDArray[np.float32],
    frame: Frame,
    fields: tuple[Head, Head],
    *,
    total: Floats,
    expected: Floats,
    variance: Floats,
    observed: NDArray[np.bool_],
) -> None:
    """Learn how far one ratio's weighted counts stray from what the level above it expects."""
    spread = expected + square(expected) * variance
    squared = minimum(square(total - expected), _OUTLYING_VARIANCES * spread)
    precision = observed / (spread + 2.0 * square(spread) + 1e-12)
    forget = where(observed, 1.0 / (frame.hyper.misfit_memory_weeks * frame.week.windows), 0.0)
    accumulate(head, fields[0], precision * square(expected) * (squared - expected), forget)
    accumulate(head, fields[1], precision * square(square(expected)), forget)


def _misfit(head: NDArray[np.float32], fields: tuple[Head, Head], prior: Floats, frame: Frame) -> Floats:
    strength = frame.hyper.misfit_strength / square(maximum(prior, _LEAST_DOUBT))
    estimate = (strength * prior + row(head, fields[0])) / (strength + row(head, fields[1]))
    return clip(estimate, prior, _LARGEST_MISFIT)
