r"""Loitering lasts: evidence summed over hours, nights and weeks.

Over hours, the log odds of loitering are carried from window to window, as by the forward filter of a two-state chain
(Ihler, Hutchins and Smyth, KDD 2006); the evidence of a window is the likelihood ratio of its count. Over nights and
weeks, the evidence of a block of hours is summed by a CUSUM (Page 1954; Hoehle and Paul 2008) for each time of day and
each slot. This memory gives the chain a head start in hours in which loitering has been before, once a count speaks for
it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats, Predictive
from models.detector.elementwise import (
    Bools,
    clip,
    expm1,
    log,
    log1p,
    logaddexp,
    maximum,
    minimum,
    sqrt,
    square,
    where,
)
from models.detector.frame import Frame
from models.detector.occupancy import Expectation
from models.detector.state import Bin, Head, Slot, row
from models.detector.step import Step, most_remembered

_SIZES = (1.0, 3.0)  # multiples of the size of loitering that are held for equally likely
_LOG_2 = log(2.0)
_BLOCK_LIMIT = 8.0  # log evidence of one block of hours


class Outlook(NamedTuple):
    """What the past says of loitering in a window before its count is known; float64[n] each.

    Earlier nights count only where the window speaks for loitering too: nobody loiters where nobody is, however often
    somebody did.
    """

    lasting: Floats  # log odds by the hours before
    remembered: Floats  # log odds by earlier nights as well
    size: Floats  # presences that loitering adds

    def log_odds(self, evidence: Floats) -> Floats:
        """Log odds of loitering given a window's evidence, with which they rise."""
        return where(evidence > 0.0, self.remembered, self.lasting) + evidence

    def calmed(self, calm: Bools, calm_log_odds: Floats) -> Outlook:
        """The outlook with the odds of a calm start, which are the least, where somebody vouches for calm."""
        lasting, remembered = (where(calm, calm_log_odds, odds) for odds in (self.lasting, self.remembered))
        return self._replace(lasting=lasting, remembered=remembered)


def foresee(step: Step, frame: Frame, expectation: Expectation) -> Outlook:
    """The chain's prediction: loitering that lasts, or that starts where it has been before."""
    constants, average, mean = frame.constants, step.head[Head.MEAN], expectation.mean
    busiest = maximum(mean, average) / constants.hours
    most = constants.lasting_gain / (1.0 + busiest / constants.lasting_rate)
    lasting = constants.calm_log_odds + minimum(step.head[Head.LOITERING], most) - constants.ending
    gain = constants.memory_gain / (1.0 + square(busiest / constants.memory_rate))
    starting = constants.calm_log_odds + minimum(gain * _memory(step), constants.starting_gain)
    spread = sqrt(mean + expectation.excess * square(mean))
    return Outlook(
        lasting=logaddexp(lasting, constants.calm_log_odds),
        remembered=logaddexp(lasting, starting),
        size=sqrt(
            constants.squared_presences
            + square(constants.loitering_sds * spread)
            + square(constants.loitering_means * average)
        ),
    )


def evidence(predictive: Predictive, outlook: Outlook, count: Floats) -> Floats:
    """Log likelihood ratio of loitering, averaged over its sizes; rises strictly with the count."""
    small, large = (predictive.log_likelihood_ratio(count, predictive.mean + size * outlook.size) for size in _SIZES)
    return logaddexp(small, large) - _LOG_2


def remember(
    step: Step, frame: Frame, *, log_odds: Floats, count_evidence: Floats, settled: Floats, observed: Bools
) -> None:
    """Learn a window's log odds and evidence (0 where missing); writes one slot, one window of the day and the head.

    ``settled`` is the `settled_share`.
    """
    head, new_head, constants = step.head, step.new_head, frame.constants
    begun = observed | (head[Head.SEEN] > 0.0)
    new_head[Head.LOITERING] = where(begun, log_odds - constants.calm_log_odds, 0.0)
    block = maximum(head[Head.BLOCK], 0.0) * constants.kept_of_block + minimum(count_evidence, constants.window_cap)
    new_head[Head.BLOCK] = clip(block, -_BLOCK_LIMIT, _BLOCK_LIMIT)
    night = log1p(constants.night_share * expm1(row(new_head, Head.BLOCK)))
    night = minimum(night, constants.night_cap) - constants.night_drift
    night = where(night > 0.0, night * settled, night)
    for known, new, field, keep in (
        (step.window, step.new_window, Bin.NIGHT_MEMORY, constants.kept_of_night),
        (step.slot, step.new_slot, Slot.WEEK_MEMORY, constants.kept_of_week),
    ):
        _add_night(head[Head.EPOCH], known, new, field, night=night, keep=keep, observed=observed)


def _memory(step: Step) -> Floats:
    """The most evidence of any remembered block that this window lies in, from nights or from weeks."""
    state, moment = step.state, step.moment
    epoch = state.head[Head.EPOCH]
    nights = most_remembered(state.bins, moment.nights, epoch)
    return maximum(nights, most_remembered(state.slots, moment.weeks, epoch))


def _add_night(
    epoch: Floats,
    known: NDArray[np.float64],
    new: NDArray[np.float32],
    field: int,
    *,
    night: Floats,
    keep: Floats,
    observed: Bools,
) -> None:
    """Add a night to a remembered sum, which is 0 where the level has shifted since; writes it and its epoch."""
    kept = where(known[field + 1] == epoch, known[field], 0.0) * keep
    new[field] = where(observed, maximum(0.0, kept + night), known[field])
    new[field + 1] = where(observed, epoch, known[field + 1])
