"""What one step reads and writes of a state: the head, one window of the day and one slot; the rest it reads."""

from __future__ import annotations

from functools import reduce
from operator import add, sub
from typing import Any, NamedTuple

import numpy as np
from numpy import ndarray
from numpy.typing import NDArray

from models.detector.elementwise import Floats
from models.detector.moment import Memories, Moment, Places
from models.detector.state import Head, OccupancyState

_KNOWN = slice(0, Head.TAIL_WINDOWS)  # tails are learnt apart, in float32
_ONE = np.array(1.0)


class Step(NamedTuple):
    """One window of a state, as it was before the window and as it becomes.

    Parameters
    ----------
    state
        Read here for what lies beside the window.
    moment
        The slot's.
    head, window, slot
        As they were before the window: float64[fields, n], or floats where a series is alone. Nothing is written here.
    new_head, new_window, new_slot
        Where what is learnt is written, and rounded to float32.
    """

    state: OccupancyState
    moment: Moment
    head: NDArray[np.float64]
    window: NDArray[np.float64]
    slot: NDArray[np.float64]
    new_head: NDArray[np.float32]
    new_window: NDArray[np.float32]
    new_slot: NDArray[np.float32]

    @classmethod
    def of(cls, state: OccupancyState, moment: Moment) -> Step:
        """The step of a state at a moment; also of a series alone."""
        head, window, slot = state.head, state.bins[moment.time], state.slots[moment.slot]
        return cls(state, moment, _known(head[_KNOWN]), _known(window), _known(slot), head, window, slot)


def accumulate(
    known: NDArray[np.float64], new: NDArray[np.float32], first: int, gains: tuple[Floats, ...], forget: Floats
) -> None:
    """Forget a share of sums, each a field, and add to them."""
    keep = 1.0 - forget
    for field, gain in enumerate(gains, first):
        new[field] = known[field] * keep + gain


def pooled(rows: NDArray[np.float32], places: Places, mean: Floats | float, variance: Floats) -> tuple[Floats, Floats]:
    """What sums in some places come to together, and what was expected there in all if the ratio's mean is this.

    A place whose own log ratio strays from the one wanted by a variance never counts for more presences than the
    variance's reciprocal. Places are added up in their order, as NumPy does along any axis but the last.
    """
    total: Any
    expected: Any
    if type(rows) is ndarray:
        pairs = rows[places.rows, places.fields].astype(np.float64)
        pairs[:, 1] *= mean
        pairs *= (_ONE / (_ONE + places.strays * variance * pairs[:, 1]))[:, None]
        total, expected = np.add.reduce(pairs, axis=0)
    else:
        total = expected = 0.0
        for row, field, stray in places.each:
            fields = rows[row]
            part_expected = fields[field + 1] * mean
            share = 1.0 / (1.0 + stray * variance * part_expected)
            total += share * fields[field]
            expected += share * part_expected
    return total, expected


def remembered(rows: NDArray[np.float32], memories: Memories, epoch: Any) -> Any:
    """What is remembered in some rows, 0 where it is of an earlier epoch.

    float64[fields, rows, n]; where a series is alone, a list of the rows' values for each field.
    """
    if type(rows) is ndarray:
        known = rows[memories.rows, memories.fields]
        return np.where(known[:, -1:] == epoch, known[:, :-1], 0.0).astype(np.float64).swapaxes(0, 1)
    each = [rows[row][memories.fields].tolist() for row in memories.each]
    forgotten = [0.0] * (len(each[0]) - 1)
    return list(zip(*(values if level == epoch else forgotten for *values, level in each), strict=True))


def most(one: Any, other: Any = None) -> Floats:
    """The largest of what is remembered in some rows, or of its sums with what is remembered in others."""
    largest: Any
    if type(one) is ndarray:
        largest = np.maximum.reduce(one if other is None else one + other, axis=0)
    else:
        largest = max(one if other is None else map(add, one, other))
    return largest  # type: ignore[no-any-return]


def total(one: Any, other: Any) -> Floats:
    """The sum over rows of by how much one remembered field exceeds another, in the order of the rows."""
    return np.add.reduce(one - other, axis=0) if type(one) is ndarray else reduce(add, map(sub, one, other))


def _known(rows: Any) -> Any:
    return rows.astype(np.float64) if type(rows) is ndarray else rows.tolist()
