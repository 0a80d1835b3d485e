r"""Silence of a sensor with a heartbeat: how long it may say nothing, learnt from its own intervals and its peers'.

A sensor counts as silent when a silence as long comes less often than a stated rate. That is a budget and not a
threshold: jitter, single messages lost and outages of the network all stand in the intervals that were seen, and the
limit follows from them. How often an interval longer than t ends in a week is

.. math:: \lambda(t) = \frac{N(t) + \kappa \lambda_0(t)}{W + \kappa},

with N(t) the intervals longer than t of W weeks, and :math:`\lambda_0` that of the peers, which are the sensors that
speak about as often. Beyond the few longest intervals seen, :math:`\lambda_0` falls off exponentially (peaks over a
threshold: Davison and Smith, J. R. Stat. Soc. B 52, 1990, with shape 0). Whatever the rate, nothing is a silence before
two of the intervals have passed that the sensor keeps to for most of its time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WEEK_SECONDS = 7 * 86_400.0
INTERVAL_BINS = 36
"""Bins of half an octave, from a minute to 128 days; the first and the last hold what is beyond."""

_FIRST_SECONDS = 60.0
_EDGES = _FIRST_SECONDS * 2.0 ** (np.arange(INTERVAL_BINS) / 2)
_MIDDLES = _EDGES * 2.0**0.25
_MOST_OF_THE_TIME = 0.75  # passes in intervals no longer than the expected one: calm nights are longer than busy days
_PEER_OCTAVES = 2.0
_PEER_WEEKS = 4.0  # what the peers weigh
_TYPICAL_WEEKS = 20.0  # what is typical weighs, among the peers
_TAIL_INTERVALS = 12.0  # that the tail is fitted to
_TYPICAL_LOSS = 0.05
_TYPICAL_OUTAGES_PER_WEEK = 0.2
_TYPICAL_OUTAGE_SECONDS = 6 * 3600.0
_GRID = _FIRST_SECONDS * 2.0 ** (np.arange(8 * 18 + 1) / 8)  # on which the limit is sought


def interval_bins(seconds: Floats) -> NDArray[np.int64]:
    """The bin of each interval.

    Examples
    --------
    >>> interval_bins(np.array([0.0, 60.0, 3600.0, 1e9])).tolist()
    [0, 0, 11, 35]
    """
    bins = np.searchsorted(_EDGES, seconds, side="right") - 1
    return np.clip(bins, 0, INTERVAL_BINS - 1)


def expected_per_day(intervals: Floats, weeks: Floats) -> Floats:
    """Messages a day that a sensor has brought, float64[n]; NaN of one that brought fewer than two."""
    messages = intervals.sum(axis=1)
    return np.where(messages > 0, messages / np.maximum(7 * weeks, 1e-9), np.nan)


def silence_limits(intervals: Floats, weeks: Floats, rate_per_week: float) -> Floats:
    """The silence after which each sensor counts as silent, seconds, float64[n].

    Parameters
    ----------
    intervals
        float64[n, INTERVAL_BINS], how many intervals between messages were seen; none of a new sensor.
    weeks
        float64[n], the time that they fill.
    rate_per_week
        Silences as long that may come in a sensor-week.

    Raises
    ------
    ValueError
        If the rate is not positive.

    Examples
    --------
    Hourly messages, of which one in twenty is lost, and no outage in half a year:

    >>> hourly = np.zeros((1, INTERVAL_BINS))
    >>> hourly[0, interval_bins(np.array([3600.0, 7200.0, 10800.0]))] = 3900, 200, 10
    >>> round(float(silence_limits(hourly, np.array([26.0]), 0.001)[0]) / 3600)
    16
    """
    if rate_per_week <= 0:
        raise ValueError(f"silences come at a rate above 0, not {rate_per_week}")
    typical = _typical_seconds(intervals)
    limits = np.empty(len(intervals))
    groups = np.round(np.log2(typical) / _PEER_OCTAVES)
    for group in np.unique(groups):
        of_group = groups == group
        peers = _peer_rate(intervals[of_group].sum(axis=0), weeks[of_group].sum(), float(np.median(typical[of_group])))
        own = _longer(intervals[of_group])
        rate = (own + _PEER_WEEKS * peers) / (weeks[of_group, None] + _PEER_WEEKS)
        limits[of_group] = _GRID[np.argmax(rate <= rate_per_week, axis=1)]
        limits[of_group] = np.where((rate > rate_per_week).all(axis=1), _GRID[-1], limits[of_group])
    return np.maximum(limits, 2 * _expected_seconds(intervals))


def _expected_seconds(intervals: Floats) -> Floats:
    """The interval that a sensor keeps to for most of its time, rather more than less; an hour where none was seen."""
    passed = np.cumsum(intervals * _MIDDLES, axis=1)
    longest = np.argmax(passed >= _MOST_OF_THE_TIME * passed[:, -1:], axis=1)
    return np.where(passed[:, -1] > 0, _EDGES[longest] * np.sqrt(2), 3600.0)  # the end of the bin


def _typical_seconds(intervals: Floats) -> Floats:
    """The median interval, an hour where none was seen."""
    cumulated = np.cumsum(intervals, axis=1)
    median = np.argmax(cumulated >= 0.5 * cumulated[:, -1:], axis=1)
    return np.where(cumulated[:, -1] > 0, _MIDDLES[median], 3600.0)


def _longer(intervals: Floats) -> Floats:
    """Intervals longer than each length of the grid, float64[n, grid]; one in the same bin may be longer."""
    at_least = np.cumsum(intervals[:, ::-1], axis=1)[:, ::-1]
    return at_least[:, interval_bins(_GRID)]


def _peer_rate(intervals: Floats, weeks: float, typical: float) -> Floats:
    """Intervals longer than each length of the grid that end in a week, float64[grid]."""
    number = intervals.sum()
    seen = _longer(intervals[None])[0]
    tail = np.flatnonzero(np.cumsum(intervals[::-1])[::-1] >= _TAIL_INTERVALS)
    if number > 0 and len(tail):
        first = int(tail[-1])
        most = intervals[first:].sum()
        excess = float((intervals[first:] * (_MIDDLES[first:] - _EDGES[first])).sum() / most)
        beyond = _EDGES[first] < _GRID
        fitted = most * np.exp(-(_GRID - _EDGES[first]) / max(excess, 0.25 * _EDGES[first]))
        seen = np.where(beyond, fitted, seen)
    rate: Floats = (seen + _TYPICAL_WEEKS * _typical_rate(typical)) / (weeks + _TYPICAL_WEEKS)
    return rate


def _typical_rate(typical: float) -> Floats:
    """What is known before anything is seen: messages lost one by one, and outages of hours."""
    lost = np.maximum(_GRID / typical - 1, 0.0)
    messages: Floats = WEEK_SECONDS / typical * _TYPICAL_LOSS**lost
    outages: Floats = _TYPICAL_OUTAGES_PER_WEEK * np.exp(-np.maximum(_GRID - typical, 0.0) / _TYPICAL_OUTAGE_SECONDS)
    return messages + outages
