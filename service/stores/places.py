"""What holds for places in every register, and what it says when it does not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from service.domain.places import PlaceRow, Sensor
from service.errors import Conflict

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_EVER = datetime.max.replace(tzinfo=UTC)


def stairwell_not_found(tenant: str, stairwell: str) -> str:
    """What to say of a stairwell that is not registered."""
    return f"tenant {tenant} has no stairwell {stairwell}; list those it has, or import its places"


def sensor_not_found(number: int) -> str:
    """What to say of a number that no sensor was given."""
    return f"no sensor has the number {number}; numbers come from the register's sensor_number"


def stairwell_would_move(row: PlaceRow, path: Sequence[str]) -> Conflict:
    """What to say of a row that names another building; ``path`` is area, property and building as known."""
    return Conflict(
        f"stairwell {row.stairwell} of tenant {row.tenant} is in {'/'.join(path)} and cannot move to "
        f"{row.area}/{row.property}/{row.building}; correct the row, or give the other stairwell an id of its own"
    )


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
