"""Hot-spot lists as their readers see them. The canonical JSON of a list is an encoding of :class:`HotspotList`.

Members are only ever added, with a default, so that the JSON of an older list can still be read.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.places import UNKNOWN, Liveness

MOST_BLOCKS = 3
"""Blocks of the week that an entry names: more are no plan for a patrol."""


class ListStatus(StrEnum):
    """A list is a draft until a person approves it; a newer approved list supersedes it."""

    DRAFT = "draft"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class Change(StrEnum):
    """An entry against the list before: was its place on it, and further down or further up?"""

    NEW = "new"
    UP = "up"
    DOWN = "down"
    SAME = "same"


class Trend(StrEnum):
    """Presences in an entry's first block over the period, against the days before it."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A space and hours of the week to go there. Hours are local, ``to_hour`` exclusive.

    A block that wraps midnight belongs to the day it starts on; ``weekdays`` count from Monday 0.
    """

    space: str
    space_kind: str
    kind: str
    weekdays: list[int]
    from_hour: int
    to_hour: int
    observed: float
    expected: float
    days: int
    first_seen: datetime
    last_seen: datetime
    coverage: Annotated[
        float | None, Meta(description="Share of the period's windows in which the block's space was heard.")
    ] = None


class EntrySource(msgspec.Struct, frozen=True, kw_only=True):
    """The entry of a tenant's own list that an entry of a joint list is."""

    list_id: str
    rank: int


class HotspotEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One stairwell: where and when to go, and why. Its best block stands in the entry itself.

    ``score`` is -log10 of ``p_value``; ``standing`` is the score as the list is ordered by it, see
    :mod:`service.usecases.lists.standing`. ``week`` has a row a weekday of 24 hours each, ``weekly`` an element a week.
    """

    rank: int
    tenant: str = ""
    area: str
    property: str = ""
    building: str
    stairwell: str
    address: str
    latitude: float | None
    longitude: float | None
    space: str
    space_kind: str
    kind: Annotated[str, Meta(description="emerging: against its own normal; chronic: against places like it.")]
    weekdays: list[int]
    from_hour: int
    to_hour: int
    observed: float
    expected: float
    days: Annotated[int, Meta(description="Different evenings with presences in the block.")]
    first_seen: datetime
    last_seen: datetime
    further_blocks: Annotated[
        list[Block], Meta(description="Further hours and further spaces of the stairwell, best first.")
    ] = []
    trend: Annotated[
        Trend | None, Meta(description="The period against as many days before; null where those were not heard.")
    ] = None
    weekly: Annotated[
        list[int | None],
        Meta(description="Presences in the first block, week by week, the period's last week last; null: not heard."),
    ] = []
    week: Annotated[
        list[list[int]], Meta(description="Presences of the period in the stairwell, 7 weekdays by 24 hours.")
    ] = []
    score: float
    p_value: float
    significant: bool
    confidence: Annotated[
        float | None,
        Meta(description="Share of the entries at least as certain as this one that are expected to be no chance."),
    ] = None
    standing: float | None = None
    coverage: Annotated[
        float | None, Meta(description="Share of the period's windows in which the first block's space was heard.")
    ] = None
    liveness: Annotated[
        Liveness, Meta(description="assumed: a dead sensor there may have been taken for a calm one.")
    ] = Liveness.HEARTBEAT
    evidence_weeks: float | None = None
    warming_up: Annotated[
        bool, Meta(description="Its own normal is known from less than four weeks; it is listed on what its peers are.")
    ] = False
    change: Change = Change.NEW
    previous_rank: int | None = None
    source: Annotated[EntrySource | None, Meta(description="In a joint list: the tenant's entry that this one is.")] = (
        None
    )
    reason_sv: str
    reason_en: str

    def place(self) -> str:
        """Where to go, as people call it; the stairwell's id where nobody has registered its building."""
        return self.address or (self.stairwell if self.building == UNKNOWN else self.building)

    def blocks(self) -> list[Block]:
        """All blocks, best first; at most three."""
        best = Block(**{name: getattr(self, name) for name in Block.__struct_fields__})
        return [best, *self.further_blocks]


class GoneEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A place that was on the list before and is not on this one."""

    tenant: str
    area: str
    stairwell: str
    address: str
    previous_rank: int


class UnknownPlaces(msgspec.Struct, frozen=True, kw_only=True):
    """Stairwells of an area of which nothing is known, since no sensor was heard there in the period."""

    tenant: str
    area: str
    stairwells: list[str]


class ListSource(msgspec.Struct, frozen=True, kw_only=True):
    """An approved list that a joint list is made of; ``digest`` is the SHA-256 of what was approved."""

    tenant: str
    list_id: str
    area: str | None
    version: str
    watermark: datetime
    approved: datetime
    digest: str


class HotspotList(msgspec.Struct, frozen=True, kw_only=True):
    """A ranked, dated, immutable list over the ``days`` before ``watermark``.

    A joint list, of tenant ``*``, is made of the approved lists of tenants that share theirs: its ``sources``.
    """

    list_id: str
    number: Annotated[int, Meta(description="Running number of the tenant's lists, without gaps.")] = 0
    tenant: str
    area: Annotated[str | None, Meta(description="The area that the list is confined to.")] = None
    made: datetime
    watermark: datetime
    version: str
    retrained: Annotated[
        datetime | None,
        Meta(
            description="When the model version was made; null for the one that ships, in joint lists of several "
            "versions, and in lists that were made before it was told."
        ),
    ] = None
    timezone: Annotated[str, Meta(description="IANA name of the zone that hours and weekdays are told in.")] = ""
    days: int
    top: int | None = None
    false_discovery_rate: float
    min_dwellings: int | None = None
    overtake_margin: float | None = None
    places: Annotated[int, Meta(description="Stairwells registered, known and unknown.")]
    unknown_places: Annotated[
        int, Meta(description="Stairwells that were not heard in the period: not calm, unknown.")
    ] = 0
    unknown: list[UnknownPlaces] = []
    suppressed: Annotated[
        int, Meta(description="Entries left out because so few live in the building that a household stood out.")
    ] = 0
    held_back: Annotated[int, Meta(description="Entries that the person who approved the list held back.")] = 0
    previous: Annotated[str | None, Meta(description="The list that changes are told against.")] = None
    entries: list[HotspotEntry]
    gone: list[GoneEntry] = []
    sources: list[ListSource] = []


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that the police are not to see, and why."""

    rank: Annotated[int, Meta(ge=1)]
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class ListRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is decided about a list; it lives beside the list, whose bytes never change.

    ``digest`` and ``approved_digest`` are the SHA-256 of the list as it was made and as it was approved, without the
    entries held back. They stay when the list has been deleted at the end of its retention, at ``expired``.
    """

    list_id: str
    number: int
    tenant: str
    area: str | None = None
    made: datetime
    status: ListStatus
    digest: str = ""
    approved_by: str | None = None
    approved: datetime | None = None
    approved_digest: str | None = None
    held_back: list[HeldBack] = []
    tenants: Annotated[list[str], Meta(description="In a joint list: whose entries it holds.")] = []
    expired: datetime | None = None
