"""A hot-spot list and what becomes of it, as the documents of the API show them."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.deliveries import DeliveryStatus
from service.domain.hotspots import (
    Change,
    GoneEntry,
    HeldBack,
    HotspotEntry,
    HotspotList,
    ListRecord,
    ListStatus,
    Trend,
    UnknownPlaces,
)
from service.usecases.telling.deliver import ListDelivery

_MADE = datetime(2026, 11, 19, 4, tzinfo=UTC)
_LIST_ID = "2026-11-19-041"
LIST = HotspotList(
    list_id=_LIST_ID,
    number=41,
    tenant="demo",
    made=_MADE,
    watermark=_MADE,
    version="0",
    timezone="Europe/Stockholm",
    days=14,
    top=50,
    false_discovery_rate=0.05,
    min_dwellings=5,
    overtake_margin=0.35,
    places=120,
    unknown_places=1,
    unknown=[UnknownPlaces(tenant="demo", area="Södra", stairwells=["linden-1b"])],
    previous="2026-11-12-034",
    entries=[
        HotspotEntry(
            rank=1,
            tenant="demo",
            area="Norra",
            property="Kvarnen",
            building="kvarnen-3",
            stairwell="kvarnen-3a",
            address="Kvarngatan 3",
            latitude=59.33,
            longitude=18.06,
            space="cellar",
            space_kind="cellar",
            kind="emerging",
            weekdays=[3, 4, 5],
            from_hour=22,
            to_hour=3,
            observed=14,
            expected=1.9,
            days=5,
            first_seen=datetime(2026, 11, 6, 21, tzinfo=UTC),
            last_seen=datetime(2026, 11, 15, 1, tzinfo=UTC),
            trend=Trend.RISING,
            weekly=[0, 1, 0, 0, 2, 0, 0, 1, 5, 9],
            score=4.7,
            p_value=0.00002,
            significant=True,
            confidence=0.998,
            standing=3.5,
            coverage=0.99,
            evidence_weeks=31.4,
            change=Change.UP,
            previous_rank=4,
            reason_sv="14 vistelser där 1,9 är normalt, på 5 olika dagar: torsdag, fredag och lördag 22–03; "
            "slump 1 gång på 50\N{NO-BREAK SPACE}000.",
            reason_en="14 presences where 1.9 are normal, on 5 different days: Thursday, Friday and Saturday 22–03; "
            "chance 1 in 50,000.",
        )
    ],
    gone=[GoneEntry(tenant="demo", area="Norra", stairwell="kvarnen-7", address="Kvarngatan 7", previous_rank=1)],
)
APPROVED = ListRecord(
    list_id=_LIST_ID,
    number=41,
    tenant="demo",
    made=_MADE,
    digest="9f86d0…",
    status=ListStatus.APPROVED,
    approved_by="5f0c7a1e9b2d",
    approved=datetime(2026, 11, 19, 6, tzinfo=UTC),
    approved_digest="60303a…",
    held_back=[HeldBack(rank=3, reason="The caretaker's own parties.")],
)
DELIVERY = ListDelivery(
    tenant="demo",
    list_id=_LIST_ID,
    approved=datetime(2026, 11, 19, 6, tzinfo=UTC),
    recipient="police-south",
    status=DeliveryStatus.SENT,
    queued=datetime(2026, 11, 19, 6, 1, tzinfo=UTC),
    attempts=1,
    sent=datetime(2026, 11, 19, 6, 1, tzinfo=UTC),
)
