r"""A sensor that is stuck says the same number over and over; people, however many, do not.

Whatever the rate of an hour, the chance that a Poisson count is v is at most that at rate v, :math:`e^{-v} v^v / v!`;
mixing rates (loitering, dispersion, a busy season) only lowers it. So a run of the same number is improbable under
every history of independent windows, and needs nothing learnt. Somebody who stays counts once in each window, and four
times an hour at most, which makes runs of small numbers: these must outlast any stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.sensors.finding import FALSE_FINDINGS_PER_WEEK, Findings

_MOST_OF_ONE_PERSON_PER_HOUR = 4
_LONGEST_STAY_HOURS = 24
_SHORTEST_RUN = 3  # of any number that a sensor can say


def stuck(counts: NDArray[np.float64], windows_per_hour: float = 1.0) -> Findings:
    """Series whose latest counts are all the same, and not zero, for longer than chance allows.

    Parameters
    ----------
    counts
        float64[T, n], NaN where missing, which ends no run.
    windows_per_hour
        Windows of an hour.

    Returns
    -------
    Findings
        Since the first window of the run; the value is the number repeated.

    Examples
    --------
    >>> hours = np.array([[1.0, 7.0], [0.0, 3.0]] + [[7.0, 2.0], [7.0, 4.0]] * 5)
    >>> findings = stuck(hours)
    >>> findings.found.tolist(), findings.since.tolist()
    ([True, False], [2, 0])
    """
    findings = Findings.nothing(counts.shape[1])
    for series in range(counts.shape[1]):
        heard = np.flatnonzero(~np.isnan(counts[:, series]))
        if not len(heard) or counts[heard[-1], series] == 0:
            continue
        runs = _runs_too_long(heard, counts[heard, series], windows_per_hour)
        if runs and runs[-1][-1] == heard[-1]:
            findings.put(series, int(runs[-1][0]), float(counts[heard[-1], series]))
    return findings


def stuck_windows(counts: NDArray[np.float64], windows_per_hour: float = 1.0) -> NDArray[np.bool_]:
    """Windows in which a series says the same number, not zero, for longer than chance allows, also long ago.

    Parameters
    ----------
    counts
        float64[T, n], NaN where missing, which ends no run.
    windows_per_hour
        Windows of an hour.

    Returns
    -------
    NDArray[np.bool_]
        bool[T, n]; never where a count is missing.

    Examples
    --------
    >>> hours = np.array([[2.0], [0.0]] + [[7.0]] * 10 + [[3.0]])
    >>> np.flatnonzero(stuck_windows(hours)).tolist()
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    """
    within = np.zeros(counts.shape, dtype=bool)
    for series in range(counts.shape[1]):
        heard = np.flatnonzero(~np.isnan(counts[:, series]))
        for run in _runs_too_long(heard, counts[heard, series], windows_per_hour):
            within[run, series] = True
    return within


def _runs_too_long(
    heard: NDArray[np.intp], said: NDArray[np.float64], windows_per_hour: float
) -> list[NDArray[np.intp]]:
    """Windows of each run of a number, not zero, that is longer than chance allows, the earliest run first."""
    begins = np.flatnonzero(np.diff(said, prepend=-1.0))
    ends = np.append(begins[1:], len(said))
    suspected = (said[begins] > 0) & (ends - begins >= _SHORTEST_RUN)
    return [
        heard[begin:end]
        for begin, end in zip(begins[suspected], ends[suspected], strict=True)
        if end - begin >= least_run(float(said[begin]), windows_per_hour)
    ]


def least_run(value: float, windows_per_hour: float = 1.0) -> int:
    """Windows that a number must be repeated for to be no chance.

    Examples
    --------
    >>> least_run(1), least_run(7), least_run(1000)
    (25, 9, 5)
    """
    log_probability = value * np.log(value) - value - gammaln(value + 1)
    per_window = FALSE_FINDINGS_PER_WEEK / (168 * windows_per_hour)
    run = 1 + int(np.ceil(np.log(per_window) / log_probability))
    if value <= _MOST_OF_ONE_PERSON_PER_HOUR:
        return max(run, round(_LONGEST_STAY_HOURS * windows_per_hour) + 1)
    return run
