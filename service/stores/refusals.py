"""What is refused and how it is said, whichever store holds the data."""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.hotspots import ListRecord
from service.domain.places import PlaceRow
from service.errors import Conflict, NotFound


def stairwell_not_found(tenant: str, stairwell: str) -> NotFound:
    """Of a stairwell that is not registered."""
    return NotFound(f"tenant {tenant} has no stairwell {stairwell}; list those it has, or import its places")


def sensor_not_found(number: int) -> NotFound:
    """Of a number that no sensor was given."""
    return NotFound(f"no sensor has the number {number}; numbers come from the register's sensor_numbers")


def stairwell_would_move(row: PlaceRow, path: Sequence[str]) -> Conflict:
    """Of a row that names another building; ``path`` is area, property and building as known."""
    return Conflict(
        f"stairwell {row.stairwell} of tenant {row.tenant} is in {'/'.join(path)} and cannot move to "
        f"{row.area}/{row.property}/{row.building}; correct the row, or give the other stairwell an id of its own"
    )


def annotation_not_found(tenant: str, annotation_id: str) -> NotFound:
    """Of an annotation that does not exist."""
    return NotFound(f"tenant {tenant} has no annotation {annotation_id}; list those it has")


def annotation_retracted(annotation_id: str) -> NotFound:
    """Of an annotation that is no longer in force."""
    return NotFound(f"annotation {annotation_id} is retracted already; make it again to put it in force")


def list_exists(tenant: str, list_id: str) -> Conflict:
    """Of a second list with the same id."""
    return Conflict(
        f"tenant {tenant} has a hot-spot list {list_id} already, and lists are never changed; make a new one"
    )


def list_not_found(tenant: str, list_id: str) -> NotFound:
    """Of a list that does not exist."""
    return NotFound(f"tenant {tenant} has no hot-spot list {list_id}; list those it has")


def never_approved(record: ListRecord) -> NotFound:
    """Of an approved list that is asked for and never was."""
    return NotFound(f"hot-spot list {record.list_id} of tenant {record.tenant} was never approved; approve it first")


def key_exists(key_id: str) -> Conflict:
    """Of a second key with the same id or digest."""
    return Conflict(f"key {key_id} exists already; create a key with an id and a token of its own")


def key_not_found(key_id: str) -> NotFound:
    """Of a key that does not exist."""
    return NotFound(f"there is no key {key_id}; list the keys to see their ids")
