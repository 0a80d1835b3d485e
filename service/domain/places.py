"""Places, the sensors in them, and series.

tenant > area > property > building > stairwell > space. A stairwell's id is unique within its tenant, a space's
within its stairwell.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""What ends a line, steers a terminal or turns the text around it."""
Identifier = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=rf"^[^{_CONTROLS}]*[^{_CONTROLS}\\]$(?!\n)",  # $ alone lets a line break at the end pass
        description="A stable id chosen by the tenant; no backslash at its end, which line protocol could not tell.",
    ),
]
Address = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=rf"^[^{_CONTROLS}]*$(?!\n)",
        description="Where to go, as people there write it; in one line.",
    ),
]
Dwellings = Annotated[int, Meta(ge=0, le=100_000)]


UNKNOWN = "unknown"
"""Area, property and building of a stairwell that was learnt from its readings."""


class Kind(StrEnum):
    """What a space is; the names and their order are those of :data:`models.kinds.KINDS`."""

    STAIRWELL = "stairwell"
    CELLAR = "cellar"
    ATTIC = "attic"
    ENTRANCE = "entrance"
    LAUNDRY = "laundry"
    GARAGE = "garage"
    OTHER = "other"


def kind_named(name: str) -> Kind:
    """The kind that a name is, and other for every other name: what a space is taken for when nobody says.

    Examples
    --------
    >>> kind_named("cellar").value, kind_named("Kvarnen").value
    ('cellar', 'other')
    """
    return Kind(name) if name in set(Kind) else Kind.OTHER


class Semantics(StrEnum):
    """What one message of a sensor means."""

    DELTA = "delta"
    CUMULATIVE = "cumulative"
    OCCUPIED = "occupied"
    PRESENCE = "presence"


class Liveness(StrEnum):
    """Whether silence can be told from calm: a heartbeat proves it, otherwise it is assumed."""

    HEARTBEAT = "heartbeat"
    ASSUMED = "assumed"


class Building(msgspec.Struct, frozen=True, kw_only=True):
    """A stairwell's building, with what is needed to go there and to judge whether a household could be singled out.

    Address and position are those of the stairwell's own door, dwellings those of the whole building.
    """

    tenant: Identifier
    area: Identifier
    property: Identifier
    building: Identifier
    address: str = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    dwellings: Annotated[int, Meta(ge=0)] | None = None


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """A device in one space during one half-open validity interval; moving it ends the interval."""

    sensor: Identifier
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    semantics: Semantics = Semantics.DELTA
    liveness: Liveness = Liveness.HEARTBEAT

    def is_valid(self, time: datetime) -> bool:
        """Whether the sensor counts there at a time."""
        begun = self.valid_from is None or self.valid_from <= time
        return begun and (self.valid_to is None or time < self.valid_to)


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One (stairwell, space): what is counted, learnt and judged. ``number`` is the stores' short name for it."""

    number: int
    tenant: str
    stairwell: str
    space: str
    kind: Kind
    area: str


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """A space of a stairwell and the sensors it has had."""

    space: Identifier
    kind: Kind
    sensors: list[Sensor] = []


class Stairwell(msgspec.Struct, frozen=True, kw_only=True):
    """A stairwell with the building it is in and the spaces that belong to it."""

    stairwell: Identifier
    building: Building
    spaces: list[Space] = []


class PlaceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a places file: a space with its building, and at most one of its sensors."""

    tenant: Identifier
    area: Identifier
    property: Identifier
    building: Identifier
    stairwell: Identifier
    space: Identifier
    kind: Kind = Kind.OTHER
    address: Address = ""
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    dwellings: Dwellings | None = None
    sensor: Identifier | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    semantics: Semantics = Semantics.DELTA
    liveness: Liveness = Liveness.HEARTBEAT
