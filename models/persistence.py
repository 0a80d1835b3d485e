r"""Loitering lasts: evidence summed over hours, nights and weeks.

Over hours, a two-state hidden Markov chain (calm, loitering) is filtered forward, after Ihler, Hutchins and Smyth (KDD
2006); the evidence of a window is the likelihood ratio of its count between the two. Over nights and weeks, the evidence of
a block of hours is summed by a CUSUM (Page 1954; Hoehle and Paul 2008) for each time of day and each slot. This memory
raises the odds that loitering starts in a block where it has been before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats, log_likelihood_ratio
from models.hyperparameters import Hyperparameters
from models.occupancy import Expectation, row
from models.state import Bin, Head, OccupancyState, Slot
from models.week import Week

_SIZES = (1.0, 3.0)  # multiples of the size of loitering that are held for equally likely


@dataclass(frozen=True)
class Outlook:
    """What the past says of loitering in a window before its count is known; float64[n] each."""

    log_odds: Floats
    memory: Floats
    size: Floats  # presences that loitering adds


def foresee(state: OccupancyState, slot: int, expectation: Expectation, week: Week, hyper: Hyperparameters) -> Outlook:
    """The chain's prediction: loitering that lasts, and loitering that starts where it has been before."""
    memory = _memory(state, slot, week, hyper)
    start = _start_probability(memory, week, hyper)
    stay = np.exp(-week.hours / hyper.loitering_hours)
    loitering = row(state.head, Head.LOITERING)
    chance = loitering * stay + (1.0 - loitering) * start
    spread = np.sqrt(expectation.mean + expectation.excess * np.square(expectation.mean))
    size = hyper.loitering_presences_per_hour * week.hours + hyper.loitering_sds * spread
    return Outlook(log_odds=np.log(chance) - np.log1p(-chance), memory=memory, size=size)


def evidence(expectation: Expectation, outlook: Outlook, count: Floats) -> Floats:
    """Log likelihood ratio of loitering, averaged over its sizes; rises strictly with the count."""
    ratios = [
        log_likelihood_ratio(count, expectation.mean, expectation.mean + size * outlook.size, expectation.excess)
        for size in _SIZES
    ]
    return np.logaddexp(ratios[0], ratios[1]) - np.log(2.0)


def remember(
    state: OccupancyState,
    slot: int,
    outlook: Outlook,
    count_evidence: Floats,
    observed: NDArray[np.bool_],
    begun: NDArray[np.bool_],
    week: Week,
    hyper: Hyperparameters,
) -> None:
    """Learn a window's evidence (0 where missing); writes one slot, one bin and the head."""
    head = state.head
    log_odds = outlook.log_odds + count_evidence
    head[Head.LOITERING] = np.where(begun, 1.0 / (1.0 + np.exp(-np.clip(log_odds, -50.0, 50.0))), 0.0)
    fade = 1.0 - week.hours / hyper.block_hours
    block = row(head, Head.BLOCK) * fade + np.clip(count_evidence, -1.0, 3.0)
    head[Head.BLOCK] = np.clip(block, -3.0, 8.0)
    night = np.log1p(hyper.night_share * np.expm1(row(head, Head.BLOCK)))
    night = np.minimum(night, hyper.night_cap) - hyper.night_drift
    epoch = row(head, Head.EPOCH)
    _add(
        state.bins[week.time_of_day(slot)], Bin.NIGHT_MEMORY, Bin.EPOCH, night, epoch, observed, hyper.night_memory_days
    )
    _add(state.slots[slot], Slot.WEEK_MEMORY, Slot.EPOCH, night, epoch, observed, hyper.week_memory_weeks)


def _add(
    rows: NDArray[np.float32],
    field: int,
    epoch_field: int,
    night: Floats,
    epoch: Floats,
    observed: NDArray[np.bool_],
    memory_visits: float,
) -> None:
    old = row(rows, field)
    current = row(rows, epoch_field) == epoch
    new = np.maximum(0.0, np.where(current, old, 0.0) * (1.0 - 1.0 / memory_visits) + night)
    rows[field] = np.where(observed, new, old)


def _memory(state: OccupancyState, slot: int, week: Week, hyper: Hyperparameters) -> Floats:
    """The most evidence of any remembered block that this window lies in, from nights or from weeks."""
    epoch = row(state.head, Head.EPOCH)
    memory = np.zeros_like(epoch)
    windows = max(1, round(hyper.block_hours / week.hours))
    for ahead in range(0, windows, max(1, windows // 4)):
        slots = state.slots[week.slot_after(slot, ahead)]
        bins = state.bins[(week.time_of_day(slot) + ahead) % week.windows_per_day]
        for rows, field, epoch_field in (
            (bins, Bin.NIGHT_MEMORY, Bin.EPOCH),
            (slots, Slot.WEEK_MEMORY, Slot.EPOCH),
        ):
            memory = np.maximum(memory, np.where(row(rows, epoch_field) == epoch, row(rows, field), 0.0))
    return memory


def _start_probability(memory: Floats, week: Week, hyper: Hyperparameters) -> Floats:
    """Probability that loitering starts in a window."""
    odds = hyper.loitering_odds * week.hours * np.exp(np.minimum(memory, 30.0))
    limit = hyper.loitering_odds_limit
    odds = odds * limit / (odds + limit)
    return odds / (1.0 + odds)
