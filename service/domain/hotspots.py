"""Hot-spot lists as their readers see them. The canonical JSON of a list is an encoding of :class:`HotspotList`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class ListStatus(StrEnum):
    """A list is a draft until a person approves it; a newer approved list supersedes it."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class HotspotEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when to go, and why. Hours are local, ``to_hour`` exclusive; a block belongs to the day it starts."""

    rank: int
    stairwell: str
    space: str
    space_kind: str
    area: str
    building: str
    address: str
    latitude: float | None
    longitude: float | None
    kind: str
    weekdays: list[int]
    from_hour: int
    to_hour: int
    observed: float
    expected: float
    days: int
    first_seen: datetime
    last_seen: datetime
    score: float
    p_value: float
    significant: bool
    reason_sv: str
    reason_en: str


class HotspotList(msgspec.Struct, frozen=True, kw_only=True):
    """A ranked, dated, immutable list over the ``days`` before ``watermark``."""

    list_id: str
    tenant: str
    made: datetime
    watermark: datetime
    version: str
    days: int
    false_discovery_rate: float
    places: int
    entries: list[HotspotEntry]


class ListRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided about a list; it lives beside the list, whose bytes never change."""

    list_id: str
    tenant: str
    made: datetime
    status: ListStatus
    approved_by: str | None = None
    approved: datetime | None = None
