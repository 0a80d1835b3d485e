r"""The usual hours of a series, told from its other hours: what a block would hold if nothing were on in it.

A series lives by the profile of its kind times a smooth factor of the day of its own,

.. math:: \log f(h) = c_0 + \sum_{j=1}^{3} (a_j \cos + b_j \sin)(2 \pi j h / 24),

with normal priors around 0: the level's, and of the harmonics, whose variances fall as :math:`1/j^2` and add up to
that of the profiles of the kind. Loitering that came with the sensor would be taken for such a factor. So for each
block six hours around its middle are left out, and the factor there is what the hours before and after make of it:
the Poisson fit to all hours, from which the hours are taken out by one step of Newton's method.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import BLOCK_HOURS

_HARMONICS = 3
_LEFT_OUT = 6  # hours: the longest that loitering commonly takes
_NEWTON_STEPS = 5
_LONGEST_STEP, _LONGEST_STEP_BACK = 1.0, 1.5  # of a coefficient: steps from little data go astray
_FARTHEST = 6.0  # log factor
_HOUR_VARIANCE = 0.02  # relative: what the hours of a busy place tell is bounded
_TINY = 1e-9

Floats = NDArray[np.float64]
Vector = list[Floats]  # an array for each coefficient
Matrix = list[list[Floats]]  # lower triangle


def usual_factors(
    presences: Floats, expected: Floats, level_shape: Floats, profile_shape: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Log factor of what is expected in each block, from the hours outside it, and its variance.

    Parameters
    ----------
    presences, expected
        float64[24, n]: by hour of the day, over all days.
    level_shape, profile_shape
        float64[n]: gamma shapes of the level and of the profile around what is expected.

    Returns
    -------
    factor, variance
        float32[24 * lengths, n]: of blocks in the order of `models.hotspots.blocks.block_sums`.
    """
    waves, precision = _waves(), _precision(level_shape, profile_shape)
    expected = expected + _TINY
    coefficients = [np.log((level_shape + presences.sum(axis=0)) / (level_shape + expected.sum(axis=0)))]
    coefficients += [np.zeros_like(level_shape) for _ in precision[1:]]
    for _ in range(_NEWTON_STEPS):
        score, information = _moments(presences, expected, coefficients)
        gradient = [
            _added(wave[hour] * score[hour] for hour in range(24)) - prior * value
            for wave, prior, value in zip(waves, precision, coefficients, strict=True)
        ]
        factor = _cholesky(_curvature(information, precision))
        step = _backward(factor, _forward(factor, gradient))
        coefficients = [
            value + change.clip(-_LONGEST_STEP, _LONGEST_STEP) for value, change in zip(coefficients, step, strict=True)
        ]
    score, information = _moments(presences, expected, coefficients)
    without = [-_window(wave[:, None] * score) for wave in waves]
    factor = _cholesky(_curvature_without(information, precision))
    step = _backward(factor, _forward(factor, without))
    moved = [
        value + change.clip(-_LONGEST_STEP_BACK, _LONGEST_STEP_BACK)
        for value, change in zip(coefficients, step, strict=True)
    ]
    return _by_block(expected, moved, factor)


def _waves() -> Floats:
    """Constant, cosines and sines at the middle of each hour, float64[7, 24]."""
    angle = 2 * np.pi * np.outer(np.arange(1, _HARMONICS + 1), np.arange(24) + 0.5) / 24
    return np.vstack([np.ones(24), np.cos(angle), np.sin(angle)])


def _precision(level_shape: Floats, profile_shape: Floats) -> Vector:
    share = 1.0 / np.arange(1, _HARMONICS + 1) ** 2
    share = np.tile(share / share.sum(), 2)
    return [level_shape, *(profile_shape / one for one in share)]


def _rate(expected: Floats, coefficients: Vector, hours: Iterable[int] = range(24)) -> list[Floats]:
    """What is expected in hours of the day times the factor there."""
    waves = _waves()
    log = [_added(wave * value for wave, value in zip(waves[:, hour], coefficients, strict=True)) for hour in hours]
    return [expected[hour] * np.exp(one.clip(-_FARTHEST, _FARTHEST)) for hour, one in zip(hours, log, strict=True)]


def _moments(presences: Floats, expected: Floats, coefficients: Vector) -> tuple[Floats, Floats]:
    """Score and information of each hour's log rate, float64[24, n]; a busy hour tells less than its presences."""
    mean = np.stack(_rate(expected, coefficients))
    weight = 1 / (1 + _HOUR_VARIANCE * mean)
    return weight * (presences - mean), weight * mean


def _curvature(information: Floats, precision: Vector) -> Matrix:
    waves = _waves()
    table = [
        [_added(waves[i, hour] * waves[j, hour] * information[hour] for hour in range(24)) for j in range(i + 1)]
        for i in range(len(waves))
    ]
    for i, prior in enumerate(precision):
        table[i][i] = table[i][i] + prior
    return table


def _curvature_without(information: Floats, precision: Vector) -> Matrix:
    """The same without the six hours from each hour on, float64[24, n] each."""
    waves = _waves()
    table = _curvature(information, precision)
    return [
        [table[i][j] - _window((waves[i] * waves[j])[:, None] * information) for j in range(i + 1)]
        for i in range(len(waves))
    ]


def _window(hours: Floats) -> Floats:
    """Sum of the hours left out from each hour on, float64[24, n]."""
    return _added(np.roll(hours, -turn, axis=0) for turn in range(_LEFT_OUT))


def _by_block(
    expected: Floats, coefficients: Vector, factor: Matrix
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance over the hours of each block, of the six hours left out around its middle."""
    waves, n = _waves(), expected.shape[1]
    begin = np.arange(24)
    log_factor, variance = np.empty((2, 24, len(BLOCK_HOURS), n), dtype=np.float32)
    for at, length in enumerate(BLOCK_HOURS):
        before = (_LEFT_OUT - length) // 2  # hours left out before the block; negative where it begins earlier
        first = (begin + before) % 24
        hours = [(first + hour) % 24 for hour in range(length)]
        usual = [expected[hour] for hour in hours]
        log = [
            _added(wave[hour][:, None] * value for wave, value in zip(waves, coefficients, strict=True))
            for hour in hours
        ]
        rate = [one * np.exp(other.clip(-_FARTHEST, _FARTHEST)) for one, other in zip(usual, log, strict=True)]
        total = _added(rate)
        log_factor[first, at] = np.log(total / _added(usual))
        mean_wave = [
            _added(wave[hour][:, None] * one for hour, one in zip(hours, rate, strict=True)) / total for wave in waves
        ]
        variance[first, at] = _added(np.square(part) for part in _forward(factor, mean_wave))
    return log_factor.reshape(-1, n), variance.reshape(-1, n)


def _added(parts: Iterable[Floats]) -> Floats:
    """Sum in a fixed order: that of a reduction depends on how many series are beside."""
    return np.asarray(reduce(np.add, parts))


def _cholesky(matrix: Matrix) -> Matrix:
    """Lower factors of many positive definite matrices, element by element so that each is as it were alone."""
    factor: Matrix = []
    for i, row in enumerate(matrix):
        factor.append([])
        for j in range(i):
            inner = reduce(np.subtract, (factor[i][k] * factor[j][k] for k in range(j)), row[j])
            factor[i].append(inner / factor[j][j])
        factor[i].append(np.sqrt(reduce(np.subtract, (np.square(part) for part in factor[i]), row[i])))
    return factor


def _forward(factor: Matrix, vector: Vector) -> Vector:
    solved: Vector = []
    for row, value in zip(factor, vector, strict=True):
        solved.append(
            reduce(np.subtract, (part * one for part, one in zip(row, solved, strict=False)), value) / row[-1]
        )
    return solved


def _backward(factor: Matrix, vector: Vector) -> Vector:
    solved: Vector = list(vector)
    for i in reversed(range(len(vector))):
        for k in range(i + 1, len(vector)):
            solved[i] = solved[i] - factor[k][i] * solved[k]
        solved[i] = solved[i] / factor[i][i]
    return solved
