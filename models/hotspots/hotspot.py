"""What a hot-spot is; those who only tell of one need none of what finds it."""

from __future__ import annotations

from dataclasses import dataclass

EMERGING = "emerging"
CHRONIC = "chronic"


@dataclass(frozen=True)
class HotSpot:
    """A series and a block of the week with more presences than expected.

    Parameters
    ----------
    stairwell, series
        Numbers of the stairwell and of the series the block was found in.
    kind
        ``emerging`` where loitering began while the sensor listened, ``chronic`` where it may always have been so.
    weekdays
        Days the block starts on, Monday 0.
    from_hour, to_hour
        Local hours of the day, the latter exclusive; a block that wraps midnight belongs to the day it starts.
    observed, expected
        Presences in the block over the period.
    days
        Different evenings with presences in the block.
    score
        -log10 of ``p_value``; ranks the list.
    p_value
        Chance that a stairwell where nothing is on has a block like this, corrected for the scan.
    significant
        Whether it stays below the false discovery rate among all stairwells.
    first_seen, last_seen
        UTC epoch seconds of the first and last window with presences in the block in the period.
    """

    stairwell: int
    series: int
    kind: str
    weekdays: tuple[int, ...]
    from_hour: int
    to_hour: int
    observed: int
    expected: float
    days: int
    score: float
    p_value: float
    significant: bool
    first_seen: int
    last_seen: int
