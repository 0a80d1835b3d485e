"""What holds for hot-spot lists in every store, and what it says when it does not."""

from __future__ import annotations

from service.domain.hotspots import ListRecord, ListStatus
from service.errors import Conflict


def list_exists(tenant: str, list_id: str) -> str:
    """What to say of a second list with the same id."""
    return f"tenant {tenant} has a hot-spot list {list_id} already, and lists are never changed; make a new one"


def list_not_found(tenant: str, list_id: str) -> str:
    """What to say of a list that does not exist."""
    return f"tenant {tenant} has no hot-spot list {list_id}; list those it has"


def check_draft(record: ListRecord) -> None:
    """Check that a list can be approved.

    Raises
    ------
    Conflict
        If it is approved or superseded already.
    """
    if record.status is not ListStatus.DRAFT:
        raise Conflict(f"hot-spot list {record.list_id} is {record.status} already; make a new list and approve that")
