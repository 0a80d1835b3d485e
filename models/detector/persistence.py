r"""Loitering lasts: evidence summed over hours, nights and weeks.

Over hours, the log odds of loitering are carried from window to window, as by the forward filter of a two-state chain
(Ihler, Hutchins and Smyth, KDD 2006); the evidence of a window is the likelihood ratio of its count. Over nights and
weeks, the evidence of a block of hours is summed by a CUSUM (Page 1954; Hoehle and Paul 2008) for each time of day and
each slot. This memory gives the chain a head start in hours in which loitering has been before.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats, log_likelihood_ratio
from models.detector.elementwise import clip, exp, expm1, log, log1p, logaddexp, maximum, minimum, sqrt, square, where
from models.detector.frame import Frame
from models.detector.occupancy import Expectation
from models.detector.state import Bin, Head, OccupancyState, Slot, row
from models.detector.trust import settled_share

_SIZES = (1.0, 3.0)  # multiples of the size of loitering that are held for equally likely
_LOG_2 = log(2.0)
_BLOCK_LIMIT = 8.0  # log evidence of one block of hours


@dataclass(frozen=True)
class Outlook:
    """What the past says of loitering in a window before its count is known; float64[n] each."""

    log_odds: Floats
    size: Floats  # presences that loitering adds


def foresee(state: OccupancyState, slot: int, frame: Frame, expectation: Expectation) -> Outlook:
    """The chain's prediction: loitering that lasts, or that starts where it has been before."""
    hyper, hours = frame.hyper, frame.week.hours
    busiest = maximum(expectation.mean, row(state.head, Head.MEAN)) / hours
    most = hyper.lasting_gain / (1.0 + square(busiest / hyper.lasting_rate))
    lasting = frame.calm_log_odds + minimum(row(state.head, Head.LOITERING), most)
    gain = hyper.memory_gain / (1.0 + square(busiest / hyper.memory_rate))
    starting = frame.calm_log_odds + minimum(gain * _memory(state, slot, frame), hyper.starting_gain)
    spread = sqrt(expectation.mean + expectation.excess * square(expectation.mean))
    return Outlook(
        log_odds=logaddexp(lasting - hours / hyper.loitering_hours, starting),
        size=sqrt(
            square(hyper.loitering_presences_per_hour * hours)
            + square(hyper.loitering_sds * spread)
            + square(hyper.loitering_means * row(state.head, Head.MEAN))
        ),
    )


def evidence(expectation: Expectation, outlook: Outlook, count: Floats) -> Floats:
    """Log likelihood ratio of loitering, averaged over its sizes; rises strictly with the count."""
    mean, excess = expectation.mean, expectation.excess
    small, large = (log_likelihood_ratio(count, mean, mean + size * outlook.size, excess) for size in _SIZES)
    return logaddexp(small, large) - _LOG_2


def remember(
    state: OccupancyState,
    slot: int,
    frame: Frame,
    *,
    log_odds: Floats,
    count_evidence: Floats,
    observed: NDArray[np.bool_],
) -> None:
    """Learn a window's log odds and evidence (0 where missing); writes one slot, one bin and the head."""
    head, hyper = state.head, frame.hyper
    begun = observed | (row(head, Head.SEEN) > 0.0)
    head[Head.LOITERING] = where(begun, log_odds - frame.calm_log_odds, 0.0)
    fade = exp(-frame.week.hours / hyper.block_hours)
    block = maximum(row(head, Head.BLOCK), 0.0) * fade + minimum(count_evidence, hyper.window_cap)
    head[Head.BLOCK] = clip(block, -_BLOCK_LIMIT, _BLOCK_LIMIT)
    night = log1p(hyper.night_share * expm1(row(head, Head.BLOCK)))
    night = minimum(night, hyper.night_cap) - hyper.night_drift
    night = where(night > 0.0, night * settled_share(head, frame), night)
    bins, slots = state.bins[frame.week.time_of_day(slot)], state.slots[slot]
    _add_night(bins, (Bin.NIGHT_MEMORY, Bin.MEMORY_EPOCH), head, night, observed / hyper.night_memory_days)
    _add_night(slots, (Slot.WEEK_MEMORY, Slot.EPOCH), head, night, observed / hyper.week_memory_weeks)


def _memory(state: OccupancyState, slot: int, frame: Frame) -> Floats:
    """The most evidence of any remembered block that this window lies in, from nights or from weeks."""
    week = frame.week
    remembered: list[Floats] = []
    for ahead in week.steps_ahead(frame.hyper.block_hours):
        bins = state.bins[week.time_of_day(slot + ahead)]
        slots = state.slots[week.slot_after(slot, ahead)]
        remembered.append(_of_this_level(bins, (Bin.NIGHT_MEMORY, Bin.MEMORY_EPOCH), state.head))
        remembered.append(_of_this_level(slots, (Slot.WEEK_MEMORY, Slot.EPOCH), state.head))
    return reduce(maximum, remembered)


def _of_this_level(rows: NDArray[np.float32], fields: tuple[int, int], head: NDArray[np.float32]) -> Floats:
    """A remembered sum, or 0 where the level has shifted since."""
    return where(rows[fields[1]] == head[Head.EPOCH], row(rows, fields[0]), 0.0)


def _add_night(
    rows: NDArray[np.float32], fields: tuple[int, int], head: NDArray[np.float32], night: Floats, forget: Floats
) -> None:
    observed = forget > 0.0
    kept = _of_this_level(rows, fields, head) * (1.0 - forget)
    rows[fields[0]] = where(observed, maximum(0.0, kept + night), row(rows, fields[0]))
    rows[fields[1]] = where(observed, row(head, Head.EPOCH), row(rows, fields[1]))
