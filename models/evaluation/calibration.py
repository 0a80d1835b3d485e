"""Whether a predictive distribution says how likely counts are, and how well it foresees them.

Counts are discrete, so P(p < a) is that of the randomised p-value P(Y > y) + u P(Y = y), which is uniform when the
distribution is right (Czado, Gneiting and Held 2009). Its mean over u is taken, so that nothing has to be drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = (0.05, 0.01)
_DECILES = 10
_LEAST_PROBABILITY = 1e-300

Floats = NDArray[np.float64]


def chance_below(p_value: Floats, p_above: Floats, level: float) -> Floats:
    """Chance that the randomised p-value is below a level; shape of the arguments.

    Parameters
    ----------
    p_value, p_above
        P(Y >= count) and P(Y > count).
    level
        a.

    Examples
    --------
    >>> chance_below(np.array([0.08, 0.03, 0.5]), np.array([0.02, 0.01, 0.1]), 0.05).round(3).tolist()
    [0.5, 1.0, 0.0]
    """
    room = np.maximum(p_value - p_above, _LEAST_PROBABILITY)
    return np.asarray(np.clip((level - p_above) / room, 0.0, 1.0))


@dataclass(frozen=True)
class TailRatios:
    """P(p < a) / a: 1 is right, above it small p-values come too often.

    Parameters
    ----------
    levels
        a, from the greatest.
    windows, expected
        Of each tenth of the windows by expected count: how many, and their mean expected count.
    by_decile
        float64[levels, 10].
    overall
        float64[levels].
    """

    levels: tuple[float, ...]
    windows: NDArray[np.int64]
    expected: Floats
    by_decile: Floats
    overall: Floats


def tail_ratios(expected: Floats, p_value: Floats, p_above: Floats, levels: Sequence[float] = LEVELS) -> TailRatios:
    """Calibration by decile of the expected count, which unlike the observed one is not conditioned on the outcome.

    Parameters
    ----------
    expected, p_value, p_above
        float64[windows]: mean of the predictive distribution, P(Y >= count) and P(Y > count).
    levels
        a.

    Raises
    ------
    ValueError
        If there is no window.

    Examples
    --------
    >>> half = np.full(1000, 0.5)
    >>> tail_ratios(np.linspace(0.01, 1.0, 1000), half, half * 0.0, [0.05]).overall.tolist()
    [2.0]
    """
    if not expected.size:
        raise ValueError("calibration needs at least one window")
    bounds = np.quantile(expected, np.linspace(0.0, 1.0, _DECILES + 1))
    decile = np.clip(np.searchsorted(bounds, expected, side="right") - 1, 0, _DECILES - 1)
    windows = np.bincount(decile, minlength=_DECILES)
    each = np.maximum(windows, 1)
    below = [chance_below(p_value, p_above, level) / level for level in levels]
    return TailRatios(
        levels=tuple(levels),
        windows=windows,
        expected=np.bincount(decile, expected, _DECILES) / each,
        by_decile=np.array([np.bincount(decile, one, _DECILES) / each for one in below]),
        overall=np.array([float(one.mean()) for one in below]),
    )
