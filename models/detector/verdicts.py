"""What the model says of counts, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from models.calibration import log_multiple
from models.detector.constants import SETTLING_WEEKS
from models.detector.distribution import Floats, quantile
from models.detector.tails import TailCurves
from models.version import ModelVersion


@dataclass(frozen=True)
class Verdicts:
    """What the model said of counts before learning them, of one window, [n], or of several, [windows, n].

    ``expected``, ``lower``, ``upper`` and ``evidence_weeks`` are given for every series; the others are NaN (and
    ``anomalous`` false) where the count is missing.

    Parameters
    ----------
    expected
        float64[n]: mean of the predictive distribution, presences per window.
    lower, upper
        float64[n]: its central 95%.
    p_value, p_above
        float64[n]: P(Y >= count) and P(Y > count), as often as this series' counts come that far out.
    score
        float64[n]: log odds that loitering is going on now, persistence included, and the likelier the more presences
        are expected.
    episode_probability
        float64[n]: the same as a probability.
    tail
        float64[n]: episodes a series opens in a week at a score this high when nothing is on.
    anomalous
        bool[n]: the tail is within the series' share of the alarm budget.
    evidence_weeks
        float64[n]: weeks learnt; 0 when new.
    """

    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_above: NDArray[np.float64]
    score: NDArray[np.float64]
    episode_probability: NDArray[np.float64]
    tail: NDArray[np.float64]
    anomalous: NDArray[np.bool_]
    evidence_weeks: NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """What the verdicts on one window are told from, as it was before the window was learnt; float64[n] each.

    ``mean`` and ``excess`` are those of the predictive distribution, ``average`` is the expected count of an average
    window of the week (0 where new); ``log_odds`` of loitering, were it as likely in every hour, and ``p_value`` and
    ``p_above``, recalibrated as they are told, are NaN where the count is missing; ``log_ratios``, float64[levels, n],
    are those of the `models.detector.tails.TailCurves` that recalibrated them.
    """

    mean: Floats
    excess: Floats
    average: Floats
    log_odds: Floats
    p_value: Floats
    p_above: Floats
    evidence_weeks: Floats
    log_ratios: Floats

    def put(self, columns: NDArray[np.intp], other: Scored) -> None:
        """Replace what some series' verdicts are told from."""
        for each in fields(Scored):
            getattr(self, each.name)[..., columns] = getattr(other, each.name)


def tell(windows: Sequence[Scored], version: ModelVersion, window_minutes: int, shares: Floats) -> Verdicts:
    """The verdicts on some windows, all at once: [windows, n]."""
    scored = Scored(*(np.concatenate([getattr(one, each.name) for one in windows], axis=-1) for each in fields(Scored)))
    rate, average = scored.mean * (60 / window_minutes), scored.average * (60 / window_minutes)
    tail = version.calibration.tail(scored.log_odds, rate, average, scored.evidence_weeks, window_minutes)
    score = scored.log_odds + _log_busy(scored)
    told = Verdicts(
        expected=scored.mean,
        lower=quantile(0.025, scored.mean, scored.excess),
        upper=quantile(1.0 - TailCurves(scored.log_ratios[:, None]).nominal(0.025)[0], scored.mean, scored.excess),
        p_value=scored.p_value,
        p_above=scored.p_above,
        score=score,
        episode_probability=1.0 / (1.0 + np.exp(-np.clip(score, -700.0, 700.0))),
        tail=tail,
        anomalous=tail <= np.tile(shares, len(windows)),
        evidence_weeks=scored.evidence_weeks,
    )
    return Verdicts(*(getattr(told, each.name).reshape(len(windows), -1) for each in fields(Verdicts)))


def _log_busy(scored: Scored) -> Floats:
    """By how much loitering is likelier in these windows than in an average one of the week, before any count.

    Things happen where people come and go: in proportion to the presences expected, as far as a series is known. That
    ranks windows; whether a score is an alarm is asked of windows like it, where it makes no difference.
    """
    known = np.minimum(1.0, scored.evidence_weeks / SETTLING_WEEKS)
    return np.asarray(known * log_multiple(scored.mean, scored.average))
