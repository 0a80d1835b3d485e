"""The hours that areas keep: how their profile differs from the fleet's by hour of the day.

A Poisson regression of harmonics of the day for each area, whose coefficients are normal around 0; their variance is
that between the areas, found by EM (Breslow and Clayton, JASA 88, 1993). An area of a few sensors hardly differs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.training.totals import Floats

_HARMONICS = 4
_FIRST_VARIANCE, _FIRST_AREAS = 0.02, 2.0  # of coefficients before any area was seen, and how many it counts for
_STEPS, _NEWTON_STEPS = 10, 4
_LONGEST_STEP = 1.0  # of a coefficient: Newton's first steps from little data go astray


def fit_area_hours(presences: Floats, expected: Floats, areas: NDArray[np.intp], rows: int) -> Floats:
    """Factors of the profile, float64[rows, 24] of mean 1; row 0, the unknown, and rows without presences are 1.

    Parameters
    ----------
    presences, expected
        float64[n, 24]: presences of each series by hour of the day, and those that the fleet's profile expects at the
        series' level, both weighted by what they tell.
    areas
        int[n]: row of each series' area.
    rows
        How many there are.
    """
    observed, mean = np.zeros((2, rows, 24))
    np.add.at(observed, areas, presences)
    np.add.at(mean, areas, expected)
    seen = (mean.sum(axis=1) > 0) & (np.arange(rows) > 0)
    factors = np.ones((rows, 24))
    if seen.any():
        factors[seen] = _smoothed(observed[seen], mean[seen])
    return np.asarray(factors / factors.mean(axis=1, keepdims=True))


def _smoothed(observed: Floats, expected: Floats) -> Floats:
    """Ratios by harmonics, float64[areas, 24]."""
    order = np.arange(1, _HARMONICS + 1)
    angle = 2 * np.pi * np.outer(np.arange(24) + 0.5, order) / 24
    waves = np.hstack([np.cos(angle), np.sin(angle)])
    scale = np.tile(1.0 / np.square(order), 2)  # of the variance: high harmonics are expected to be small
    spread = _FIRST_VARIANCE
    effects = np.zeros((len(observed), scale.size))
    for _ in range(_STEPS):
        for _ in range(_NEWTON_STEPS):
            mean = expected * np.exp(effects @ waves.T)
            gradient = (observed - mean) @ waves - effects / (spread * scale)
            curvature = np.einsum("ah,hi,hj->aij", mean, waves, waves) + np.diag(1.0 / (spread * scale))
            step = np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
            effects = effects + np.clip(step, -_LONGEST_STEP, _LONGEST_STEP)
        variance = np.einsum("aii->ai", np.linalg.inv(curvature))
        total = ((np.square(effects) + variance) / scale).sum() / scale.size
        spread = (_FIRST_AREAS * _FIRST_VARIANCE + total) / (_FIRST_AREAS + len(observed))
    return np.asarray(np.exp(effects @ waves.T))
