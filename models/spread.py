r"""How far counts and ratios stray: dispersion and misfit, learnt online by the method of moments.

A count of mean :math:`m` has the variance :math:`v = m + \psi m + \phi m^2`: people come in groups (clumping
:math:`\psi`, which shows in quiet hours) and days differ (dispersion :math:`\phi`, which shows in busy ones). A squared
residual holds about :math:`m^4 / (v + 2 v^2)` of information on :math:`\phi` and :math:`m^2 / (v + 2 v^2)` on
:math:`\psi`; so weighted, sparse and dense series, and a prior, add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats
from models.frame import Frame
from models.state import Bin, Head, accumulate, row

_DISPERSION_FLOOR = 1e-3
_LEAST_DOUBT = 0.1  # the fleet's variances are never held for surer than this
_MISFIT_BOUNDS = (0.005, 4.0)
_OUTLYING_VARIANCES = 9.0  # squared residuals of the misfit are cut off here: a loud block of hours is no misfit


def dispersion(head: NDArray[np.float32], times: NDArray[np.float32], frame: Frame) -> Floats:
    """Extra-Poisson variance phi at one time of day, shrunk to the series', which is shrunk to the fleet's."""
    series = _shrunk(head, (Head.DISPERSION_SUM, Head.DISPERSION_WEIGHT), frame.dispersion, frame.dispersion_strength)
    strength = np.full_like(series, frame.hyper.time_dispersion_strength)
    return _shrunk(times, (Bin.DISPERSION_SUM, Bin.DISPERSION_WEIGHT), series, strength)


def clumping(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Extra-Poisson variance in proportion to the mean, of each series: presences that come in groups."""
    prior = np.full(head.shape[1], frame.hyper.clumping)
    strength = np.full(head.shape[1], frame.hyper.clumping_strength)
    return _shrunk(head, (Head.CLUMPING_SUM, Head.CLUMPING_WEIGHT), prior, strength)


def _shrunk(rows: NDArray[np.float32], fields: tuple[int, int], prior: Floats, strength: Floats) -> Floats:
    weight = strength / np.square(prior)
    estimate = (weight * prior + row(rows, fields[0])) / (weight + row(rows, fields[1]))
    return np.maximum(estimate, _DISPERSION_FLOOR)


def time_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of a series' ratios by time of day around the fleet's profile."""
    return _misfit(head, (Head.TIME_SUM, Head.TIME_WEIGHT), frame.time_variance, frame)


def slot_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of its slots' ratios around those by time of day."""
    return _misfit(head, (Head.SLOT_SUM, Head.SLOT_WEIGHT), frame.slot_variance, frame)


def learn_dispersion(
    head: NDArray[np.float32],
    times: NDArray[np.float32],
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
    variance = mean + np.square(mean) * excess
    precision = trust / (variance + 2.0 * np.square(variance))
    surplus = squared_residual - variance
    square = np.square(mean)
    gain, weight = precision * square * (surplus + square * dispersion), precision * np.square(square)
    by_mean, mean_weight = precision * mean * (surplus + mean * clumping), precision * square
    week = frame.week
    for rows, fields, visits in (
        (head, (Head.DISPERSION_SUM, Head.DISPERSION_WEIGHT), week.windows),
        (times, (Bin.DISPERSION_SUM, Bin.DISPERSION_WEIGHT), 7),
    ):
        forget = trust / (frame.hyper.dispersion_memory_weeks * visits)
        accumulate(rows, fields[0], gain, forget)
        accumulate(rows, fields[1], weight, forget)
    forget = trust / (frame.hyper.dispersion_memory_weeks * week.windows)
    accumulate(head, Head.CLUMPING_SUM, by_mean, forget)
    accumulate(head, Head.CLUMPING_WEIGHT, mean_weight, forget)


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
    spread = expected + np.square(expected) * variance
    squared = np.minimum(np.square(total - expected), _OUTLYING_VARIANCES * spread)
    precision = observed / (spread + 2.0 * np.square(spread) + 1e-12)
    forget = np.where(observed, 1.0 / (frame.hyper.misfit_memory_weeks * frame.week.windows), 0.0)
    accumulate(head, fields[0], precision * np.square(expected) * (squared - expected), forget)
    accumulate(head, fields[1], precision * np.square(np.square(expected)), forget)


def _misfit(head: NDArray[np.float32], fields: tuple[Head, Head], prior: Floats, frame: Frame) -> Floats:
    strength = frame.hyper.misfit_strength / np.square(np.maximum(prior, _LEAST_DOUBT))
    estimate = (strength * prior + row(head, fields[0])) / (strength + row(head, fields[1]))
    return np.clip(estimate, *_MISFIT_BOUNDS)
