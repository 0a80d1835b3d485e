"""What a detector has learnt: three plain arrays, laid out slot by slot, series last.

Fields are plain numbers: a step looks up a hundred of them, and those of an enumeration take five times as long.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calendar import DAY_TYPES

STATE_SCHEMA = 6
GROUPS = ("slots", "bins", "head")
"""Names of the arrays."""

DAY_PARTS = 6  # of four hours each
TAIL_LEVELS = 3  # of the p-value: 1/20, 1/100, 1/500
TAIL_BANDS = 8  # of expected counts, from few to many


class Slot:
    """Fields of one slot of the week."""

    SUM = 0  # weighted counts
    EXPOSURE = 1  # weighted expected counts at the series' level and the fleet's profile
    WEEK_MEMORY = 2  # log evidence that hang-outs use the block that ends here on this day of the week
    WEEK_GAIN = 3  # what of it holds for this day alone; kept, since four rows of logarithms take longer to work out
    EPOCH = 4  # number of the level that both belong to


class Bin:
    """Fields of one window of the day."""

    WEEKDAY_SUM = 0
    WEEKDAY_EXPOSURE = 1
    WEEKEND_SUM = 2
    WEEKEND_EXPOSURE = 3
    NIGHT_MEMORY = 4  # log evidence of loitering in the block that ends here, over nights
    HANG_OUT = 5  # log evidence of a hang-out in the block that ends here, over the days of the week
    MEMORY_EPOCH = 6  # number of the level that both belong to
    WEEKDAY_DISPERSION_SUM = 7
    WEEKDAY_DISPERSION_WEIGHT = 8
    WEEKEND_DISPERSION_SUM = 9
    WEEKEND_DISPERSION_WEIGHT = 10


class Head:
    """Fields of the series as a whole."""

    LEVEL_SUM = 0
    LEVEL_EXPOSURE = 1
    DISPERSION_SUM = 2
    DISPERSION_WEIGHT = 3
    LOITERING = 4  # log odds that loitering was going on in the latest window, above those of a calm series
    BLOCK = 5  # log evidence of the latest hours
    RECENT_SUM = 6  # counts and expected counts of the latest days, unweighted by trust
    RECENT_EXPOSURE = 7
    MEAN = 8  # expected count of an average window of the latest week
    SHIFT_HELD = 9  # windows for which a shift has been evident
    SHIFT_LOG_RATIO = 10  # of the latest accepted shift
    SHIFT_AGE = 11  # windows since it was accepted
    EPOCH = 12  # number of accepted shifts
    QUIET = 13  # -log P(no presence since the latest one)
    SEEN = 14  # windows learnt
    TIME_SUM = 15  # variance of the ratios by time of day around the fleet's profile, as a weighted mean
    TIME_WEIGHT = 16
    SLOT_SUM = 17  # the same of the slots' ratios around those by time of day
    SLOT_WEIGHT = 18
    CLUMPING_SUM = 19  # variance in proportion to the mean, beyond Poisson: people come in groups
    CLUMPING_WEIGHT = 20
    DISTRUST = 21  # share of the latest weeks' windows that were not learnt
    SHIFT_UP = 22  # log evidence of a higher level in each part of the day: the first of `DAY_PARTS` fields
    SHIFT_DOWN = 28  # the same of a lower level
    SHIFT_MEAN = 34  # expected count of an average window in each part of the day
    NEAR_SUM = 40  # counts of the latest hours, and of the latest days
    NEAR_EXPOSURE = 42  # what was expected in them
    DEPENDENCE = 44  # how far a count depends on those of the latest hours, and of the latest days
    DEPENDENCE_SUM = 46  # of both in turn, how counts stray with them: `DAY_PARTS` sums, and as many weights
    TAIL_WINDOWS = 70  # windows whose p-values were counted
    TAIL_BELOW = 71  # of them, those with a p-value below each level: the first of `TAIL_LEVELS` fields
    TAIL_CORRECTION = 74  # what the levels are corrected by in each band: first of `TAIL_LEVELS` times `TAIL_BANDS`


SLOT_FIELDS, BIN_FIELDS = Slot.EPOCH + 1, Bin.WEEKEND_DISPERSION_WEIGHT + 1
HEAD_FIELDS = Head.TAIL_CORRECTION + TAIL_LEVELS * TAIL_BANDS


@dataclass
class OccupancyState:
    """Float32 arrays of everything learnt about ``n`` series.

    Parameters
    ----------
    slots
        float32[8 * windows_per_day, `Slot` fields, n].
    bins
        float32[windows_per_day, `Bin` fields, n].
    head
        float32[`Head` fields, n].
    schema
        Number of this layout. Who changes what the arrays hold raises it: every installation then learns its state
        anew.

    Raises
    ------
    ValueError
        If the schema or a shape is another.
    """

    slots: NDArray[np.float32]
    bins: NDArray[np.float32]
    head: NDArray[np.float32]
    schema: int = STATE_SCHEMA

    def __post_init__(self) -> None:
        if self.schema != STATE_SCHEMA:
            raise ValueError(f"state has schema {self.schema}, this program reads {STATE_SCHEMA}; replay it")
        windows, width = self.bins.shape[0], self.head.shape[-1]
        expected = {
            "slots": (DAY_TYPES * windows, SLOT_FIELDS, width),
            "bins": (windows, BIN_FIELDS, width),
            "head": (HEAD_FIELDS, width),
        }
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(f"state array {name} is {array.dtype}{array.shape}, expected float32{shape}")

    @classmethod
    def new(cls, windows_per_day: int, n: int) -> OccupancyState:
        """The state of series never observed: all zeros."""
        return cls(
            slots=np.zeros((DAY_TYPES * windows_per_day, SLOT_FIELDS, n), dtype=np.float32),
            bins=np.zeros((windows_per_day, BIN_FIELDS, n), dtype=np.float32),
            head=np.zeros((HEAD_FIELDS, n), dtype=np.float32),
        )

    @property
    def windows_per_day(self) -> int:
        """Windows of a day."""
        return int(self.bins.shape[0])

    @property
    def width(self) -> int:
        """Number of series."""
        return int(self.head.shape[1])

    def select(self, columns: NDArray[np.intp] | NDArray[np.bool_] | Sequence[int] | slice) -> OccupancyState:
        """A copy of some series."""
        chosen = np.arange(self.width)[columns]
        slots, bins, head = (np.take(rows, chosen, axis=-1) for rows in (self.slots, self.bins, self.head))
        return OccupancyState(slots, bins, head)

    def put(self, columns: NDArray[np.intp] | Sequence[int], other: OccupancyState) -> None:
        """Replace some series by those of another state."""
        self.slots[..., columns] = other.slots
        self.bins[..., columns] = other.bins
        self.head[..., columns] = other.head

    @classmethod
    def concatenate(cls, parts: Sequence[OccupancyState]) -> OccupancyState:
        """The series of several states side by side."""
        return cls(
            slots=np.concatenate([part.slots for part in parts], axis=2),
            bins=np.concatenate([part.bins for part in parts], axis=2),
            head=np.concatenate([part.head for part in parts], axis=1),
        )


def row(rows: NDArray[np.float32], field: int) -> NDArray[np.float64]:
    """One field as float64; a float, where rows are those of `models.detector.alone`."""
    values: Any = rows[field]
    return values.astype(np.float64) if type(values) is np.ndarray else values
