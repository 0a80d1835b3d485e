r"""The tail of a series' own counts: how often small p-values really come.

Real counts have heavier tails than a negative binomial: holidays nobody named, weather, a party. So each series counts
how often its p-values fell below a few levels, and a p-value is read off the curve through these frequencies, linear in
the logarithms (recalibration of the probability integral transform: Kuleshov, Fenner and Ermon, ICML 2018). A discrete
count falls below a level with the probability with which its randomised p-value would, so quiet series keep their
p-values. What is unlikely in a busy hour is another thing than in a quiet one, so windows are counted in three bands,
by what is expected of them in multiples of the series' mean; a window between two bands counts in both. A band that has
seen little takes after the series, and a series that has seen little after the nominal frequency: a series whose counts
come too far out does so at most hours, so this is known long before any band has seen enough of it.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.frame import Frame
from models.detector.state import TAIL_BANDS, Head, row

TailCurve = list[tuple[float, Floats]]

_LEVELS = (0.05, 0.01, 0.002)
_FIELDS = slice(Head.TAIL_WINDOWS, Head.TAIL_WINDOWS + (1 + len(_LEVELS)) * TAIL_BANDS)  # windows, then by level
_BAND_RATIO = 3.0  # from one band's middle to the next one's: a third of the mean, the mean, three times the mean
_LEAST_SLOPE = 0.2  # of log frequency over log p: a p-value below all levels still tells one count from a larger one
_MOST = 0.5  # a level is never met more often than in every second window


def learn_tail(
    head: NDArray[np.float32],
    frame: Frame,
    *,
    mean: Floats,
    p_value: Floats,
    p_above: Floats,
    observed: NDArray[np.bool_],
) -> None:
    """Count a window towards every level that its p-value, drawn at random within its count, falls below."""
    room = np.maximum(p_value - p_above, 1e-300)
    below = [np.clip((level - p_above) / room, 0.0, 1.0) for level in _LEVELS]
    weight = _bands(head, mean) * observed
    keep = 1.0 - weight / (frame.hyper.tail_memory_weeks * frame.week.windows)
    counted = head[_FIELDS].reshape(-1, TAIL_BANDS, head.shape[1])
    head[_FIELDS] = (counted * keep + weight * np.stack([np.ones_like(mean), *below])[:, None]).reshape(-1, mean.size)


def _bands(head: NDArray[np.float32], mean: Floats) -> Floats:
    """How far a window belongs to each band, float64[TAIL_BANDS, n]; sums to 1."""
    multiple = np.log((mean + 1e-12) / (row(head, Head.MEAN) + 1e-12)) / np.log(_BAND_RATIO)
    few, many = np.clip(-multiple, 0.0, 1.0), np.clip(multiple, 0.0, 1.0)
    return np.stack([few, 1.0 - few - many, many])


def recalibrated(curve: TailCurve, p_value: Floats) -> Floats:
    """The frequency of p-values this small; rises strictly with the p-value. NaN stays NaN."""
    log_p = np.log(np.maximum(p_value, 1e-300))
    result = np.where(np.isnan(log_p), np.nan, 0.0)
    for (left, low), (right, high) in pairwise(curve):
        within = low + (log_p - left) * (high - low) / (right - left)
        result = np.where(log_p < left, within, result)
    return np.exp(result)


def nominal(curve: TailCurve, frequency: float) -> Floats:
    """The p-value that `recalibrated` turns into this frequency."""
    target = np.log(frequency)
    result = np.zeros_like(curve[0][1])
    for (left, low), (right, high) in pairwise(curve):
        within = left + (target - low) * (right - left) / (high - low)
        result = np.where(target < low, within, result)
    return np.exp(result)


def counted_tails(head: NDArray[np.float32], mean: Floats) -> Floats:
    """What the curve of windows with such means is drawn from, float64[8, n].

    All windows of their bands and those below each level, then the same of all bands.
    """
    counted = head[_FIELDS].reshape(-1, TAIL_BANDS, head.shape[1]).astype(np.float64)
    return np.concatenate([(counted * _bands(head, mean)).sum(axis=1), counted.sum(axis=1)])


def tail_curve(counted: Floats, strength: float) -> TailCurve:
    """(log p, log frequency) from p = 1 downwards; the last point lies far below all levels.

    ``counted`` is what `counted_tails` gives. The nominal frequency counts for as many windows below a level as
    ``strength`` says, and so does the series' beside its bands'.
    """
    of_bands, of_series = np.split(counted, 2)
    points = [(0.0, np.zeros(counted.shape[1]))]
    for number, level in enumerate(_LEVELS, start=1):
        ratio = _ratio(of_series, number, np.ones(counted.shape[1]), strength)
        ratio = _ratio(of_bands, number, ratio, strength)
        left, low = points[-1]
        right = float(np.log(level))
        steepest = low - _LEAST_SLOPE * (left - right)
        points.append((right, np.minimum(np.log(np.minimum(level * ratio, _MOST)), steepest)))
    (left, low), (right, high) = points[-2:]
    slope = (high - low) / (right - left)
    return [*points, (right - 1000.0, high - 1000.0 * slope)]


def _ratio(counted: Floats, number: int, expected: Floats, strength: float) -> Floats:
    """How many times too often p-values fall below a level, pulled towards what is ``expected`` of it."""
    nominal_windows = _LEVELS[number - 1] * counted[0]
    return np.asarray((strength * expected + counted[number]) / (strength + nominal_windows))
