"""Hot-spot lists: made from verdicts, immutable from then on, approved by a person, deleted when they are old."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np

from service.domain.hotspots import HeldBack, HotspotList, ListRecord, ListStatus
from service.domain.keys import EVERY_TENANT
from service.domain.places import Series, Stairwell
from service.domain.state import Manifest
from service.domain.versions import SHIPPED_MANIFEST
from service.errors import InvalidInput, NotFound
from service.ports import Ports
from service.settings.sections import Hotspots
from service.usecases.audit import SCHEDULER, record
from service.usecases.learning.rosters import calendar_of
from service.usecases.learning.scoring import window_starts
from service.usecases.learning.shards import manifest_in_force
from service.usecases.lists.entries import ListedPlaces, rank_places
from service.usecases.lists.joint_lists import make_joint_list
from service.usecases.lists.list_numbers import sha256, store_numbered
from service.usecases.lists.ranking import LISTED, start_of_history
from service.usecases.lists.standing import gone_since, told_against
from service.usecases.telling.publish import approve_and_publish


def make_list(
    ports: Ports,
    tenant: str,
    days: int | None = None,
    top: int | None = None,
    *,
    area: str | None = None,
    actor: str = SCHEDULER,
) -> HotspotList:
    """Rank a tenant's stairwells over the ``days`` before the watermark and store the list as a draft.

    Parameters
    ----------
    ports
        Verdicts, places and lists.
    tenant
        Whose places; other tenants' counts are never peers.
    days, top
        Length of the period and most entries; from the settings by default.
    area
        The only area whose places are listed; they are held against the whole tenant's all the same.
    actor
        Who makes it, for the audit.

    Raises
    ------
    Conflict
        If nothing has been scored yet.
    NotFound
        If the tenant or the area has no places.
    InvalidInput
        If the tenant is ``*``.
    VersionRefused
        If the champion's files are incomplete, altered or another Trappvakt's.
    """
    manifest = manifest_in_force(ports, "making a list")
    places = _places(ports, tenant, area)
    settings = ports.settings.hotspots
    asked = msgspec.structs.replace(settings, days=days or settings.days, top=top or settings.top)
    listed = _rank(ports, ports.register.series(tenant), places, manifest, asked)
    seen, before = _list_before(ports, tenant, area)
    entries, suppressed = listed.entries(before)
    unknown = listed.unknown()
    made = HotspotList(
        list_id="",
        tenant=tenant,
        area=area,
        made=ports.clock.now(),
        watermark=datetime.fromtimestamp(manifest.watermark, UTC),
        version=manifest.version,
        retrained=_retrained(ports, manifest.version),
        timezone=listed.ranking.presences.calendar.timezone,
        days=asked.days,
        top=asked.top,
        false_discovery_rate=asked.false_discovery_rate,
        min_dwellings=asked.min_dwellings,
        overtake_margin=asked.overtake_margin,
        places=len(places),
        unknown_places=sum(len(there.stairwells) for there in unknown),
        unknown=unknown,
        suppressed=suppressed,
        previous=seen.list_id if seen else None,
        entries=told_against(seen, entries),
        gone=gone_since(seen, entries),
    )
    numbered = store_numbered(ports, made)
    record(ports, actor, tenant, "list.make", numbered.list_id)
    return numbered


def approve_list(
    ports: Ports, tenant: str, list_id: str, approved_by: str, held_back: Sequence[HeldBack] = ()
) -> ListRecord:
    """Let the police see a list without the entries held back; the approved list before it is superseded.

    Where the tenant shares its lists, a new joint list is made at once.

    Raises
    ------
    NotFound, Conflict, Gone
        If there is no such list, or it is not a draft or older than the list in force, or has been deleted.
    InvalidInput
        If an entry to hold back is not on the list, or named twice.
    """
    draft, content = ports.lists.get(tenant, list_id)
    approved_json = _without(content, held_back) if held_back else content
    decided = msgspec.structs.replace(
        draft,
        status=ListStatus.APPROVED,
        approved_by=approved_by,
        approved=ports.clock.now(),
        approved_digest=sha256(approved_json),
        held_back=sorted(held_back, key=lambda one: one.rank),
    )
    approve_and_publish(ports, decided, approved_json)
    record(ports, approved_by, tenant, "list.approve", list_id, f"SHA-256 {decided.approved_digest}")
    for one in decided.held_back:
        record(ports, approved_by, tenant, "list.hold-back", list_id, f"entry {one.rank}: {one.reason}")
    if tenant in ports.settings.hotspots.share_with_police:
        make_joint_list(ports, approved_by)
    return decided


def expire_lists(ports: Ports) -> list[ListRecord]:
    """Delete lists that are older than the settings keep them; their records and digests stay."""
    now = ports.clock.now()
    expired = ports.lists.expire(now - timedelta(days=ports.settings.hotspots.keep_days), now)
    for one in expired:
        for owner in one.tenants or (one.tenant,):
            record(ports, SCHEDULER, owner, "list.expire", one.list_id, f"SHA-256 {one.digest}")
    return expired


def _places(ports: Ports, tenant: str, area: str | None) -> dict[str, Stairwell]:
    if tenant == EVERY_TENANT:
        raise InvalidInput(f"{EVERY_TENANT!r} is every tenant and has no places; joint lists come from approved ones")
    places = {one.stairwell: one for one in ports.register.stairwells(tenant) if area in (None, one.building.area)}
    if not places:
        where = f"in area {area!r} of tenant {tenant!r}" if area else f"of tenant {tenant!r}"
        raise NotFound(f"no places {where} are registered; import places first")
    return places


def _rank(
    ports: Ports, series: Sequence[Series], places: dict[str, Stairwell], manifest: Manifest, asked: Hotspots
) -> ListedPlaces:
    """The tenant's series over the weeks that a list makes use of, ranked."""
    version = ports.registry.load(manifest.version)
    calendar = calendar_of(ports, version)
    start = start_of_history(manifest.watermark, asked)
    starts = window_starts(max(start, manifest.origin), manifest.watermark, calendar.window_seconds)
    numbers = np.array([one.number for one in series], dtype=np.int64)
    verdicts = ports.verdicts.columns(numbers, start, manifest.watermark, LISTED)
    return rank_places(ports, version, calendar, verdicts, starts, series=series, places=places, asked=asked)


def _retrained(ports: Ports, version_id: str) -> datetime | None:
    """When a version was made from counts; None of the one that ships."""
    return None if version_id == SHIPPED_MANIFEST.version_id else ports.registry.manifest(version_id).created


def _list_before(ports: Ports, tenant: str, area: str | None) -> tuple[HotspotList | None, HotspotList | None]:
    """The list before as its readers saw it, and as it was made.

    That is the approved list in force, since changes are told to those who had it; where none was ever approved, the
    newest draft.
    """
    approved = ports.lists.newest(tenant, area, (ListStatus.APPROVED,))
    newest = approved or ports.lists.newest(tenant, area, (ListStatus.DRAFT,))
    if newest is None or newest.expired:
        return None, None
    seen, made = (
        msgspec.json.decode(ports.lists.get(tenant, newest.list_id, approved=form)[1], type=HotspotList)
        for form in (approved is not None, False)
    )
    return seen, made


def _without(content: bytes, held_back: Sequence[HeldBack]) -> bytes:
    """The list's JSON without some entries; the others keep their ranks, by which outcomes are told."""
    made = msgspec.json.decode(content, type=HotspotList)
    ranks = [one.rank for one in held_back]
    ranks_of = {entry.rank for entry in made.entries}
    if odd := sorted(set(ranks) - ranks_of):
        raise InvalidInput(
            f"list {made.list_id} has no entry {odd[0]} to hold back; it has {len(made.entries)} entries"
        )
    if len(set(ranks)) < len(ranks):
        raise InvalidInput("an entry is held back twice; name it once, with one reason")
    kept = [entry for entry in made.entries if entry.rank not in ranks]
    return msgspec.json.encode(msgspec.structs.replace(made, entries=kept, held_back=len(ranks)))
