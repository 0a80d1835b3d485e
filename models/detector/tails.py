r"""The tail of a series' own counts: how often small p-values really come.

Real counts have heavier tails than a negative binomial: holidays nobody named, weather, a party. So each series counts
how often its p-values fell below a few levels, and a p-value is read off the curve through these frequencies, linear in
the logarithms (recalibration of the probability integral transform: Kuleshov, Fenner and Ermon, ICML 2018). A discrete
count falls below a level with the probability with which its randomised p-value would, so quiet series keep their
p-values.

What is unlikely in a busy hour is another thing than in a quiet one: rush hours keep to their counts, evenings do not.
So in each of eight bands of what is expected, in multiples of the series' mean, the curve is steered by what comes of
it: a recalibrated p-value below a level raises the band's correction there, all others lower it a little, until the
level is met as often as it says (adaptive conformal inference: Gibbs and Candes, NeurIPS 2021), whatever the counts are
like, but for what lies beyond the bounds of corrections and curves:

.. math:: \theta_\alpha \leftarrow \theta_\alpha + \gamma_\alpha \, w \, (1[p < \alpha] - \alpha)

Here a correction :math:`\theta` is added to a logarithm, and :math:`w` is how far the window belongs to the band. A
correction holds for the rarer levels as well, which are seldom met and know little of their own. Holidays are few
and of their own kind, so nothing is learnt of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats
from models.detector.frame import Frame
from models.detector.state import TAIL_BANDS, TAIL_LEVELS, Head, row

# Single numbers are arrays without a dimension, too: NumPy takes them in half the time of floats.
LEVELS = np.array([0.05, 0.01, 0.002])[:, None]
LOG_LEVELS = np.log(LEVELS)[..., None]
_FROM = np.concatenate([np.zeros((1, 1, 1)), LOG_LEVELS])  # where the segments of a curve begin, downwards
_TO = np.concatenate([LOG_LEVELS, np.full((1, 1, 1), -np.inf)])
LENGTHS = np.diff(_FROM, axis=0)
_COUNTED = slice(Head.TAIL_WINDOWS, Head.TAIL_WINDOWS + 1 + TAIL_LEVELS)
_CORRECTIONS = slice(Head.TAIL_CORRECTION, Head.TAIL_CORRECTION + TAIL_LEVELS * TAIL_BANDS)
_BANDS = np.arange(TAIL_BANDS, dtype=np.float64)[:, None]
LOG_BAND_RATIO = np.array(np.log(3.0**0.5))  # from one band's middle to the next one's
FIRST_BAND = np.array(-4.0)  # in such steps from the mean: a ninth of it
STEPS = np.array([0.3, 0.4, 0.5])[:, None]  # of a correction, in logarithms, for a p-value below its level
MOST_CORRECTION = 3.0  # of one level, either way, in logarithms: what never comes, or always does, ends somewhere
_LEAST_SLOPE = 0.2  # of log frequency over log p: a p-value below all levels still tells one count from a larger one
LEAST_FALL = _LEAST_SLOPE * LOG_LEVELS
LOG_MOST = np.array(np.log(0.5))  # a level is never met more often than in every second window
_ZERO, _ONE = np.array(0.0), np.array(1.0)
LEAST_P, LEAST_MEAN = np.array(1e-300), np.array(1e-12)


class TailCurves:
    """The frequency of p-values as a function of the p-value, linear in the logarithms; one or more for each series.

    Parameters
    ----------
    log_ratios
        float64[levels, curves, n]: by what factor p-values fall below each level too often.
    """

    def __init__(self, log_ratios: Floats) -> None:
        steep = np.minimum(LOG_LEVELS + log_ratios, LOG_MOST) - LEAST_FALL
        np.minimum(steep[0], _ZERO, out=steep[0])
        for level in range(1, TAIL_LEVELS):  # row by row: NumPy's own accumulation takes ten times as long
            np.minimum(steep[level - 1], steep[level], out=steep[level])
        self._frequencies = np.zeros((TAIL_LEVELS + 1, *log_ratios.shape[1:]))  # log, where segments begin
        np.add(steep, LEAST_FALL, out=self._frequencies[1:])
        self._slopes = np.empty_like(self._frequencies)  # of the segments; below all levels that above the last
        np.divide(self._frequencies[1:] - self._frequencies[:-1], LENGTHS, out=self._slopes[:-1])
        self._slopes[-1] = self._slopes[-2]

    def log_frequency(self, curve: int, distances: Floats) -> Floats:
        """Logarithm of the frequency of p-values so small by one of the curves, float64[p-values, n].

        It rises strictly from 1e-300 on. NaN stays NaN.
        """
        above, first, second, below = self._slopes[:, curve : curve + 1] * distances
        return np.asarray(above + first + second + below)

    def nominal(self, frequency: float) -> Floats:
        """The p-value that is met with this frequency, float64[curves, n]."""
        target = np.log(frequency)
        ends = np.concatenate([self._frequencies[1:], np.full_like(self._frequencies[:1], -np.inf)])
        steps = np.minimum(np.maximum(target, ends), self._frequencies) - self._frequencies
        return np.asarray(np.exp((steps / self._slopes).sum(axis=0)))


def distances_of(p_values: Floats) -> Floats:
    """How far the logarithms of p-values, float64[p-values, n], go into each segment of a curve; these come first."""
    distances: Floats = np.log(np.maximum(p_values, LEAST_P)).clip(_TO, _FROM)
    distances -= _FROM
    return distances


@dataclass(frozen=True)
class Tail:
    """What is known of a window's tail before its count is learnt.

    Parameters
    ----------
    bands
        float64[TAIL_BANDS, n]: how far the window belongs to each band, to the two nearest; sums to 1.
    log_ratios
        float64[levels, n]: those of the curve that the series has counted, as the bands correct it.
    raw
        float64[2, n]: P(Y >= count) and P(Y > count) by the predictive distribution.
    frequency
        float64[2, n]: how often this series' counts really come that far out.
    counted_log_frequency
        float64[n]: logarithm of the same of P(Y >= count) by what the series has counted, which one evening moves
        little.
    """

    bands: Floats
    log_ratios: Floats
    raw: Floats
    frequency: Floats
    counted_log_frequency: Floats

    @classmethod
    def of(cls, head: NDArray[np.float32], frame: Frame, *, mean: Floats, p_value: Floats, p_above: Floats) -> Tail:
        """The tail of windows with such means and p-values, float64[n] each."""
        bands = _bands(head, mean)
        counted = _counted_log_ratios(head, frame.constants.tail_strength)[:, None]
        corrected = counted + _corrections_of(head, bands)[:, None]
        curves, raw = TailCurves(np.concatenate([counted, corrected], axis=1)), np.array([p_value, p_above])
        distances = distances_of(raw)
        return cls(
            bands=bands,
            log_ratios=corrected[:, 0],
            raw=raw,
            frequency=np.exp(curves.log_frequency(1, distances)),
            counted_log_frequency=curves.log_frequency(0, distances[:, :1])[0],
        )

    def learn(self, head: NDArray[np.float32], frame: Frame, observed: NDArray[np.bool_]) -> None:
        """Count the window towards every level that its p-value, drawn at random within its count, falls below.

        The corrections of its bands are steered by the same chance for the recalibrated p-value; writes the head.
        """
        below, below_told = _chance_below(np.array([self.raw, self.frequency]))
        counted = head[_COUNTED]
        seen = observed.astype(np.float64)
        counted *= _ONE - seen / frame.constants.tail_memory
        counted[0] += seen
        counted[1:] += seen * below
        missed = seen * (below_told - LEVELS)
        corrections = head[_CORRECTIONS].reshape(TAIL_LEVELS, TAIL_BANDS, -1)
        corrections += (STEPS * missed)[:, None] * self.bands
        corrections.clip(-MOST_CORRECTION, MOST_CORRECTION, out=corrections)


def _bands(head: NDArray[np.float32], mean: Floats) -> Floats:
    average = row(head, Head.MEAN)
    usual = np.where(average > _ZERO, average, mean)
    multiple = np.log((mean + LEAST_MEAN) / (usual + LEAST_MEAN)) / LOG_BAND_RATIO
    place = (multiple - FIRST_BAND).clip(_BANDS[0], _BANDS[-1])
    return np.asarray(np.maximum(_ZERO, _ONE - np.abs(place - _BANDS)))


def _counted_log_ratios(head: NDArray[np.float32], strength: Floats) -> Floats:
    """By what factor the series met each level too often: log, float64[levels, n].

    The nominal frequency counts for as many windows below a level as ``strength`` says.
    """
    counted = head[_COUNTED].astype(np.float64)
    return np.asarray(np.log((strength + counted[1:]) / (strength + LEVELS * counted[0])))


def _corrections_of(head: NDArray[np.float32], bands: Floats) -> Floats:
    """What windows of these bands are corrected by at each level: log, float64[levels, n]."""
    corrections = head[_CORRECTIONS].reshape(TAIL_LEVELS, TAIL_BANDS, -1)
    # At most two bands are not zero, so the bits of their sum do not hang on the order, which is another at width 1.
    total = (corrections * bands).sum(axis=1)
    for level in range(1, TAIL_LEVELS):
        total[level] += total[level - 1]
    return np.asarray(total)


def _chance_below(p_values: Floats) -> Floats:
    """Chance that a p-value drawn at random within its count is below each level.

    float64[..., levels, n] of the P(Y >= count) and P(Y > count) that float64[..., 2, n] are.
    """
    p_value, p_above = p_values[..., :1, :], p_values[..., 1:, :]
    chance = (LEVELS - p_above) / np.maximum(p_value - p_above, LEAST_P)
    return np.asarray(chance.clip(_ZERO, _ONE))
