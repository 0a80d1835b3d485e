"""Half an oracle, for simulated towns only: it knows what is normal in every window, and must find nights and hours.

What it misses is not to be had by learning rates better; the oracle of `oracle` knows where to look as well.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from bench.quality.panel import Judgement, Panel
from bench.quality.towns import Town
from models.detector.distribution import Predictive

_DISPERSION = 0.4  # of counts in the towns: windows and days differ
_LENGTHS, _SIZES = (2, 3, 4, 6), (0.5, 1.1)  # hours of a hang-out, presences an hour that it adds
_NIGHT_ODDS, _WEEKDAY_ODDS = 0.5, 0.8  # that a hang-out of these hours, or of this weekday, takes place at all
_NIGHTS, _WEEKS = 60.0, 8.0  # for which evidence is remembered
_MOST = 30.0  # log evidence of one night, against overflow

_Array = NDArray[np.float64]


def judge_rate_oracle(panel: Panel) -> Judgement:
    """For every first hour, length and size: evidence of this night, of the nights before, and of the same weekday's.

    The score is the logarithm of the sum of all blocks' evidence that the window lies in.
    """
    assert isinstance(panel, Town), "the oracle needs a town's truth"
    mean = np.maximum(panel.rate * (panel.calendar.window_minutes / 60), 1e-6)
    first, length, size = (np.array(column) for column in zip(*product(range(24), _LENGTHS, _SIZES), strict=True))
    seconds = panel.calendar.local_seconds(panel.starts)
    hours, weekdays = seconds % 86_400 // 3600, (seconds // 86_400 + 3) % 7
    tonight, nights = np.zeros((2, len(first), panel.width))
    by_weekday = np.zeros((7, len(first), panel.width))
    evening = np.zeros(len(first), dtype=np.int64)
    score = np.zeros_like(mean)
    for window, (hour, weekday) in enumerate(zip(hours, weekdays, strict=True)):
        gains = {added: _gain(panel.counts[window], mean[window], added) for added in _SIZES}
        into = (hour - first) % 24
        begun, active = np.flatnonzero(into == 0), np.flatnonzero(into < length)
        tonight[begun], evening[begun] = 0.0, weekday
        for added, gain in gains.items():
            tonight[active[size[active] == added]] += gain
        remembered = np.maximum(nights[active], by_weekday[evening[active], active])
        score[window] = np.logaddexp.reduce(remembered + _night(tonight[active], _NIGHT_ODDS), axis=0)
        ended = active[into[active] == length[active] - 1]
        nights[ended] = _summed(nights[ended], _night(tonight[ended], _NIGHT_ODDS), _NIGHTS)
        same = evening[ended], ended
        by_weekday[same] = _summed(by_weekday[same], _night(tonight[ended], _WEEKDAY_ODDS), _WEEKS)
    return Judgement(score)


def _gain(count: _Array, mean: _Array, added: float) -> _Array:
    known = Predictive.of(mean, np.full_like(mean, _DISPERSION))
    ratio = known.log_likelihood_ratio(np.nan_to_num(count), mean + added)
    return np.where(np.isnan(count), 0.0, ratio)


def _night(evidence: _Array, odds: float) -> _Array:
    """Evidence of a night on which the hang-out takes place with these odds only."""
    return np.asarray(np.log1p(odds * np.expm1(np.minimum(evidence, _MOST))))


def _summed(sum_before: _Array, night: _Array, memory: float) -> _Array:
    return np.maximum(0.0, sum_before * (1.0 - 1.0 / memory) + night)
