"""Sensors as devices: what is known of their messages, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

PER_CENT, VOLTS = " %", " V"
"""Units of a :class:`SensorFault`."""


class SensorState(StrEnum):
    """How a sensor is; ``ok`` and ``awaited`` stand alone, faults may come together.

    ``awaited`` was never heard; ``silent`` is not heard any longer; ``deaf`` is heard, and hears nothing.
    """

    OK = "ok"
    AWAITED = "awaited"
    SILENT = "silent"
    DEAF = "deaf"
    STUCK = "stuck"
    SATURATED = "saturated"
    CLOCK_SKEWED = "clock_skewed"
    LOW_BATTERY = "low_battery"
    DUPLICATED = "duplicated"
    LEVEL_SHIFTED = "level_shifted"


class SensorKey(NamedTuple):
    """What a sensor is told by: the number of its series, and its own; 0 where counts name no sensor."""

    series: int
    source: int


class Battery(msgspec.Struct, frozen=True, kw_only=True):
    """What a device says of its battery: percent, volts, or only whether it is low."""

    low: bool
    percent: Annotated[float, Meta(ge=0, le=100)] | None = None
    volts: Annotated[float, Meta(ge=0)] | None = None


@dataclass(frozen=True)
class Sightings:
    """What one request told of the sensors it had messages of, one element a sensor; times in seconds UTC.

    Attributes
    ----------
    arrived
        When the request came.
    series, sources
        int64[n], the sensors' keys.
    first, last
        int64[n], the earliest and the latest time that its messages state.
    longest
        int64[n], the longest interval between two of them, in seconds.
    messages
        int64[n], how many; 0 where all were refused because they are from the future.
    ahead
        int64[n], how far into the future the latest of those was, in seconds; else 0.
    """

    arrived: int
    series: NDArray[np.int64]
    sources: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    longest: NDArray[np.int64]
    messages: NDArray[np.int64]
    ahead: NDArray[np.int64]


class Activity(msgspec.Struct, kw_only=True):
    """What is known of a sensor's messages; of bounded size. Times in seconds UTC, days since 1970-01-01 UTC.

    Attributes
    ----------
    first_seen, last_seen
        Earliest and latest time that messages stated.
    arrived
        When the latest message came.
    intervals
        How many intervals between messages were seen, by `models.sensors.silence.interval_bins`; the old ones fade.
    weeks
        The time that these fill.
    wait_seconds
        How long a reading waits to be sent, where several are sent together; the longest of the latest weeks.
    lags
        The least delay between time and arrival of each of the latest days, newest last: (day, seconds).
    usual_lag
        What the least delay of a day usually is.
    days
        Messages of each of the latest days on which some came, newest last: (day, messages).
    ahead
        When a message from the future was refused last, how far ahead it was, and how many came since a good one.
    battery, battery_at
        What was last said of the battery, and when.
    """

    first_seen: int = 0
    last_seen: int = 0
    arrived: int = 0
    intervals: list[float] = []
    weeks: float = 0.0
    wait_seconds: float = 0.0
    lags: list[tuple[int, int]] = []
    usual_lag: float | None = None
    days: list[tuple[int, int]] = []
    ahead: tuple[int, int, int] | None = None
    battery: Battery | None = None
    battery_at: int = 0


class SensorFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong with a sensor. Times in seconds UTC.

    ``value`` is what tells it: the number repeated, hours that the clock is ahead, percent or volts (``unit``), how
    often a message is counted, the ratio of levels. ``other`` is the series that hears the same. Whether it was found
    in the counts, and not in the messages, is ``of_counts``.
    """

    key: SensorKey
    state: SensorState
    since: int
    found: int
    value: float = 0.0
    unit: str = ""
    other: int | None = None
    of_counts: bool = False
