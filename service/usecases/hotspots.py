"""Hot-spot lists: made from verdicts, immutable from then on, and shown to the police when a person has approved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from models.hotspots import HotSpot
from models.kinds import kind_number
from models.reasons import hotspot_reason
from service.domain.hotspots import HotspotEntry, HotspotList, ListRecord, ListStatus
from service.domain.places import Building, Series
from service.domain.state import Manifest
from service.errors import Conflict, NotFound
from service.ports import Ports
from service.settings import Hotspots
from service.usecases.audit import record
from service.usecases.ranking import presences_of, rank_with_peers, start_of_history
from service.usecases.rosters import calendar_of
from service.usecases.scoring import window_starts

_APPROVED_ONCE = (ListStatus.APPROVED, ListStatus.SUPERSEDED)


def make_list(ports: Ports, tenant: str, days: int | None = None, top: int | None = None) -> HotspotList:
    """Rank a tenant's stairwells over the ``days`` before the watermark and store the list as a draft.

    Parameters
    ----------
    ports
        Verdicts, places and lists.
    tenant
        Whose places; other tenants' counts are never peers.
    days, top
        Length of the period and most entries; from the settings by default.

    Raises
    ------
    Conflict
        If nothing has been scored yet.
    NotFound
        If the tenant has no places.
    """
    manifest = ports.state.manifest()
    if manifest is None:
        raise Conflict("nothing has been scored yet; import counts and score them before making a list")
    series = ports.register.series(tenant)
    if not series:
        raise NotFound(f"no places of tenant {tenant!r} are registered; import places first")
    settings = ports.settings.hotspots
    asked = msgspec.structs.replace(settings, days=days or settings.days, top=top or settings.top)
    ranked = _rank(ports, series, manifest, asked)
    places = {stairwell.stairwell: stairwell.building for stairwell in ports.register.stairwells(tenant)}
    made = ports.clock.now()
    made_list = HotspotList(
        list_id=_next_id(ports, tenant, made),
        tenant=tenant,
        made=made,
        watermark=datetime.fromtimestamp(manifest.watermark, UTC),
        version=manifest.version,
        days=asked.days,
        false_discovery_rate=asked.false_discovery_rate,
        places=len(places),
        entries=[
            _entry(rank, hotspot, series[hotspot.series], places[series[hotspot.series].stairwell])
            for rank, hotspot in enumerate(ranked, start=1)
        ],
    )
    draft = ListRecord(list_id=made_list.list_id, tenant=tenant, made=made, status=ListStatus.DRAFT)
    ports.lists.add(draft, msgspec.json.encode(made_list))
    return made_list


def approve_list(ports: Ports, tenant: str, list_id: str, approved_by: str) -> ListRecord:
    """Let the police see a list; the approved list before it is superseded.

    Raises
    ------
    NotFound, Conflict
        If there is no such list, or it is not a draft.
    """
    approved = ports.lists.approve(tenant, list_id, approved_by, ports.clock.now())
    record(ports, approved_by, tenant, "list.approve", list_id)
    return approved


def read_list(ports: Ports, tenant: str, list_id: str, *, approved_only: bool) -> tuple[ListRecord, bytes]:
    """A list's record and canonical JSON.

    Raises
    ------
    NotFound
        If there is no such list, or it is a draft and ``approved_only``.
    """
    listed, content = ports.lists.get(tenant, list_id)
    if approved_only and listed.status not in _APPROVED_ONCE:
        raise NotFound(f"there is no approved hot-spot list {list_id!r}")
    return listed, content


def latest_list(ports: Ports, tenant: str, *, approved_only: bool) -> tuple[ListRecord, bytes]:
    """The newest list, or the newest approved one.

    Raises
    ------
    NotFound
        If there is none.
    """
    statuses = (ListStatus.APPROVED,) if approved_only else tuple(ListStatus)
    newest = ports.lists.records(tenant, statuses, limit=1)
    if not newest:
        what = "an approved hot-spot list" if approved_only else "a hot-spot list"
        raise NotFound(f"tenant {tenant!r} does not have {what} yet; make one, and approve it for the police")
    return ports.lists.get(tenant, newest[0].list_id)


def _rank(ports: Ports, series: Sequence[Series], manifest: Manifest, asked: Hotspots) -> list[HotSpot]:
    """The tenant's series over the weeks that a list makes use of, ranked."""
    version = ports.registry.load(manifest.version)
    calendar = calendar_of(ports, version)
    start = start_of_history(manifest.watermark, asked)
    numbers = np.array([one.number for one in series], dtype=np.int64)
    presences = presences_of(
        calendar,
        ports.verdicts.columns(numbers, start, manifest.watermark),
        numbers,
        window_starts(max(start, manifest.origin), manifest.watermark, calendar.window_seconds),
        kinds=np.array([kind_number(one.kind) for one in series]),
        stairwells=[one.stairwell for one in series],
    )
    return rank_with_peers(presences, version, asked)


def _next_id(ports: Ports, tenant: str, made: datetime) -> str:
    """The local date and a number within it, so that ids sort by age and can be said aloud."""
    date = made.astimezone(ZoneInfo(ports.settings.general.timezone)).date().isoformat()
    newest = ports.lists.records(tenant, tuple(ListStatus), limit=1)
    number = int(newest[0].list_id.rsplit("-", 1)[1]) + 1 if newest and newest[0].list_id.startswith(date) else 1
    return f"{date}-{number:03d}"


def _entry(rank: int, hotspot: HotSpot, one: Series, building: Building) -> HotspotEntry:
    return HotspotEntry(
        rank=rank,
        stairwell=one.stairwell,
        space=one.space,
        space_kind=one.kind,
        area=building.area,
        building=building.building,
        address=building.address,
        latitude=building.latitude,
        longitude=building.longitude,
        kind=hotspot.kind,
        weekdays=list(hotspot.weekdays),
        from_hour=hotspot.from_hour,
        to_hour=hotspot.to_hour,
        observed=hotspot.observed,
        expected=hotspot.expected,
        days=hotspot.days,
        first_seen=datetime.fromtimestamp(hotspot.first_seen, UTC),
        last_seen=datetime.fromtimestamp(hotspot.last_seen, UTC),
        score=hotspot.score,
        p_value=hotspot.p_value,
        significant=hotspot.significant,
        reason_sv=hotspot_reason(hotspot, "sv"),
        reason_en=hotspot_reason(hotspot, "en"),
    )
