"""Annotations: people say what they know of a place and a time; the series touched are replayed with the next tick."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.annotations import (
    Annotation,
    AnnotationKind,
    AnnotationQuery,
    AnnotationRow,
    CalendarEvent,
    PatrolVisit,
    annotate,
)
from service.domain.retention import DataKind
from service.domain.times import second_of, utc_text
from service.errors import InvalidInput, NotFound, RowProblem
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.learning.marks import series_of
from service.usecases.retention.kept import kept_since
from service.usecases.rows import RowsReport, first_problems


class AnnotationKey(msgspec.Struct, frozen=True, array_like=True):
    """After which annotation a page goes on."""

    start: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    annotation: str


class AnnotationFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which annotations to read: those that overlap [start, end), by start."""

    start: datetime | None = None
    end: datetime | None = None
    kind: AnnotationKind | None = None
    after: AnnotationKey | None = None
    limit: int = 100


def make_annotation(ports: Ports, tenant: str, row: AnnotationRow, actor: str) -> Annotation:
    """Put an annotation in force; one that is sent again, or that says the same, stays as it is.

    Raises
    ------
    InvalidInput
        If the tenant has no such place, or the interval is empty, too long, beyond the calendar, or begins before the
        first count that is kept.
    """
    try:
        annotation = annotate(row, tenant, actor, ports.clock.now())
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    if problem := _problems(ports, [annotation])[0]:
        raise InvalidInput(problem)
    _put(ports, tenant, [annotation], actor)
    return ports.annotations.get(tenant, annotation.annotation)


def import_annotations(
    ports: Ports, tenant: str, rows: Iterable[tuple[int, AnnotationRow] | RowProblem], actor: str
) -> RowsReport:
    """Put the annotations of numbered rows in force, all good ones in one step; the bad ones are told.

    Parameters
    ----------
    rows
        Rows with their numbers; problems of rows that could not be read may stand among them.
    """
    problems, good, kept = [], [], []
    now = ports.clock.now()
    for item in rows:
        if isinstance(item, RowProblem):
            problems.append(item)
            continue
        try:
            good.append((item[0], annotate(item[1], tenant, actor, now)))
        except ValueError as error:
            problems.append(RowProblem(item[0], str(error)))
    odd = _problems(ports, [annotation for _, annotation in good])
    for (number, annotation), problem in zip(good, odd, strict=True):
        if problem:
            problems.append(RowProblem(number, problem))
        else:
            kept.append(annotation)
    _put(ports, tenant, kept, actor)
    return RowsReport(accepted=len(kept), rejected=len(problems), problems=first_problems(problems))


def import_visits(
    ports: Ports, tenant: str, rows: Iterable[tuple[int, PatrolVisit] | RowProblem], actor: str
) -> RowsReport:
    """Annotate patrol visits, so that a visit is neither taken for loitering nor feeds the next list."""
    annotations = (item if isinstance(item, RowProblem) else (item[0], item[1].annotation()) for item in rows)
    return import_annotations(ports, tenant, annotations, actor)


def import_calendar(
    ports: Ports,
    tenant: str,
    events: Iterable[tuple[int, CalendarEvent] | RowProblem],
    places: Mapping[str, str],
    actor: str,
) -> RowsReport:
    """Annotate the events of a calendar, and retract those that are cancelled in it.

    Parameters
    ----------
    events
        Numbered occurrences; problems of events that could not be read may stand among them.
    places
        Where all events are ({"building": ...}). Without it each event's location must be the id of a stairwell or a
        building, or an address.
    """
    known = {} if places else _locations(ports, tenant)
    rows: list[tuple[int, AnnotationRow] | RowProblem] = []
    cancelled = []
    for item in events:
        if isinstance(item, RowProblem):
            rows.append(item)
        elif item[1].cancelled:
            cancelled.append(item[1].row)
        else:
            rows.append(_located(*item, places or known.get(item[1].location.casefold())))
    _retract_if_in_force(ports, tenant, cancelled, actor)
    report = import_annotations(ports, tenant, rows, actor)
    return msgspec.structs.replace(report, accepted=report.accepted + len(cancelled))


def retract_annotation(ports: Ports, tenant: str, annotation_id: str, actor: str) -> Annotation:
    """Take an annotation back; one that is retracted already stays as it is.

    Raises
    ------
    NotFound
        If the tenant never had such an annotation.
    """
    try:
        retracted = ports.annotations.retract(tenant, annotation_id, actor, ports.clock.now())
    except NotFound:
        return ports.annotations.get(tenant, annotation_id)
    record(ports, actor, tenant, "annotation.retract", annotation_id, _told(retracted))
    return retracted


def read_annotation(ports: Ports, tenant: str, annotation_id: str) -> Annotation:
    """The newest version of an annotation, in force or retracted; raises NotFound."""
    return ports.annotations.get(tenant, annotation_id)


def list_annotations(
    ports: Ports, tenant: str, wanted: AnnotationFilter
) -> tuple[list[Annotation], AnnotationKey | None]:
    """Annotations in force by start, and where the next page goes on."""
    found = ports.annotations.find(
        AnnotationQuery(
            tenant=tenant,
            start=second_of(wanted.start),
            end=second_of(wanted.end),
            kind=wanted.kind,
            after=(wanted.after.start, wanted.after.annotation) if wanted.after else None,
            limit=wanted.limit + 1,
        )
    )
    page = found[: wanted.limit]
    following = AnnotationKey(page[-1].seconds()[0], page[-1].annotation) if len(found) > len(page) else None
    return page, following


def _locations(ports: Ports, tenant: str) -> dict[str, dict[str, str]]:
    """Places by what a calendar may call them: the address or the id of a building or of a stairwell."""
    stairwells = ports.register.stairwells(tenant)
    doors = Counter(one.building.address for one in stairwells)
    houses = Counter(one.building.building for one in stairwells)
    addresses = {
        address: {"stairwell": one.stairwell} if doors[address] == 1 < houses[building] else {"building": building}
        for one in stairwells
        if (address := one.building.address) and (building := one.building.building)
    }
    buildings = {one.building.building: {"building": one.building.building} for one in stairwells}
    known = addresses | buildings | {one.stairwell: {"stairwell": one.stairwell} for one in stairwells}
    return {name.strip().casefold(): place for name, place in known.items()}


def _located(
    number: int, event: CalendarEvent, places: Mapping[str, str] | None
) -> tuple[int, AnnotationRow] | RowProblem:
    if places is None:
        return RowProblem(
            number,
            f"its location is {event.location!r}, but neither a stairwell, a building nor an address; "
            "correct it, or say where all events are",
        )
    return number, msgspec.structs.replace(event.row, **places)


def _retract_if_in_force(ports: Ports, tenant: str, rows: Iterable[AnnotationRow], actor: str) -> None:
    for row in rows:
        if row.annotation is not None:
            with suppress(NotFound):
                retract_annotation(ports, tenant, row.annotation, actor)


def _put(ports: Ports, tenant: str, annotations: list[Annotation], actor: str) -> None:
    for annotation in ports.annotations.put(annotations):
        record(ports, actor, tenant, "annotation.make", annotation.annotation, _told(annotation))


def _problems(ports: Ports, annotations: list[Annotation]) -> list[str | None]:
    """What is wrong with each annotation, if anything is: its places, or its time."""
    since = kept_since(ports, DataKind.COUNTS)
    return [
        _too_old(ports, annotation, since)
        if len(series)
        else f"{annotation.tenant} has no place that is {_places(annotation)}; see the places"
        for annotation, series in zip(annotations, series_of(ports, annotations), strict=True)
    ]


def _too_old(ports: Ports, annotation: Annotation, since: int | None) -> str | None:
    """Why nothing of an annotation can be learnt anew; None if it can, or it is in force already and says the same."""
    if since is None or annotation.seconds()[0] >= since:
        return None
    with suppress(NotFound):
        known = ports.annotations.get(annotation.tenant, annotation.annotation)
        if known.retracted is None and known.says() == annotation.says():
            return None
    return (
        f"it begins on {annotation.start:%Y-%m-%d %H:%M}Z, but counts before {utc_text(since)} are deleted, so what "
        "was learnt of them stays; let it begin then or later"
    )


def _told(annotation: Annotation) -> str:
    """For the audit."""
    interval = f"[{annotation.start.isoformat()}, {annotation.end.isoformat()})"
    return f"{annotation.kind} {interval} {_places(annotation)}"


def _places(annotation: Annotation) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in annotation.places().items())
