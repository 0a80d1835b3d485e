r"""Loitering lasts: evidence summed over hours, nights and weeks.

Over hours, the log odds of loitering are carried from window to window, as by the forward filter of a two-state chain
(Ihler, Hutchins and Smyth, KDD 2006); the evidence of a window is the likelihood ratio of its count. Over nights, the
evidence of a block of hours is summed by a CUSUM (Page 1954; Hoehle and Paul 2008), once over all nights and once for
each day :math:`d` of the week, :math:`S_d`. A hang-out keeps to some days, each with the probability :math:`q`, so the
log odds that one uses the block on this day :math:`d`, whichever its other days are, come to

.. math:: \sum_{e \neq d} \log(1 - q + q \, e^{S_e}) + \log q + S_d

The better of the two gives the chain a head start in these hours, once a count speaks for loitering: as far as it
exceeds what is expected after those of the latest hours and days (`models.detector.dependence`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.detector.dependence import raised
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
from models.detector.step import Step, most, remembered, total

_SIZES = (1.0, 3.0)  # multiples of the size of loitering that are held for equally likely
_LOG_2 = log(2.0)
_BLOCK_LIMIT = 8.0  # log evidence of one block of hours
_BLOCK_FLOOR = 1.0  # what the hours before can speak against it


class Outlook(NamedTuple):
    """What the past says of loitering in a window before its count is known; float64[n] each, but for a distribution.

    Earlier nights count only where the window speaks for loitering too: nobody loiters where nobody is, however often
    somebody did.
    """

    lasting: Floats  # log odds by the hours before
    remembered: Floats  # log odds by earlier nights as well
    usual: Predictive  # of its count without it, after those of the latest hours and days
    size: Floats  # presences that loitering adds
    hang_out: Floats  # log odds, by earlier nights, that a hang-out uses these hours

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
    weight = 1.0 / (1.0 + square(busiest / constants.memory_rate))
    nights, hang_out = _memories(step, frame)
    head_start = weight * maximum(constants.memory_gain * nights, hang_out)
    starting = constants.calm_log_odds + minimum(head_start, constants.starting_gain)
    spread = sqrt(mean + expectation.excess * square(mean))
    return Outlook(
        lasting=logaddexp(lasting, constants.calm_log_odds),
        remembered=logaddexp(lasting, starting),
        usual=Predictive.of(mean * raised(step.head), expectation.excess),
        size=sqrt(
            constants.squared_presences
            + square(constants.loitering_sds * spread)
            + square(constants.loitering_means * average)
        ),
        hang_out=weight * hang_out,
    )


def evidence(outlook: Outlook, count: Floats) -> tuple[Floats, Floats]:
    """Log likelihood ratio of loitering, averaged over its sizes, and of the least; both rise with the count."""
    usual = outlook.usual
    small, large = (usual.log_likelihood_ratio(count, usual.mean + size * outlook.size) for size in _SIZES)
    return logaddexp(small, large) - _LOG_2, small


def remember(
    step: Step, frame: Frame, *, log_odds: Floats, count_evidence: Floats, settled: Floats, observed: Bools
) -> None:
    """Learn a window's log odds and evidence (0 where missing); writes one slot, one window of the day and the head.

    The evidence is that of the least size of loitering, which many nights together tell best. ``settled`` is the
    `settled_share`.
    """
    head, new_head, constants = step.head, step.new_head, frame.constants
    begun = observed | (head[Head.SEEN] > 0.0)
    new_head[Head.LOITERING] = where(begun, log_odds - constants.calm_log_odds, 0.0)
    block = maximum(head[Head.BLOCK], -_BLOCK_FLOOR) * constants.kept_of_block
    new_head[Head.BLOCK] = clip(block + minimum(count_evidence, constants.window_cap), -_BLOCK_LIMIT, _BLOCK_LIMIT)
    night = minimum(log1p(constants.night_share * expm1(row(new_head, Head.BLOCK))), constants.night_cap)
    night = where(night > 0.0, night * settled, night)
    epoch = head[Head.EPOCH]
    if not step.moment.holiday:
        weeks = _summed(step.slot, Slot.WEEK_MEMORY, Slot.EPOCH, epoch, night=night, keep=constants.kept_of_week)
        gain = weeks - log1p(constants.evening_share * expm1(weeks))
        for field, value in ((Slot.WEEK_MEMORY, weeks), (Slot.WEEK_GAIN, gain), (Slot.EPOCH, epoch)):
            step.new_slot[field] = where(observed, value, step.slot[field])
    nights = _summed(step.window, Bin.NIGHT_MEMORY, Bin.MEMORY_EPOCH, epoch, night=night, keep=constants.kept_of_night)
    days = total(*remembered(step.state.slots, step.moment.week, epoch))
    for field, value in ((Bin.NIGHT_MEMORY, nights), (Bin.HANG_OUT, days), (Bin.MEMORY_EPOCH, epoch)):
        step.new_window[field] = where(observed, value, step.window[field])


def _memories(step: Step, frame: Frame) -> tuple[Floats, Floats]:
    """The most evidence of any block that this window lies in: summed over nights, and of a hang-out on such days."""
    state, moment, epoch = step.state, step.moment, step.state.head[Head.EPOCH]
    nights, hang_outs = remembered(state.bins, moment.ends, epoch)
    (gains,) = remembered(state.slots, moment.days, epoch)
    return most(nights), most(hang_outs, gains) + frame.constants.log_evening_share


def _summed(
    known: NDArray[np.float64], field: int, epoch_field: int, epoch: Floats, *, night: Floats, keep: Floats
) -> Floats:
    """A remembered sum with a night more, which is 0 where the level has shifted since."""
    return maximum(0.0, where(known[epoch_field] == epoch, known[field], 0.0) * keep + night)
