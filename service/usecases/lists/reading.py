"""Reading hot-spot lists: who sees which, and as it was made or as it was approved; every reading is in the audit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from service.domain.hotspots import ListRecord, ListStatus
from service.domain.keys import EVERY_TENANT
from service.errors import NotFound
from service.ports import Ports
from service.usecases.audit import record

_MOST_AT_ONCE = 1000
"""Lists that are looked through for those that count today."""
APPROVED_ONCE = (ListStatus.APPROVED, ListStatus.SUPERSEDED)


def read_list(ports: Ports, tenant: str, list_id: str, *, approved_only: bool, actor: str) -> tuple[ListRecord, bytes]:
    """A list's record and canonical JSON: as it was made, or, if ``approved_only``, as it was approved.

    Parameters
    ----------
    ports
        Lists and audit.
    tenant
        Whose list; ``*`` for a joint one.
    list_id
        The list.
    approved_only
        Whether the reader sees only what a person has let out.
    actor
        The reader, for the audit.

    Raises
    ------
    NotFound
        If there is no such list, or none that the reader may see.
    Gone
        If it has been deleted at the end of its retention.
    """
    found, content = shared_list(ports, tenant, list_id, approved=approved_only)
    for owner in found.tenants or (tenant,):
        record(ports, actor, owner, "list.read", list_id)
    return (_without_held_back(found) if approved_only else found), content


def shared_list(ports: Ports, tenant: str, list_id: str, *, approved: bool) -> tuple[ListRecord, bytes]:
    """A list's record and JSON; raises as :func:`read_list`, also of a joint list that not all share any longer."""
    found, content = ports.lists.get(tenant, list_id, approved=approved)
    if not is_shared(ports, found):
        raise NotFound(f"there is no hot-spot list {list_id!r} of tenants that share theirs")
    return found, content


def latest_list(
    ports: Ports, tenant: str, *, approved_only: bool, actor: str, area: str | None = None
) -> tuple[ListRecord, bytes]:
    """The newest list, or the newest approved one; that of an area if one is named. Parameters as of `read_list`.

    Raises
    ------
    NotFound
        If there is none.
    Gone
        If it has been deleted at the end of its retention.
    """
    newest = ports.lists.newest(tenant, area, (ListStatus.APPROVED,) if approved_only else tuple(ListStatus))
    if newest is None:
        what = "an approved hot-spot list" if approved_only else "a hot-spot list"
        where = f" of area {area!r}" if area else ""
        raise NotFound(f"tenant {tenant!r} does not have {what}{where} yet; make one, and approve it for the police")
    return read_list(ports, tenant, newest.list_id, approved_only=approved_only, actor=actor)


def list_records(
    ports: Ports, tenant: str, *, approved_only: bool, after: str | None, limit: int
) -> tuple[list[ListRecord], str | None]:
    """What is decided about hot-spot lists, newest first, and the id after which the next page goes on."""
    statuses = APPROVED_ONCE if approved_only else tuple(ListStatus)
    found = ports.lists.records(tenant, statuses, after, limit + 1)
    page = list(_seen(ports, found[:limit], approved_only=approved_only))
    return page, found[limit - 1].list_id if len(found) > limit else None


def lists_in_force(ports: Ports, tenant: str, *, approved_only: bool) -> list[ListRecord]:
    """The approved list of each area, and of the whole tenant, newest first; without those that have been deleted."""
    found = ports.lists.records(tenant, (ListStatus.APPROVED,), limit=_MOST_AT_ONCE)
    return [one for one in _seen(ports, found, approved_only=approved_only) if one.expired is None]


def drafts_waiting(ports: Ports, tenant: str) -> list[ListRecord]:
    """The newest draft of each area, and of the whole tenant, where no newer list was approved; newest first."""
    decided = {one.area: one.number for one in lists_in_force(ports, tenant, approved_only=False)}
    waiting: dict[str | None, ListRecord] = {}
    for draft in ports.lists.records(tenant, (ListStatus.DRAFT,), limit=_MOST_AT_ONCE):
        if draft.expired is None and draft.number > decided.get(draft.area, 0):
            waiting.setdefault(draft.area, draft)
    return list(waiting.values())


def is_shared(ports: Ports, found: ListRecord) -> bool:
    """Whether every tenant with entries in a joint list still shares them; a list of one tenant is not joint."""
    return found.tenant != EVERY_TENANT or set(found.tenants) <= set(ports.settings.hotspots.share_with_police)


def _without_held_back(found: ListRecord) -> ListRecord:
    """The record without what is not to be told outside: which entries were held back, and why."""
    return msgspec.structs.replace(found, held_back=[])


def _seen(ports: Ports, records: Iterable[ListRecord], *, approved_only: bool) -> Iterator[ListRecord]:
    for one in records:
        if is_shared(ports, one):
            yield _without_held_back(one) if approved_only else one
