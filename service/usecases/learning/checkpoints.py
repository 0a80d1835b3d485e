"""Checkpoints: the state as it was on Mondays, for replays to start from.

The tick that ends on a Monday, 00:00 UTC, keeps the state of all series; a replay that passes a Monday keeps that of
the series it replays, beside the other. Those of the latest weeks stay, and of older ones every fourth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, SECONDS_PER_WEEK
from models.detector.state import GROUPS, OccupancyState
from service.domain.state import Checkpoint
from service.errors import StateOutdated
from service.ports.state import StateStore

_MONDAY = 4 * SECONDS_PER_DAY  # the first one of the epoch, seconds UTC
_SPARSE_WEEKS = 4


def is_boundary(time: int) -> bool:
    """Whether a checkpoint may be taken at a time, seconds UTC: Mondays, 00:00 UTC.

    Examples
    --------
    >>> is_boundary(1_767_571_200), is_boundary(1_767_571_200 + 86_400)
    (True, False)
    """
    return (time - _MONDAY) % SECONDS_PER_WEEK == 0


def next_boundary(time: int) -> int:
    """The first Monday, 00:00 UTC, after a time."""
    return time + SECONDS_PER_WEEK - (time - _MONDAY) % SECONDS_PER_WEEK


def next_kept(time: int, watermark: int, weeks: int) -> int:
    """The first boundary after a time whose checkpoint is kept at a watermark."""
    boundary = next_boundary(time)
    while not is_kept(boundary, watermark, weeks):
        boundary += SECONDS_PER_WEEK
    return boundary


def is_kept(boundary: int, watermark: int, weeks: int) -> bool:
    """Whether the checkpoint of a boundary is one of the latest ``weeks``, or of an older fourth week."""
    number = (boundary - _MONDAY) // SECONDS_PER_WEEK
    latest = (watermark - _MONDAY) // SECONDS_PER_WEEK
    return number > latest - weeks or is_sparse(boundary)


def is_sparse(boundary: int) -> bool:
    """Whether the checkpoint of a boundary is one of those that stay, however old they are."""
    return (boundary - _MONDAY) // SECONDS_PER_WEEK % _SPARSE_WEEKS == 0


def thinned(checkpoints: Sequence[Checkpoint], watermark: int, weeks: int) -> list[Checkpoint]:
    """The checkpoints to keep, in their order: those of kept boundaries that hold a series no later one holds."""
    kept: list[Checkpoint] = []
    covered: defaultdict[int, set[int]] = defaultdict(set)
    for one in reversed(checkpoints):
        if is_kept(one.time, watermark, weeks) and not covered[one.time].issuperset(one.series):
            kept.append(one)
            covered[one.time].update(one.series)
    return kept[::-1]


def write_checkpoint(state: StateStore, time: int, numbers: NDArray[np.int64], held: OccupancyState) -> Checkpoint:
    """Write the state of some series before the window that starts at ``time``; in force once a ledger names it."""
    file = state.write_chunk({group: getattr(held, group) for group in GROUPS})
    return Checkpoint(time=time, series=numbers.tolist(), file=file)


def read_checkpoints(
    state: StateStore, checkpoints: Sequence[Checkpoint], numbers: NDArray[np.int64], windows_per_day: int
) -> OccupancyState:
    """The state of some series from checkpoints of one time, in their order; a series that none holds is new.

    Raises
    ------
    StoreError
        If a file is damaged or missing.
    StateOutdated
        If one is laid out otherwise.
    """
    holders = {number: one for one in checkpoints for number in one.series}
    wanted = [holders.get(int(number)) for number in numbers]
    read = OccupancyState.new(windows_per_day, len(numbers))
    for holder in {one.file: one for one in wanted if one is not None}.values():
        at = np.array([k for k, one in enumerate(wanted) if one is holder])
        columns = np.searchsorted(holder.series, numbers[at])
        chunk = state.read_chunk(holder.file)
        for group in GROUPS:
            target, held = getattr(read, group), chunk[group]
            if held.shape[:-1] != target.shape[:-1]:
                raise StateOutdated(
                    f"checkpoint {holder.file} holds {group} as {held.shape}: another version of Trappvakt wrote it"
                )
            target[..., at] = held[..., columns]
    return read
