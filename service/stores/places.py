"""What holds for the intervals of sensors in every register."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import pairwise

from service.domain.places import Sensor
from service.errors import Conflict

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_EVER = datetime.max.replace(tzinfo=UTC)


def check_intervals(placements: Iterable[Sensor]) -> None:
    """Check the intervals of one sensor: none ends before it starts, no two overlap.

    Raises
    ------
    Conflict
        If one does; the message names the times.
    """
    by_start = sorted(placements, key=lambda one: one.valid_from or _ALWAYS)
    for one in by_start:
        if (one.valid_from or _ALWAYS) >= (one.valid_to or _EVER):
            raise Conflict(f"sensor {one.sensor}: {_interval(one)} is empty; valid_to must be later than valid_from")
    for before, after in pairwise(by_start):
        if (before.valid_to or _EVER) > (after.valid_from or _ALWAYS):
            raise Conflict(
                f"sensor {after.sensor} would be in two places: {_interval(before)} and {_interval(after)} overlap; "
                "give the first a valid_to no later than the second's valid_from"
            )


def _interval(sensor: Sensor) -> str:
    start = sensor.valid_from.isoformat() if sensor.valid_from else "always"
    end = sensor.valid_to.isoformat() if sensor.valid_to else "open"
    return f"[{start}, {end})"
