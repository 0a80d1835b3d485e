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
from service.ports import Ports
from service.usecases.audit import EVERY_TENANT, record
from service.usecases.lists.list_numbers import store_numbered
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
    """One list of all; a stairwell on the lists of a tenant and of an area is taken from the newer one."""
    lists = [listed for _, listed in sorted(shared, key=lambda one: one[1].made, reverse=True)]
    entries: dict[tuple[str, str], HotspotEntry] = {}
    for listed in lists:
        for entry in listed.entries:
            source = EntrySource(list_id=listed.list_id, rank=entry.rank)
            told = msgspec.structs.replace(entry, tenant=listed.tenant, source=source)
            entries.setdefault((listed.tenant, entry.stairwell), told)
    ordered = sorted(entries.values(), key=_standing, reverse=True)
    whole = [listed for listed in lists if listed.area is None or not _covered(listed, lists)]
    unknown: list[UnknownPlaces] = [there for listed in whole for there in listed.unknown]
    gone: dict[tuple[str, str], GoneEntry] = {
        (listed.tenant, one.stairwell): msgspec.structs.replace(one, tenant=listed.tenant)
        for listed in reversed(lists)
        for one in listed.gone
        if (listed.tenant, one.stairwell) not in entries
    }
    return HotspotList(
        list_id="",
        tenant=EVERY_TENANT,
        made=ports.clock.now(),
        watermark=min(listed.watermark for listed in lists),
        version=", ".join(sorted({listed.version for listed in lists})),
        timezone=ports.settings.general.timezone,
        days=max(listed.days for listed in lists),
        false_discovery_rate=max(listed.false_discovery_rate for listed in lists),
        places=sum(listed.places for listed in whole),
        unknown_places=sum(listed.unknown_places for listed in whole),
        unknown=unknown,
        suppressed=sum(listed.suppressed for listed in whole),
        held_back=sum(listed.held_back for listed in whole),
        entries=[msgspec.structs.replace(entry, rank=rank) for rank, entry in enumerate(ordered, start=1)],
        gone=list(gone.values()),
        sources=[source for source, _ in shared],
    )


def _standing(entry: HotspotEntry) -> float:
    return entry.score if entry.standing is None else entry.standing


def _covered(listed: HotspotList, lists: Sequence[HotspotList]) -> bool:
    """Whether the places of an area's list are counted in a list of the whole tenant."""
    return any(other.tenant == listed.tenant and other.area is None for other in lists)
