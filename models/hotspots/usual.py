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
_EARLIEST = (BLOCK_HOURS[-1] - _LEFT_OUT + 1) // 2  # hours that the longest block begins before those left out
_NEWTON_STEPS = 5
_LONGEST_STEP, _LONGEST_STEP_BACK = 1.0, 1.5  # of a coefficient: steps from little data go astray
_FARTHEST = 6.0  # log factor, from the series' own level
_HOUR_VARIANCE = 0.02  # relative: what the hours of a busy place tell is bounded
_TINY = 1e-9

_ANGLE = 2 * np.pi * np.outer(np.arange(1, _HARMONICS + 1), np.arange(24) + 0.5) / 24
_WAVES = np.vstack([np.ones(24), np.cos(_ANGLE), np.sin(_ANGLE)])  # at the middle of each hour
_ROWS, _COLUMNS = np.tril_indices(len(_WAVES))
_PAIRS = _WAVES[_ROWS] * _WAVES[_COLUMNS]
_PLACE = {(int(i), int(j)): at for at, (i, j) in enumerate(zip(_ROWS, _COLUMNS, strict=True))}

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
    precision = _precision(level_shape, profile_shape)
    expected = expected + _TINY
    level = np.log((level_shape + presences.sum(axis=0)) / (level_shape + expected.sum(axis=0)))
    coefficients = [level, *(np.zeros_like(level) for _ in precision[1:])]
    for _ in range(_NEWTON_STEPS):
        score, information = _moments(presences, expected, coefficients, level)
        gradient = [
            one - prior * value
            for one, prior, value in zip(
                _added((_WAVES[:, :, None] * score).swapaxes(0, 1)), precision, coefficients, strict=True
            )
        ]
        factor = _cholesky(_lower(_added((_PAIRS[:, :, None] * information).swapaxes(0, 1)), precision))
        coefficients = _moved(coefficients, _backward(factor, _forward(factor, gradient)), _LONGEST_STEP)
    score, information = _moments(presences, expected, coefficients, level)
    pairs = _PAIRS[:, :, None] * information
    without = _added(pairs.swapaxes(0, 1))[:, None] - _window(pairs)
    factor = _cholesky(_lower(without, precision))
    step = _backward(factor, _forward(factor, list(-_window(_WAVES[:, :, None] * score))))
    return _by_block(expected, _moved(coefficients, step, _LONGEST_STEP_BACK), factor, level)


def _precision(level_shape: Floats, profile_shape: Floats) -> Vector:
    share = 1.0 / np.arange(1, _HARMONICS + 1) ** 2
    share = np.tile(share / share.sum(), 2)
    return [level_shape, *(profile_shape / one for one in share)]


def _moments(presences: Floats, expected: Floats, coefficients: Vector, level: Floats) -> tuple[Floats, Floats]:
    """Score and information of each hour's log rate, float64[24, n]; a busy hour tells less than its presences."""
    mean = expected * _factors(_WAVES, coefficients, level)
    weight = 1 / (1 + _HOUR_VARIANCE * mean)
    return weight * (presences - mean), weight * mean


def _factors(waves: Floats, coefficients: Vector, level: Floats) -> Floats:
    """Factor of each hour, within bounds around the level: a place may be a thousand times as busy as its kind."""
    log = _added(wave[:, None] * value for wave, value in zip(waves, coefficients, strict=True))
    return np.asarray(np.exp(log.clip(level - _FARTHEST, level + _FARTHEST)))


def _lower(pairs: Floats, precision: Vector) -> Matrix:
    """Lower triangle of the information on the coefficients and of their prior, from that on each pair of waves."""
    table = [[pairs[_PLACE[i, j]] for j in range(i + 1)] for i in range(len(precision))]
    for i, prior in enumerate(precision):
        table[i][i] = table[i][i] + prior
    return table


def _moved(coefficients: Vector, step: Vector, longest: float) -> Vector:
    return [value + one.clip(-longest, longest) for value, one in zip(coefficients, step, strict=True)]


def _window(hours: Floats) -> Floats:
    """Sum of the hours left out from each hour on, float64[..., 24, n]."""
    return _added(np.roll(hours, -turn, axis=-2) for turn in range(_LEFT_OUT))


def _by_block(
    expected: Floats, coefficients: Vector, factor: Matrix, level: Floats
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance over the hours of each block, of the six hours left out around its middle.

    Blocks with the same hours left out are sums of the same hours: differences of running sums from the first on.
    """
    n = expected.shape[1]
    running = [[np.zeros((24, n))] for _ in _WAVES]  # of what is usual times each wave, the first of which is 1
    plain = [np.zeros((24, n))]
    for offset in range(-_EARLIEST, _LEFT_OUT + _EARLIEST):
        hours = (np.arange(24) + offset) % 24
        rate = expected[hours] * _factors(_WAVES[:, hours], coefficients, level)
        plain.append(plain[-1] + expected[hours])
        for sums, wave in zip(running, _WAVES, strict=True):
            sums.append(sums[-1] + wave[hours][:, None] * rate)
    log_factor, variance = np.empty((2, 24, len(BLOCK_HOURS), n), dtype=np.float32)
    for at, length in enumerate(BLOCK_HOURS):
        before = (_LEFT_OUT - length) // 2  # hours left out before the block; negative where it begins earlier
        begin, end = before + _EARLIEST, before + _EARLIEST + length
        sums = [one[end] - one[begin] for one in running]
        first = (np.arange(24) + before) % 24
        log_factor[first, at] = np.log(sums[0] / (plain[end] - plain[begin]))
        variance[first, at] = _added(np.square(part) for part in _forward(factor, [one / sums[0] for one in sums]))
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
