"""Joint lists: for the police, the approved lists of all tenants that share theirs, as one.

Nothing is ranked anew, and no tenant's counts meet another's: entries are those that a person at their own tenant let
out, ordered by their standing. A joint list belongs to tenant ``*`` and is approved because all of its entries are.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from service.domain.hotspots import (
    EntrySource,
    GoneEntry,
    HotspotEntry,
    HotspotList,
    ListSource,
    ListStatus,
    UnknownPlaces,
)
from service.domain.keys import EVERY_TENANT
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.lists.list_numbers import store_numbered
from service.usecases.lists.standing import standing_of
from service.usecases.telling.publish import approve_and_publish

Shared = tuple[ListSource, HotspotList]
_MOST_AREAS = 10_000


def make_joint_list(ports: Ports, actor: str) -> HotspotList | None:
    """Put the approved lists in force of all tenants that share theirs together, unless that is done already.

    Returns
    -------
    HotspotList or None
        The new joint list; None if nothing has changed, or nobody shares anything.
    """
    shared = sorted(_shared(ports), key=lambda one: (one[0].tenant, one[0].list_id))
    sources = [source for source, _ in shared]
    if not sources or sources == _latest_sources(ports):
        return None
    tenants = sorted({source.tenant for source in sources})
    joint = store_numbered(ports, _put_together(ports, shared), tenants)
    _approve(ports, joint, tenants)
    for tenant in tenants:
        record(ports, actor, tenant, "list.join", joint.list_id)
    return joint


def _approve(ports: Ports, joint: HotspotList, tenants: Sequence[str]) -> None:
    """Nothing is recorded under ``*``, whose audit every tenant reads."""
    draft, content = ports.lists.get(EVERY_TENANT, joint.list_id)
    approved_by = ", ".join(tenants)
    decided = msgspec.structs.replace(
        draft,
        status=ListStatus.APPROVED,
        approved_by=approved_by,
        approved=joint.made,
        approved_digest=draft.digest,
    )
    approve_and_publish(ports, decided, content)


def _shared(ports: Ports) -> list[Shared]:
    """Approved lists in force, as they were approved."""
    found = []
    for tenant in set(ports.settings.hotspots.share_with_police) - {EVERY_TENANT}:
        for one in ports.lists.records(tenant, (ListStatus.APPROVED,), limit=_MOST_AREAS):
            if one.expired is None and one.approved is not None and one.approved_digest is not None:
                content = ports.lists.get(tenant, one.list_id, approved=True)[1]
                listed = msgspec.json.decode(content, type=HotspotList)
                source = ListSource(
                    tenant=tenant,
                    list_id=one.list_id,
                    area=one.area,
                    version=listed.version,
                    watermark=listed.watermark,
                    approved=one.approved,
                    digest=one.approved_digest,
                )
                found.append((source, listed))
    return found


def _latest_sources(ports: Ports) -> list[ListSource]:
    latest = ports.lists.newest(EVERY_TENANT, None, (ListStatus.APPROVED,))
    if latest is None or latest.expired:
        return []
    content = ports.lists.get(EVERY_TENANT, latest.list_id)[1]
    return msgspec.json.decode(content, type=HotspotList).sources


def _put_together(ports: Ports, shared: Sequence[Shared]) -> HotspotList:
    """One list of all; what is said of an area is the word of the newest list that a tenant has of it, or of all areas.

    So a place that the newer list does not name any more, or that a person held back there, does not come in by an
    older one.
    """
    lists = [listed for _, listed in sorted(shared, key=lambda one: one[1].made, reverse=True)]
    newer = [(listed, lists[:position]) for position, listed in enumerate(lists)]
    entries: list[HotspotEntry] = [
        msgspec.structs.replace(
            entry, tenant=listed.tenant, source=EntrySource(list_id=listed.list_id, rank=entry.rank)
        )
        for listed, since in newer
        for entry in listed.entries
        if not _covered(listed.tenant, entry.area, since)
    ]
    ordered = sorted(entries, key=standing_of, reverse=True)
    whole = [listed for listed in lists if listed.area is None or not _covered(listed.tenant, None, lists)]
    unknown: list[UnknownPlaces] = [
        there for listed, since in newer for there in listed.unknown if not _covered(listed.tenant, there.area, since)
    ]
    gone: list[GoneEntry] = [
        msgspec.structs.replace(one, tenant=listed.tenant)
        for listed, since in newer
        for one in listed.gone
        if not _covered(listed.tenant, one.area, since)
    ]
    versions = {listed.version for listed in lists}
    return HotspotList(
        list_id="",
        tenant=EVERY_TENANT,
        made=ports.clock.now(),
        watermark=min(listed.watermark for listed in lists),
        version=", ".join(sorted(versions)),
        retrained=lists[0].retrained if len(versions) == 1 else None,
        timezone=ports.settings.general.timezone,
        days=max(listed.days for listed in lists),
        false_discovery_rate=max(listed.false_discovery_rate for listed in lists),
        places=sum(listed.places for listed in whole),
        unknown_places=sum(len(there.stairwells) for there in unknown),
        unknown=unknown,
        suppressed=sum(listed.suppressed for listed in whole),
        held_back=sum(listed.held_back for listed, since in newer if not _covered(listed.tenant, listed.area, since)),
        entries=[msgspec.structs.replace(entry, rank=rank) for rank, entry in enumerate(ordered, start=1)],
        gone=gone,
        sources=[source for source, _ in shared],
    )


def _covered(tenant: str, area: str | None, lists: Sequence[HotspotList]) -> bool:
    """Whether one of these lists speaks of a tenant's area; of all areas, where none is named."""
    return any(one.tenant == tenant and one.area in (None, area) for one in lists)
