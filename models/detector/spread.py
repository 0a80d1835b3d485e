r"""How far counts and ratios stray: dispersion and misfit, learnt online by the method of moments.

A count of mean :math:`m` has the variance :math:`v = m + \psi m + \phi m^2`: people come in groups (clumping
:math:`\psi`, which shows in quiet hours) and days differ (dispersion :math:`\phi`, which shows in busy ones). A squared
residual less its count is taken to hold :math:`m^4 / (v + 2 v^2)` of information on :math:`\phi` and
:math:`m^2 / (v + 2 v^2)` on :math:`\psi`, which is what a squared residual less its mean holds: less than it does of
sparse series, which go by their prior for longer. So weighted, sparse and dense series, and a prior, add up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.elementwise import clip, maximum, minimum, square
from models.detector.frame import Frame
from models.detector.state import Head
from models.detector.step import Step, accumulate

_DISPERSION_FLOOR = 1e-3
_LARGEST_MISFIT = 4.0
_OUTLYING_VARIANCES = 9.0  # squared residuals of the misfit are cut off here: a loud block of hours is no misfit


def dispersion(step: Step, frame: Frame) -> Floats:
    """Extra-Poisson variance phi by time and group of days, shrunk to the series', which is shrunk to the fleet's."""
    series = _shrunk(step.head, Head.DISPERSION_SUM, frame.dispersion, frame.dispersion_strength)
    return _shrunk(step.window, step.moment.dispersion, series, frame.constants.time_dispersion_strength)


def clumping(head: NDArray[np.float64], frame: Frame) -> Floats:
    """Extra-Poisson variance in proportion to the mean, of each series: presences that come in groups."""
    return _shrunk(head, Head.CLUMPING_SUM, frame.hyper.clumping, frame.hyper.clumping_strength)


def _shrunk(rows: NDArray[np.float64], first: int, prior: Floats | float, strength: Floats | float) -> Floats:
    estimate = (strength * prior + rows[first]) / (strength + rows[first + 1])
    return maximum(estimate, _DISPERSION_FLOOR)


def time_variance(head: NDArray[np.float64], frame: Frame) -> Floats:
    """Variance of a series' ratios by time of day around the fleet's profile."""
    return _misfit(head, Head.TIME_SUM, frame.time_variance, frame.time_weight)


def slot_variance(head: NDArray[np.float64], frame: Frame) -> Floats:
    """Variance of its slots' ratios around those by time of day."""
    return _misfit(head, Head.SLOT_SUM, frame.slot_variance, frame.slot_weight)


def learn_dispersion(
    step: Step,
    frame: Frame,
    *,
    mean: Floats,
    excess: Floats,
    dispersion: Floats,
    clumping: Floats,
    surplus: Floats,
    trust: Floats,
) -> None:
    """Learn what of a squared residual less its count, the ``surplus``, the rest of the variance does not explain.

    Less the count, and not less the mean: a mean that is wrong then matters to second order only, and where few are
    counted the difference strays less (Dean and Lawless, J. Am. Stat. Assoc. 84, 1989).
    """
    squared_mean = square(mean)
    unexplained = surplus - squared_mean * excess
    per_square, per_mean = _information(frame, mean)
    weight, mean_weight = trust * per_square, trust * per_mean
    gain = weight * (unexplained / squared_mean + dispersion)
    by_mean = mean_weight * (unexplained / mean + clumping)
    head, windows, moment = step.head, frame.week.windows, step.moment
    age = head[Head.SEEN] / windows
    for known, new, first, visits in (
        (head, step.new_head, Head.DISPERSION_SUM, windows),
        (step.window, step.new_window, moment.dispersion, moment.group_days),
    ):
        forget = trust / minimum(frame.hyper.dispersion_memory_weeks * visits, 1.0 + 0.5 * age * visits)
        accumulate(known, new, first, (gain, weight), forget)
    forget = trust / frame.constants.dispersion_memory
    accumulate(head, step.new_head, Head.CLUMPING_SUM, (by_mean, mean_weight), forget)


def _information(frame: Frame, mean: Floats) -> tuple[Floats, Floats]:
    """Information taken to be in a surplus on the log of phi and of psi, where they are the fleet's.

    Weights that followed a series' own estimates would favour the residuals met while an estimate is low.
    """
    by_phi, by_psi = frame.dispersion * square(mean), frame.hyper.clumping * mean
    variance = mean + by_psi + by_phi
    noise = variance + 2.0 * square(variance)
    return square(by_phi) / noise, square(by_psi) / noise


def learn_misfit(
    step: Step,
    frame: Frame,
    first: int,
    *,
    total: Floats,
    expected: Floats,
    variance: Floats,
    observed: Floats,
) -> None:
    """Learn how far one ratio's weighted counts stray from what the level above it expects; writes two fields.

    ``observed`` is 1 where the count is not missing, else 0.
    """
    squared_expected = square(expected)
    spread = expected + squared_expected * variance
    squared = minimum(square(total - expected), _OUTLYING_VARIANCES * spread)
    precision = observed / (spread + 2.0 * square(spread) + 1e-12)
    gains = precision * squared_expected * (squared - expected), precision * square(squared_expected)
    accumulate(step.head, step.new_head, first, gains, observed / frame.constants.misfit_memory)


def _misfit(head: NDArray[np.float64], first: int, prior: Floats, strength: Floats) -> Floats:
    estimate = (strength * prior + head[first]) / (strength + head[first + 1])
    return clip(estimate, prior, _LARGEST_MISFIT)
