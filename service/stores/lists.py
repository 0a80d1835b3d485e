"""What holds for hot-spot lists in every store."""

from __future__ import annotations

from service.domain.hotspots import ListRecord, ListStatus
from service.errors import Conflict, Gone


def check_kept(record: ListRecord) -> None:
    """Check that a list's bytes are there.

    Raises
    ------
    Gone
        If they have expired.
    """
    if record.expired is not None:
        raise Gone(
            f"hot-spot list {record.list_id} was deleted on {record.expired.date()}, at the end of its retention; "
            f"its SHA-256 was {record.digest}"
        )


def check_draft(record: ListRecord, in_force: ListRecord | None) -> None:
    """Check that a list can be approved.

    Parameters
    ----------
    record
        The list.
    in_force
        The approved list of the same area, if there is one: what is older must not take its place.

    Raises
    ------
    Conflict
        If it is approved or superseded already, or older than the list in force.
    """
    if record.status is not ListStatus.DRAFT:
        raise Conflict(f"hot-spot list {record.list_id} is {record.status} already; make a new list and approve that")
    if in_force is not None and in_force.number > record.number:
        raise Conflict(
            f"hot-spot list {record.list_id} is older than {in_force.list_id}, which is in force; approve a newer draft"
        )
