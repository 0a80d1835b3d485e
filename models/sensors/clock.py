r"""A clock that was set wrong turns the day: the same hours of the week, so many hours later.

Recent counts by hour of day are held against the profile of the weeks before them. Turned by a lag they may fit much
better than as they are; but loitering, too, makes hours busy that were not. So the turned profile must also beat the
profile as it was with the best block of hours added to it, which is what loitering is.

With profile p the multinomial log-likelihood of counts :math:`n_h` is :math:`\sum n_h \log p_h`; that of a block with a
share of its own is the maximum over all blocks of up to half a day. What is gained is divided by the dispersion D that
is left, and since that is told by 22 hours and may be taken for too little, the odds are those of Student's law,

.. math:: \frac{22}{2} \log\Big(1 + \frac{2}{22} \frac{\text{gain}}{D}\Big).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_HOURS = 24
_FREE_HOURS = _HOURS - 2
_LONGEST_BLOCK = 12
_SMOOTHING = 1.0  # presences added to each hour, so that no hour is impossible
_LEAST_PRESENCES = 40  # of each of the two spans
_THRESHOLD = 9.0  # log odds; 23 lags are tried
_LEAST_DISPERSION = 1.5  # counts come in groups: likelihoods are tempered by it


@dataclass(frozen=True)
class TurnedProfiles:
    """Of n series: by how many hours the day is turned (0 where it is not; +2 is later), and the log odds for it."""

    hours: NDArray[np.int64]
    log_odds: NDArray[np.float64]


def turned_profiles(before: NDArray[np.float64], recent: NDArray[np.float64]) -> TurnedProfiles:
    """By how many hours the recent days are turned against those before.

    Parameters
    ----------
    before, recent
        float64[24, n], presences by local hour of day, of whole days.

    Examples
    --------
    >>> day = 5.0 + 20.0 * np.exp(-0.5 * ((np.arange(24) - 17) / 2.0) ** 2)[:, None]
    >>> turned_profiles(4 * day, 2 * np.roll(day, 4, axis=0)).hours.tolist()
    [4]
    >>> loitering = day + 30.0 * (np.arange(24) >= 21)[:, None]
    >>> turned_profiles(4 * day, loitering).hours.tolist()
    [0]
    """
    share = (before + _SMOOTHING) / (before + _SMOOTHING).sum(axis=0)
    fits = np.stack([(recent * np.log(np.roll(share, lag, axis=0))).sum(axis=0) for lag in range(_HOURS)])
    as_loitering = _with_a_block(share, recent)
    lag = fits.argmax(axis=0)
    gain = np.maximum(fits.max(axis=0) - np.maximum(fits[0], as_loitering), 0.0)
    odds = _FREE_HOURS / 2 * np.log1p(2 / _FREE_HOURS * gain / _dispersion(share, recent, lag))
    enough = (before.sum(axis=0) >= _LEAST_PRESENCES) & (recent.sum(axis=0) >= _LEAST_PRESENCES)
    turned = enough & (lag != 0) & (odds > _THRESHOLD)
    hours = np.where(lag > _HOURS // 2, lag - _HOURS, lag)
    return TurnedProfiles(np.where(turned, hours, 0), np.where(enough, odds, 0.0))


def _dispersion(share: NDArray[np.float64], recent: NDArray[np.float64], lag: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pearson's chi-square a degree of freedom around the turned profile: what turning it leaves unexplained."""
    hours = (np.arange(_HOURS)[:, None] - lag) % _HOURS
    expected = np.take_along_axis(share, hours, axis=0) * np.maximum(recent.sum(axis=0), 1e-9)
    pearson: NDArray[np.float64] = ((recent - expected) ** 2 / expected).sum(axis=0) / _FREE_HOURS
    return np.maximum(pearson, _LEAST_DISPERSION)


def _with_a_block(share: NDArray[np.float64], recent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-likelihood of the profile with the best block of hours at a share of its own."""
    total = recent.sum(axis=0)
    plain = (recent * np.log(share)).sum(axis=0)
    best: NDArray[np.float64] = plain.copy()
    for length in range(1, _LONGEST_BLOCK + 1):
        for first in range(_HOURS):
            hours = np.arange(first, first + length) % _HOURS
            heard, normal = recent[hours].sum(axis=0), share[hours].sum(axis=0)
            inside = heard * np.log(np.maximum(heard, 1e-9) / np.maximum(total * normal, 1e-9))
            rest = total - heard
            outside = rest * np.log(np.maximum(rest, 1e-9) / np.maximum(total * (1 - normal), 1e-9))
            best = np.maximum(best, plain + inside + outside)
    return best
