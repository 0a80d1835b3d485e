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
        said = counts[heard, series]
        others = np.flatnonzero(said != said[-1])
        run = said[others[-1] + 1 if len(others) else 0 :]
        if len(run) >= least_run(float(run[0]), windows_per_hour):
            findings.put(series, int(heard[len(said) - len(run)]), float(run[0]))
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
        heard = np.flatnonzero(counts[:, series] >= 0)
        said = counts[heard, series]
        begins = np.flatnonzero(np.diff(said, prepend=-1.0))
        lengths = np.diff(begins, append=len(said))
        for run in np.flatnonzero((said[begins] > 0) & (lengths >= _SHORTEST_RUN)):
            begin, length = begins[run], lengths[run]
            if length >= least_run(float(said[begin]), windows_per_hour):
                within[heard[begin : begin + length], series] = True
    return within


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
