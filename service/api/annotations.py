"""Annotations: what people know of a place and a time; and patrol visits, which become annotations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.api.paging import Page, PageQuery
from service.api.routes import Routes
from service.api.rows import RowsAccepted, accepted
from service.domain.annotations import Annotation, AnnotationKind, AnnotationRow, PatrolVisit
from service.domain.keys import Key, Role
from service.domain.places import Identifier
from service.errors import NotFound, RowsRefused
from service.ingest.json_visits import read_visits_json
from service.ports import Ports
from service.usecases.learning.annotations import (
    AnnotationFilter,
    AnnotationKey,
    import_visits,
    list_annotations,
    make_annotation,
    read_annotation,
    retract_annotation,
)
from service.usecases.revisions import annotations_revision

routes = Routes("Annotations")

_READERS = (Role.READER, Role.OPERATOR)
_START, _END = datetime(2026, 11, 16, 6, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC)
_MADE = Annotation(
    annotation="9b1f0c66d2a48e37",
    tenant="demo",
    kind=AnnotationKind.RENOVATION,
    start=_START,
    end=_END,
    building="kvarnen-3",
    made_by="5f0c7a1e9b2d",
    made=datetime(2026, 11, 13, 9, tzinfo=UTC),
)
_RETRACTED = msgspec.structs.replace(
    _MADE, retracted_by="5f0c7a1e9b2d", retracted=datetime(2026, 11, 17, 7, 30, tzinfo=UTC)
)


class AnnotationsQuery(PageQuery, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which annotations: those that hold for some of the time from ``from`` to ``to``."""

    from_: Annotated[datetime, Meta(tz=True, description="Inclusive; RFC 3339 with an offset.")] | None = None
    to: Annotated[datetime, Meta(tz=True, description="Exclusive; RFC 3339 with an offset.")] | None = None
    kind: Annotated[AnnotationKind | None, Meta(description="Of one kind only.")] = None


class AnnotationPage(Page[Annotation], frozen=True):
    """Annotations in force, by start."""


class VisitBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Visits of patrols, without a word of who they were."""

    visits: list[PatrolVisit]


@routes.declare(
    "POST",
    "/v1/annotations",
    roles=(Role.OPERATOR,),
    sent=AnnotationRow(kind=AnnotationKind.RENOVATION, start=_START, end=_END, building="kvarnen-3"),
    answered=_MADE,
)
def post_annotation(ports: Ports, key: Key, body: AnnotationRow) -> Annotation:
    """Say what is known of a place and a time.

    It holds for every series of which all places named are true. Windows of a renovation, a moving day, a patrol, a
    guard round, or that are to be forgotten, are judged but neither learnt nor ranked; what is confirmed as normal is
    learnt with full trust. The past is replayed with the next tick; hot-spot lists that exist stay as they are. The
    same sent again changes nothing; with the id of an annotation, it takes its place.
    """
    return make_annotation(ports, key.tenant, body, key.key_id)


@routes.declare(
    "GET",
    "/v1/annotations",
    roles=_READERS,
    answered=AnnotationPage.of([_MADE], AnnotationKey(1794808800, "9b1f0c66d2a48e37")),
    revision=annotations_revision,
)
def list_all_annotations(ports: Ports, key: Key, query: AnnotationsQuery) -> AnnotationPage:
    """List the annotations in force, by start."""
    wanted = AnnotationFilter(
        start=query.from_,
        end=query.to,
        kind=query.kind,
        after=query.after(AnnotationKey),
        limit=query.limit,
    )
    return AnnotationPage.of(*list_annotations(ports, key.tenant, wanted))


@routes.declare("GET", "/v1/annotations/{annotation}", roles=_READERS, raises=(NotFound,), answered=_RETRACTED)
def read_one_annotation(ports: Ports, key: Key, annotation: Identifier) -> Annotation:
    """Read one annotation, in force or retracted."""
    return read_annotation(ports, key.tenant, annotation)


@routes.declare(
    "DELETE", "/v1/annotations/{annotation}", roles=(Role.OPERATOR,), raises=(NotFound,), answered=_RETRACTED
)
def delete_annotation(ports: Ports, key: Key, annotation: Identifier) -> Annotation:
    """Retract an annotation: what it held for is replayed as if it had never been made.

    Who made and who retracted it is kept. Retracted again, it stays as it is.
    """
    return retract_annotation(ports, key.tenant, annotation, key.key_id)


@routes.declare(
    "POST",
    "/v1/patrol-visits",
    roles=(Role.POLICE, Role.OPERATOR),
    raises=(RowsRefused,),
    reads=VisitBatch,
    sent=VisitBatch([PatrolVisit(stairwell="kvarnen-3a", arrived=datetime(2026, 11, 20, 21, 5, tzinfo=UTC))]),
    answered=RowsAccepted(1),
)
def post_patrol_visits(ports: Ports, key: Key, body: bytes) -> RowsAccepted:
    """Say when patrols were where, so that a visit is not taken for loitering and does not feed the next list.

    Good rows are kept even if others are not: then the answer is 422 and names each bad row. A visit sent again
    changes nothing.
    """
    return accepted(import_visits(ports, key.tenant, read_visits_json(body), key.key_id))
