"""Annotations: known causes over intervals, and the places they hold for.

There is no free text in them: a note on a stairwell is soon a note on a person.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from service.domain.places import Identifier

PLACE_FIELDS = ("area", "property", "building", "stairwell", "space")

LONGEST = timedelta(days=366)
"""A cause that lasts longer is annotated anew: a forgotten annotation must not blind a place for ever."""

VISIT = timedelta(minutes=15)
"""How long a patrol stays where nobody says; stops of 10 to 16 minutes work best (Koper 1995, Justice Quarterly 12)."""

_YEARS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2262, 1, 1, tzinfo=UTC))

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset.")]


class AnnotationKind(StrEnum):
    """A known cause. ``forget`` names none; ``normal`` says that what was counted is how the place is now."""

    RENOVATION = "renovation"
    MOVING = "moving"
    PATROL = "patrol"
    GUARD = "guard"
    FORGET = "forget"
    NORMAL = "normal"

    @property
    def confirms(self) -> bool:
        """Whether the counts are learnt with full trust, rather than not at all."""
        return self is AnnotationKind.NORMAL


class AnnotationRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An annotation as it is asked for; it holds for every series of which all the places named are true.

    With an id it replaces the annotation that has it; without one it gets an id of what it says, so that it may be sent
    again.
    """

    kind: AnnotationKind
    start: Moment
    end: Annotated[datetime, Meta(tz=True, description="Exclusive; at most 366 days after the start.")]
    area: Identifier | None = None
    property: Identifier | None = None
    building: Identifier | None = None
    stairwell: Identifier | None = None
    space: Identifier | None = None
    annotation: Identifier | None = None

    def places(self) -> dict[str, str]:
        """The places named."""
        return _places(self)


class PatrolVisit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a patrol was in a stairwell, or in one space of it; who it was is nobody's business here."""

    stairwell: Identifier
    arrived: Moment
    left: Annotated[datetime, Meta(tz=True, description="A quarter of an hour after arrival unless given.")] | None = (
        None
    )
    space: Identifier | None = None

    def annotation(self) -> AnnotationRow:
        """The annotation that keeps the visit from being taken for loitering."""
        return AnnotationRow(
            kind=AnnotationKind.PATROL,
            start=self.arrived,
            end=self.left or self.arrived + VISIT,
            stairwell=self.stairwell,
            space=self.space,
        )


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an annotation: what it says, who made it, and whether it was taken back."""

    annotation: str
    tenant: str
    kind: AnnotationKind
    start: datetime
    end: datetime
    area: str | None = None
    property: str | None = None
    building: str | None = None
    stairwell: str | None = None
    space: str | None = None
    made_by: str
    made: datetime
    retracted_by: str | None = None
    retracted: datetime | None = None

    def places(self) -> dict[str, str]:
        """The places named."""
        return _places(self)

    def says(self) -> tuple[object, ...]:
        """What is annotated, whoever made it."""
        return (self.kind, self.start, self.end, *(getattr(self, name) for name in PLACE_FIELDS))

    def seconds(self) -> tuple[int, int]:
        """Half-open interval in seconds UTC; starts and ends are on whole seconds."""
        return int(self.start.timestamp()), int(self.end.timestamp())


class AnnotationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which annotations in force to read, by (start, id).

    Parameters
    ----------
    tenant
        Whose; ``None`` for everybody's.
    start, end
        Those that overlap this half-open interval, seconds UTC; ``None`` leaves it open.
    kind
        Of one kind only.
    after
        Keyset: (start in seconds UTC, id) of the last one of the page before.
    limit
        Most to return; ``None`` for all.
    """

    tenant: str | None = None
    start: int | None = None
    end: int | None = None
    kind: AnnotationKind | None = None
    after: tuple[int, str] | None = None
    limit: int | None = None


@dataclass(frozen=True)
class AnnotationChanges:
    """What was put and retracted since a cursor: every version since, and those that were in force before it."""

    cursor: int
    versions: Sequence[Annotation]


def annotate(row: AnnotationRow, tenant: str, made_by: str, made: datetime) -> Annotation:
    """The annotation that a row asks for, on whole seconds that hold all of its interval.

    Raises
    ------
    ValueError
        If it names no place, or a space without its stairwell, or its interval is empty, too long or beyond the
        calendar.
    """
    _check(row)
    annotation = Annotation(
        annotation="",
        tenant=tenant,
        kind=row.kind,
        start=row.start.astimezone(UTC).replace(microsecond=0),
        end=_whole_second_after(row.end.astimezone(UTC)),
        made_by=made_by,
        made=made,
        area=row.area,
        property=row.property,
        building=row.building,
        stairwell=row.stairwell,
        space=row.space,
    )
    return msgspec.structs.replace(annotation, annotation=row.annotation or _digest(annotation))


def _places(one: AnnotationRow | Annotation) -> dict[str, str]:
    named = {name: getattr(one, name) for name in PLACE_FIELDS}
    return {name: value for name, value in named.items() if value is not None}


def _check(row: AnnotationRow) -> None:
    if not row.places():
        raise ValueError(f"no place is named; give one or more of {', '.join(PLACE_FIELDS)}")
    if row.space is not None and row.stairwell is None:
        raise ValueError("a space is known by its stairwell only; name the stairwell too")
    if not (_YEARS[0] <= row.start and row.end <= _YEARS[1]):
        raise ValueError(f"start and end must lie between the years {_YEARS[0].year} and {_YEARS[1].year}")
    if row.start >= row.end:
        raise ValueError("end must be later than start; the interval holds its start, not its end")
    if row.end - row.start > LONGEST:
        raise ValueError(f"an annotation lasts at most {LONGEST.days} days; annotate what lasts longer anew each year")


def _whole_second_after(time: datetime) -> datetime:
    return time if not time.microsecond else time.replace(microsecond=0) + timedelta(seconds=1)


def _digest(annotation: Annotation) -> str:
    """An id of what an annotation says."""
    said = msgspec.json.encode((annotation.tenant, *annotation.says()))
    return hashlib.sha256(said).hexdigest()[:16]


@dataclass(frozen=True)
class Marks:
    """What annotations say of windows; bool[windows, series] each.

    Attributes
    ----------
    left_out
        The cause of the count is known: it is judged, but neither learnt nor ranked.
    confirmed
        A person says that the count is normal: it is learnt with full trust.
    """

    left_out: NDArray[np.bool_]
    confirmed: NDArray[np.bool_]

    @property
    def annotated(self) -> NDArray[np.bool_]:
        """Whether anything is said of a window."""
        return self.left_out | self.confirmed


class CalendarEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence of a calendar's event, of which nothing but time, kind and place is taken.

    ``row`` names no place; ``location`` is where the event says it is.
    """

    row: AnnotationRow
    location: str
    cancelled: bool
