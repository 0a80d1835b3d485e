"""Hot-spot lists: made, approved, read in several formats. The police see what a person has approved."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from flask import request
from msgspec import Meta
from werkzeug.exceptions import NotAcceptable

from service.api.list_examples import APPROVED, DELIVERY, LIST
from service.api.paging import Page, PageQuery, page_of
from service.api.routes import Reply, Routes
from service.domain.hotspots import (
    HeldBack,
    HotspotList,
    ListRecord,
    ListStatus,
)
from service.domain.keys import DECIDERS, LIST_READERS, Key
from service.errors import Conflict, Gone, NotFound, VersionRefused
from service.exports.formats import FORMATS, JSON, Format, Suffix, export_list
from service.exports.wording import Language
from service.ports import Ports
from service.usecases.lists.hotspots import approve_list, make_list
from service.usecases.lists.reading import latest_list, list_records, read_list
from service.usecases.telling.deliver import ListDelivery, list_deliveries

routes = Routes("Hot-spot lists")
_TYPES: dict[str, Any] = {"json": HotspotList, "csv": str, "xlsx": Any, "geojson": dict[str, Any], "html": str}
_PRODUCES = {form.media_type: _TYPES[form.suffix] for form in FORMATS.values()}
_STATUS = "Trappvakt-List-Status"
_HEADERS = {_STATUS: "draft, approved or superseded: what is decided about the list, whose bytes never change."}
_ON_THE_SCREEN = ("json", "html")
_READ: dict[str, Any] = {
    "roles": LIST_READERS,
    "raises": (NotFound, Gone, NotAcceptable),
    "produces": _PRODUCES,
    "headers": _HEADERS,
}
"""What all ways to read a list have in common."""


class ListRecordPage(Page[ListRecord], frozen=True):
    """What is decided about hot-spot lists, newest first."""


class DeliveryPage(Page[ListDelivery], frozen=True):
    """To whom a list goes by mail, by the names of the settings."""


class ListOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What list to make; what is left out is as the settings have it."""

    days: Annotated[int, Meta(ge=2, le=366, description="Length of the period ranked.")] | None = None
    top: Annotated[int, Meta(ge=1, le=10_000, description="Most entries.")] | None = None
    area: Annotated[str, Meta(description="The only area whose places are listed.")] | None = None


_Words = Annotated[
    Language,
    Meta(description="Of words in tables, sheets, maps and pages; otherwise Accept-Language decides, Swedish first."),
]


class WordsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In what words a list is told."""

    language: _Words | None = None


class LatestQuery(WordsQuery, frozen=True):
    """Which of the lists that are made side by side, and in what words."""

    area: Annotated[str, Meta(description="The list confined to this area, instead of the whole tenant's.")] | None = (
        None
    )


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a list the police are not to see."""

    held_back: Annotated[list[HeldBack], Meta(description="Entries held back; the others keep their ranks.")] = []


@routes.declare("GET", "/v1/hotspots", **_READ, answered=LIST)
def read_latest_list(ports: Ports, key: Key, query: LatestQuery) -> Reply:
    """Read the latest hot-spot list: the latest approved one, or for an operator the latest of all.

    ``Accept`` says in which format: JSON, CSV, XLSX, GeoJSON or a page to print. A key of tenant ``*`` reads the joint
    list of tenants that share theirs.
    """
    return _latest(ports, key, query, _accepted())


@routes.declare("GET", "/v1/hotspots.{suffix}", **_READ, answered=LIST)
def read_latest_list_as(ports: Ports, key: Key, query: LatestQuery, suffix: Suffix) -> Reply:
    """Read the latest hot-spot list in the format of the suffix, whatever ``Accept`` says."""
    return _latest(ports, key, query, _named(suffix))


@routes.declare("GET", "/v1/hotspot-lists", roles=LIST_READERS, answered=ListRecordPage([APPROVED]))
def list_hotspot_lists(ports: Ports, key: Key, query: PageQuery) -> ListRecordPage:
    """List the hot-spot lists and what is decided about them, newest first; drafts are for operators."""
    found = list_records(
        ports, key.tenant, approved_only=_approved_only(key), after=query.after(str), limit=query.limit
    )
    return ListRecordPage.of(*found)


@routes.declare("GET", "/v1/hotspot-lists/{list_id}", **_READ, answered=LIST)
def read_hotspot_list(ports: Ports, key: Key, query: WordsQuery, list_id: str) -> Reply:
    """Read one hot-spot list; drafts are for operators, all others read it as it was approved.

    Its JSON is the same to the last byte whenever it is read, until the end of its retention; the other formats, which
    ``Accept`` asks for, are rendered from it.
    """
    return _one(ports, key, query, list_id, _accepted())


@routes.declare("GET", "/v1/hotspot-lists/{list_id}.{suffix}", **_READ, answered=LIST)
def read_hotspot_list_as(ports: Ports, key: Key, query: WordsQuery, list_id: str, suffix: Suffix) -> Reply:
    """Read one hot-spot list in the format of the suffix, whatever ``Accept`` says; drafts are for operators.

    In tables and sheets, a text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    return _one(ports, key, query, list_id, _named(suffix))


@routes.declare(
    "GET",
    "/v1/hotspot-lists/{list_id}/deliveries",
    roles=DECIDERS,
    raises=(NotFound,),
    answered=DeliveryPage([DELIVERY]),
)
def list_list_deliveries(ports: Ports, key: Key, query: PageQuery, list_id: str) -> DeliveryPage:
    """List the recipients that a list was mailed to, or is to be, and what came in the way."""
    deliveries = sorted(list_deliveries(ports, key.tenant, list_id), key=_by_recipient)
    return DeliveryPage.of(*page_of(deliveries, _by_recipient, query))


def _by_recipient(delivery: ListDelivery) -> tuple[str]:
    return (delivery.recipient,)


@routes.declare(
    "POST",
    "/v1/hotspot-lists",
    roles=DECIDERS,
    status=201,
    raises=(NotFound, Conflict, VersionRefused),
    sent=ListOrder(14, 50),
    answered=LIST,
)
def post_hotspot_list(ports: Ports, key: Key, body: ListOrder) -> HotspotList:
    """Make a hot-spot list of what is scored now; it is a draft until it is approved."""
    return make_list(ports, key.tenant, days=body.days, top=body.top, area=body.area, actor=key.key_id)


@routes.declare(
    "POST",
    "/v1/hotspot-lists/{list_id}/approve",
    roles=DECIDERS,
    raises=(NotFound, Conflict, Gone),
    sent=Approval(APPROVED.held_back),
    answered=APPROVED,
)
def approve_hotspot_list(ports: Ports, key: Key, list_id: str, body: Approval | None) -> ListRecord:
    """Approve a draft, so that the police see it; the approved list before it becomes superseded.

    A draft that is older than the list in force is not approved any more. Without a body, all of it is approved.
    Entries held back, each with a reason, reach no reader but operators; the others keep their ranks. What was approved
    is kept as its own bytes, whose SHA-256 is ``approved_digest``.
    """
    held_back = body.held_back if body else []
    return approve_list(ports, key.tenant, list_id, approved_by=key.key_id, held_back=held_back)


def _approved_only(key: Key) -> bool:
    return key.role not in DECIDERS


def _latest(ports: Ports, key: Key, query: LatestQuery, form: Format) -> Reply:
    found = latest_list(ports, key.tenant, approved_only=_approved_only(key), actor=key.key_id, area=query.area)
    return _told(found, form, query.language)


def _one(ports: Ports, key: Key, query: WordsQuery, list_id: str, form: Format) -> Reply:
    found = read_list(ports, key.tenant, list_id, approved_only=_approved_only(key), actor=key.key_id)
    return _told(found, form, query.language)


def _accepted() -> Format:
    """The format that ``Accept`` likes best; JSON where it has no wish."""
    if not request.accept_mimetypes:
        return JSON
    by_type = {form.media_type: form for form in FORMATS.values()}
    best = request.accept_mimetypes.best_match(list(by_type))
    if best is None:
        raise NotAcceptable(f"a list is not told as {request.headers['Accept']}; accept {', '.join(by_type)}")
    return by_type[best]


def _named(suffix: str) -> Format:
    if suffix not in FORMATS:
        raise NotAcceptable(f"a list has no format {suffix!r}; use one of {', '.join(FORMATS)}")
    return FORMATS[suffix]


def _told(found: tuple[ListRecord, bytes], form: Format, asked: Language | None) -> Reply:
    decided, canonical_json = found
    language = asked or Language(request.accept_languages.best_match(list(Language), Language.SV))
    shown = "inline" if form.suffix in _ON_THE_SCREEN else "attachment"
    headers = {
        _STATUS: decided.status.value,
        "Content-Disposition": f'{shown}; filename="{decided.list_id}.{form.suffix}"',
        "Vary": "Accept, Accept-Language",
    }
    told = export_list(canonical_json, form, language, draft=decided.status is ListStatus.DRAFT)
    if form is not JSON:
        headers["Content-Language"] = language.value
    return Reply(told, headers, form.media_type)
