"""The tail of a series alone, in floats: `models.detector.tails.Tail` to the last bit, in half the time."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from models.detector.distribution import Floats
from models.detector.frame import Frame
from models.detector.state import TAIL_BANDS, TAIL_LEVELS, Head
from models.detector.tails import (
    FIRST_BAND,
    LEAST_FALL,
    LEAST_MEAN,
    LEAST_P,
    LENGTHS,
    LEVELS,
    LOG_BAND_RATIO,
    LOG_LEVELS,
    LOG_MOST,
    MOST_CORRECTION,
    STEPS,
    Tail,
)

_LEVELS: list[float] = LEVELS.ravel().tolist()
_LOG_LEVELS: list[float] = LOG_LEVELS.ravel().tolist()
_LEAST_FALL: list[float] = LEAST_FALL.ravel().tolist()
_LENGTHS: list[float] = LENGTHS.ravel().tolist()
_STEPS: list[float] = STEPS.ravel().tolist()
_LOG_MOST, _LOG_BAND_RATIO, _FIRST_BAND = (float(value) for value in (LOG_MOST, LOG_BAND_RATIO, FIRST_BAND))
_LEAST_P, _LEAST_MEAN = float(LEAST_P), float(LEAST_MEAN)


class AloneTail:
    """What is known of a window's tail before its count is learnt.

    Parameters
    ----------
    head
        The state's, as of `models.detector.alone`.
    frame
        The series'.
    mean, p_value, p_above
        Of the window, by the predictive distribution.

    Attributes
    ----------
    log_ratios, frequency, counted_log_frequency
        As of the tail of many series; the last is a float.
    """

    def __init__(self, head: Any, frame: Frame, *, mean: float, p_value: float, p_above: float) -> None:
        strength, windows, average = frame.constants.tail_strength, head[Head.TAIL_WINDOWS], head[Head.MEAN]
        ratios = [
            (strength + head[Head.TAIL_BELOW + level]) / (strength + _LEVELS[level] * windows)
            for level in range(TAIL_LEVELS)
        ]
        multiple = (mean + _LEAST_MEAN) / ((average if average > 0.0 else mean) + _LEAST_MEAN)
        logs: list[float] = np.log([*ratios, multiple, max(p_value, _LEAST_P), max(p_above, _LEAST_P)]).tolist()
        counted, log_p = logs[:TAIL_LEVELS], logs[TAIL_LEVELS + 1 :]
        self._bands = _bands(logs[TAIL_LEVELS])
        corrected = _corrected(head, counted, self._bands)
        frequencies = _frequencies(corrected)
        self._raw = p_value, p_above
        self.log_ratios: Floats = np.array(corrected)[:, None]
        self.frequency: Floats = np.exp([[_log_frequency(frequencies, one)] for one in log_p])
        self.counted_log_frequency = _log_frequency(_frequencies(counted), log_p[0])

    def learn(self, head: Any, frame: Frame, observed: Any) -> None:
        """Count the window towards every level, and steer the corrections of its bands; writes the head."""
        keep = 1.0 - observed / frame.constants.tail_memory
        told: list[list[float]] = self.frequency.tolist()
        head[Head.TAIL_WINDOWS] = head[Head.TAIL_WINDOWS] * keep
        head[Head.TAIL_WINDOWS] += observed
        for level, limit in enumerate(_LEVELS):
            below = Head.TAIL_BELOW + level
            head[below] = head[below] * keep
            head[below] += observed * _chance_below(limit, *self._raw)
            missed = _STEPS[level] * (observed * (_chance_below(limit, told[0][0], told[1][0]) - limit))
            for band, share in self._bands:
                field = Head.TAIL_CORRECTION + level * TAIL_BANDS + band
                head[field] = min(max(head[field] + missed * share, -MOST_CORRECTION), MOST_CORRECTION)


def tail_alone(head: Any, frame: Frame, *, mean: float, p_value: float, p_above: float) -> Tail:
    """The tail of a window of a series alone: like that of many, but for its numbers, which are floats."""
    return cast(Tail, AloneTail(head, frame, mean=mean, p_value=p_value, p_above=p_above))


def _bands(log_multiple: float) -> list[tuple[int, float]]:
    """The one or two bands that a window belongs to, and how far."""
    place = min(max(log_multiple / _LOG_BAND_RATIO - _FIRST_BAND, 0.0), TAIL_BANDS - 1.0)
    first = int(place)
    return [(band, 1.0 - abs(place - band)) for band in (first, first + 1) if abs(place - band) < 1.0]


def _corrected(head: Any, counted: list[float], bands: list[tuple[int, float]]) -> list[float]:
    """Log ratios as the bands correct them."""
    correction, corrected = 0.0, []
    for level, ratio in enumerate(counted):
        of_level = 0.0
        for band, share in bands:
            of_level += head[Head.TAIL_CORRECTION + level * TAIL_BANDS + band] * share
        correction += of_level
        corrected.append(ratio + correction)
    return corrected


def _frequencies(log_ratios: list[float]) -> list[float]:
    """Log frequency at each level."""
    least, frequencies = 0.0, []
    for level, ratio, fall in zip(_LOG_LEVELS, log_ratios, _LEAST_FALL, strict=True):
        least = min(least, min(level + ratio, _LOG_MOST) - fall)
        frequencies.append(least + fall)
    return frequencies


def _log_frequency(frequencies: list[float], log_p: float) -> float:
    """Log frequency of p-values so small: the segments above it, and the one it is in."""
    told = begin = begun = slope = 0.0
    for end, reached, length in zip(_LOG_LEVELS, frequencies, _LENGTHS, strict=True):
        slope = (reached - begun) / length
        told += slope * (min(max(log_p, end), begin) - begin)
        begin, begun = end, reached
    return told + slope * (min(log_p, begin) - begin)


def _chance_below(limit: float, p_value: float, p_above: float) -> float:
    """Chance that a p-value drawn at random within its count is below the level."""
    return min(max((limit - p_above) / max(p_value - p_above, _LEAST_P), 0.0), 1.0)
