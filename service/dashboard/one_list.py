"""One list: read, taken away as a file, and, where it is a draft, approved without the entries held back."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from flask import Response, request

from service.dashboard.holding_back import Marks, read_marks
from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit, to
from service.domain.hotspots import HotspotList, ListRecord, ListStatus
from service.domain.keys import DECIDERS, LIST_READERS
from service.errors import Conflict, InvalidInput, NotFound
from service.exports import summary
from service.exports.formats import FORMATS, export_list
from service.exports.week import week_legend
from service.usecases.lists.hotspots import approve_list
from service.usecases.lists.outcomes import read_outcomes
from service.usecases.lists.reading import drafts_waiting, lists_in_force, read_list
from service.usecases.telling.deliver import list_deliveries
from service.web.pages import HTML, content_security_policy

routes = Routes()
_ON_THE_SCREEN = ("html",)
_TAKEN_AWAY = ("html", "xlsx", "geojson", "csv")
"""Formats that people are offered, the most used first; the JSON is for programs."""
Found = tuple[ListRecord, bytes]


@routes.declare("GET", "/lists/<list_id>", LIST_READERS)
def read_one_list(visit: Visit, list_id: str) -> Response:
    """Show a list as the reader may see it."""
    return show_list(visit, find(visit, list_id))


@routes.declare("GET", "/lists/<list_id>/download/<suffix>", LIST_READERS)
def download_list(visit: Visit, list_id: str, suffix: str) -> Response:
    """Hand a list over as a file, or as the page that prints."""
    if suffix not in FORMATS:
        raise NotFound(f"a list has no format {suffix!r}; use one of {', '.join(FORMATS)}")
    (record, content), form = find(visit, list_id), FORMATS[suffix]
    told = export_list(content, form, visit.language, draft=record.status is ListStatus.DRAFT)
    response = Response(told, mimetype=form.media_type)
    shown = "inline" if suffix in _ON_THE_SCREEN else "attachment"
    response.headers["Content-Disposition"] = f'{shown}; filename="{record.list_id}.{suffix}"'
    if form.media_type == HTML:
        response.headers["Content-Security-Policy"] = content_security_policy(told.decode())
    return response


@routes.declare("POST", "/lists/<list_id>/decision", DECIDERS)
def decide_list(visit: Visit, list_id: str) -> Response:
    """Step by step: mark entries, look at what is marked once more, approve."""
    record, content = found = find(visit, list_id)
    if late := _too_late(visit, record):
        return show_list(visit, found, HTTPStatus.CONFLICT, problem=late)
    listed = msgspec.json.decode(content, type=HotspotList)
    marks, step = read_marks(request.form, listed), request.form.get("step", "")
    if marks.problems:
        return show_list(visit, found, HTTPStatus.BAD_REQUEST, marks=marks, problem="reasons")
    match step:
        case "edit":
            return show_list(visit, found, marks=marks)
        case "review":
            return show(visit, "review.html", listed=listed, record=record, marks=marks, title=_title(visit, found))
        case "approve":
            return _approve(visit, list_id, marks)
    raise InvalidInput(f"there is no step {step!r} of a decision; open the list anew")


def find(visit: Visit, list_id: str) -> Found:
    """The record and canonical JSON of a list, as the reader may see it; who reads it is audited."""
    key = visit.key
    return read_list(visit.ports, key.tenant, list_id, approved_only=not visit.decides, actor=key.key_id)


def show_list(visit: Visit, found: Found, status: int = HTTPStatus.OK, **more: object) -> Response:
    """The page of a list; ``more`` is what a form has brought: ``marks``, ``problem``, ``report``."""
    record, content = found
    listed = msgspec.json.decode(content, type=HotspotList)
    context = {"marks": Marks(), "problem": "", "report": None, **more}
    in_force = _in_force_since(visit, record)
    return show(
        visit,
        "list.html",
        status,
        record=record,
        listed=listed,
        held={one.rank: one.reason for one in record.held_back},
        title=_title(visit, found),
        origin=summary.origin(listed, visit.language),
        notes=[*summary.notes(listed, visit.language), week_legend(visit.language)],
        joint=summary.is_joint(listed),
        list_zone=summary.zone_of(listed),
        newer=_draft_since(visit, record) or in_force,
        overtaken=in_force is not None,
        outcomes=_outcomes(visit, record),
        deliveries=_deliveries(visit, record),
        formats=_TAKEN_AWAY,
        now=visit.ports.clock.now(),
        **context,
    )


def _title(visit: Visit, found: Found) -> str:
    return summary.title(msgspec.json.decode(found[1], type=HotspotList), visit.language)


def _approve(visit: Visit, list_id: str, marks: Marks) -> Response:
    key = visit.key
    try:
        approve_list(visit.ports, key.tenant, list_id, key.key_id, marks.held_back())
    except Conflict:  # somebody was faster by a moment
        found = find(visit, list_id)
        return show_list(visit, found, HTTPStatus.CONFLICT, problem=_too_late(visit, found[0]))
    return to(f"/lists/{list_id}?told=approved")


def _too_late(visit: Visit, record: ListRecord) -> str:
    """Why nothing is decided about a list any more; empty if it still can be."""
    if record.status is not ListStatus.DRAFT:
        return "decided"
    return "overtaken" if _in_force_since(visit, record) else ""


def _draft_since(visit: Visit, record: ListRecord) -> ListRecord | None:
    """Another draft of the same area that has come since, for those who decide."""
    waits = record.status is ListStatus.DRAFT and visit.decides
    return _since(record, drafts_waiting(visit.ports, visit.key.tenant)) if waits else None


def _in_force_since(visit: Visit, record: ListRecord) -> ListRecord | None:
    return _since(record, lists_in_force(visit.ports, visit.key.tenant, approved_only=not visit.decides))


def _since(record: ListRecord, lists: list[ListRecord]) -> ListRecord | None:
    """The one of the same area that is newer."""
    return next((one for one in lists if one.area == record.area and one.number > record.number), None)


def _outcomes(visit: Visit, record: ListRecord) -> dict[int, list[object]]:
    """What was found, by rank; nobody is sent anywhere by a draft."""
    told: dict[int, list[object]] = {}
    if record.status is not ListStatus.DRAFT:
        for outcome in read_outcomes(visit.ports, visit.key.tenant, record.list_id):
            told.setdefault(outcome.rank, []).append(outcome)
    return told


def _deliveries(visit: Visit, record: ListRecord) -> list[object]:
    if not visit.decides or record.status is ListStatus.DRAFT:
        return []
    return [*list_deliveries(visit.ports, visit.key.tenant, record.list_id)]
