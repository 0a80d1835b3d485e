r"""How far counts and ratios stray: dispersion and misfit, learnt online by the method of moments.

Of squared residuals :math:`r^2` around a mean :math:`m` with variance :math:`v = m + \phi m^2`, each holds about
:math:`m^4 / (v + 2 v^2)` of information on :math:`\phi`; so weighted, sparse and dense series, and a prior, add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats
from models.frame import Frame
from models.state import Head, accumulate, row

_DISPERSION_FLOOR = 1e-3
_MISFIT_BOUNDS = (0.005, 4.0)
_OUTLYING_VARIANCES = 9.0  # squared residuals of the misfit are cut off here: a loud block of hours is no misfit


def dispersion(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Extra-Poisson variance phi of each series, shrunk to the fleet's."""
    strength = frame.dispersion_strength / np.square(frame.dispersion)
    total = strength * frame.dispersion + row(head, Head.DISPERSION_SUM)
    return np.maximum(total / (strength + row(head, Head.DISPERSION_WEIGHT)), _DISPERSION_FLOOR)


def time_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of a series' ratios by time of day around the fleet's profile."""
    return _misfit(head, (Head.TIME_SUM, Head.TIME_WEIGHT), frame.time_variance, frame)


def slot_variance(head: NDArray[np.float32], frame: Frame) -> Floats:
    """Variance of its slots' ratios around those by time of day."""
    return _misfit(head, (Head.SLOT_SUM, Head.SLOT_WEIGHT), frame.slot_variance, frame)


def learn_dispersion(
    head: NDArray[np.float32],
    frame: Frame,
    *,
    mean: Floats,
    uncertainty: Floats,
    excess: Floats,
    squared_residual: Floats,
    trust: Floats,
) -> None:
    """Learn from a squared residual; ``uncertainty`` is the part of the excess that is the mean's."""
    variance = mean + np.square(mean) * excess
    precision = trust / (variance + 2.0 * np.square(variance))
    surplus = squared_residual - mean - np.square(mean) * uncertainty
    forget = np.where(trust > 0.0, 1.0 / (frame.hyper.dispersion_memory_weeks * frame.week.windows), 0.0)
    accumulate(head, Head.DISPERSION_SUM, precision * np.square(mean) * surplus, forget)
    accumulate(head, Head.DISPERSION_WEIGHT, precision * np.square(np.square(mean)), forget)


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
    strength = frame.hyper.misfit_strength / np.square(prior)
    estimate = (strength * prior + row(head, fields[0])) / (strength + row(head, fields[1]))
    return np.clip(estimate, *_MISFIT_BOUNDS)
