"""Hot-spot lists written by hand, for tests that are not about what is on them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from service.domain.hotspots import HotspotEntry, HotspotList, ListRecord, ListStatus
from service.ports import Ports
from service.usecases.lists.list_numbers import sha256
from tests.worlds import TENANT

MADE = datetime(2026, 11, 1, tzinfo=UTC)


def entry(**more: object) -> HotspotEntry:
    known = {
        "rank": 1,
        "stairwell": "kvarnen-3a",
        "space": "cellar",
        "space_kind": "cellar",
        "area": "Norra",
        "building": "kvarnen-3",
        "address": "Kvarngatan 3",
        "latitude": 59.33,
        "longitude": -18.06,
        "kind": "emerging",
        "weekdays": [3, 4],
        "from_hour": 22,
        "to_hour": 3,
        "observed": 14.0,
        "expected": 1.9,
        "days": 5,
        "first_seen": MADE,
        "last_seen": MADE,
        "score": 17.2,
        "p_value": 0.00002,
        "significant": True,
        "reason_sv": "Många.",
        "reason_en": "Many.",
    }
    return HotspotEntry(**{**known, **more})


def listed(list_id: str, *entries: HotspotEntry, tenant: str = TENANT, **more: object) -> HotspotList:
    return HotspotList(
        list_id=list_id,
        tenant=tenant,
        days=14,
        false_discovery_rate=0.1,
        places=3,
        entries=list(entries),
        **{"made": MADE, "watermark": MADE, "version": "0", **more},
    )


def add(ports: Ports, list_id: str, *entries: HotspotEntry, tenant: str = TENANT, **more: object) -> bytes:
    made = listed(list_id, *entries, tenant=tenant, **more)
    content = msgspec.json.encode(made)
    newest = ports.lists.records(tenant, list(ListStatus), limit=1)
    record = ListRecord(
        list_id=list_id,
        number=newest[0].number + 1 if newest else 1,
        tenant=tenant,
        area=made.area,
        made=made.made,
        status=ListStatus.DRAFT,
        digest=sha256(content),
    )
    ports.lists.add(record, content)
    return content
