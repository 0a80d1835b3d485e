r"""Common cause: windows in which so many series are out at once that it is the town, and no place in it.

On New Year's Eve the whole town is on the stairs. Were the series independent, the number of those with a p-value
below a level :math:`\alpha` would be binomial. Counts are discrete, so :math:`P(p \le \alpha)` is often far below the
level; the randomised p-value :math:`P(Y > y) + U \, P(Y = y)` is uniform (Czado, Gneiting and Held, Biometrics 65,
2009). In the place of a draw of :math:`U` each series counts with the chance that its draw is below the level,

.. math:: w = \min(1, \max(0, (\alpha - P(Y > y)) / P(Y = y))),

whose mean is exactly the level too, and whose sum strays no wider than the binomial: the answer is the same for the
same counts, and the test errs towards no common cause.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

LEVEL = 0.05
LEAST_RATIO = 3.0  # times the level: the busiest of 1,300 ordinary hours in 300 simulated stairwells reaches 1.8
CHANCE = 1e-4  # per window: less than one an hourly year
FEWEST_SERIES = 20  # one party may be heard in all spaces of a house


def series_out(
    rows: NDArray[np.int64], p_value: NDArray[np.float64], p_above: NDArray[np.float64], windows: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How many series each window has, and how many of them are out: :data:`LEVEL` of them where nothing is on.

    Parameters are those of :func:`common_cause`; both are float64[windows].
    """
    share = np.clip((LEVEL - p_above) / np.maximum(p_value - p_above, 1e-300), 0.0, 1.0)
    series, out = np.bincount(rows, minlength=windows), np.bincount(rows, weights=share, minlength=windows)
    return series.astype(np.float64), out.astype(np.float64)


def common_cause(
    rows: NDArray[np.int64], p_value: NDArray[np.float64], p_above: NDArray[np.float64], windows: int
) -> NDArray[np.bool_]:
    """Windows in which the town is out, bool[windows].

    Marked is a window in which at least :data:`LEAST_RATIO` times the expected number of series is out, which under
    independence has a chance of at most :data:`CHANCE`, among at least :data:`FEWEST_SERIES` series.

    Parameters
    ----------
    rows
        int64[m]: the window of each verdict, from 0.
    p_value, p_above
        float64[m]: P(Y >= count) and P(Y > count) of each verdict.
    windows
        Number of windows.

    Examples
    --------
    >>> rows = np.repeat([0, 1], 100)
    >>> p_above = np.r_[np.linspace(0.0, 0.99, 100), np.full(100, 0.001)]
    >>> common_cause(rows, p_above + 0.01, p_above, windows=3).tolist()
    [False, True, False]
    """
    series, out = series_out(rows, p_value, p_above, windows)
    chance = np.where(out > 0.0, betainc(np.maximum(out, 1e-9), series - out + 1.0, LEVEL), 1.0)
    return (series >= FEWEST_SERIES) & (out >= LEAST_RATIO * LEVEL * series) & (chance <= CHANCE)
