"""Hot-spot lists: made, approved, read. The police see what a person has approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from flask import request
from msgspec import Meta

from service.api.paging import Page, PageQuery, decode_cursor, encode_cursor
from service.api.routes import JSON, Reply, Routes
from service.domain.hotspots import HotspotEntry, HotspotList, ListRecord, ListStatus
from service.domain.keys import Key, Role
from service.errors import Conflict, NotFound
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.export import list_csv
from service.usecases.hotspots import approve_list, latest_list, make_list, read_list
from service.usecases.queries import list_records

routes = Routes("Hot-spot lists")

CSV = "text/csv"
_READERS = (Role.READER, Role.POLICE, Role.OPERATOR)
_PRODUCES = {JSON: HotspotList, CSV: str}
_STATUS = "Trappvakt-List-Status"
_HEADERS = {_STATUS: "draft, approved or superseded: what is decided about the list, whose bytes never change."}

_MADE = datetime(2026, 11, 19, 4, tzinfo=UTC)
_LIST = HotspotList(
    list_id="2026-11-19-001",
    tenant="demo",
    made=_MADE,
    watermark=_MADE,
    version="0",
    days=14,
    false_discovery_rate=0.05,
    places=120,
    entries=[
        HotspotEntry(
            rank=1,
            stairwell="kvarnen-3a",
            space="cellar",
            space_kind="cellar",
            area="Norra",
            building="kvarnen-3",
            address="Kvarngatan 3",
            latitude=59.33,
            longitude=18.06,
            kind="emerging",
            weekdays=[3, 4, 5],
            from_hour=22,
            to_hour=3,
            observed=14,
            expected=1.9,
            days=5,
            first_seen=datetime(2026, 11, 6, 21, tzinfo=UTC),
            last_seen=datetime(2026, 11, 15, 1, tzinfo=UTC),
            score=17.2,
            p_value=0.00002,
            significant=True,
            reason_sv="14 vistelser där 1,9 är normalt, på 5 olika dagar: torsdag, fredag och lördag 22–03; "
            "slump 1 gång på 50 000.",
            reason_en="14 presences where 1.9 are normal, on 5 different days: Thursday, Friday and Saturday 22–03; "
            "chance 1 in 50,000.",
        )
    ],
)
_RECORD = ListRecord(list_id="2026-11-19-001", tenant="demo", made=_MADE, status=ListStatus.DRAFT)
_APPROVED = msgspec.structs.replace(
    _RECORD, status=ListStatus.APPROVED, approved_by="5f0c7a1e9b2d", approved=datetime(2026, 11, 19, 6, tzinfo=UTC)
)


class ListRecordPage(Page[ListRecord], frozen=True):
    """What is decided about hot-spot lists, newest first."""


class ListOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What list to make; what is left out is as the settings have it."""

    days: Annotated[int, Meta(ge=2, le=366, description="Length of the period ranked.")] | None = None
    top: Annotated[int, Meta(ge=1, le=10_000, description="Most entries.")] | None = None


@routes.declare(
    "GET", "/v1/hotspots", roles=_READERS, raises=(NotFound,), produces=_PRODUCES, headers=_HEADERS, answered=_LIST
)
def read_latest_list(ports: Ports, key: Key) -> Reply:
    """Read the latest hot-spot list: the latest approved one, or for an operator the latest of all.

    Send ``Accept: text/csv`` for a table.
    """
    found = latest_list(ports, key.tenant, approved_only=_approved_only(key))
    return _told(ports, key, found, as_csv=_prefers_csv())


@routes.declare("GET", "/v1/hotspot-lists", roles=_READERS, answered=ListRecordPage([_APPROVED]))
def list_hotspot_lists(ports: Ports, key: Key, query: PageQuery) -> ListRecordPage:
    """List the hot-spot lists and what is decided about them, newest first; drafts are for operators."""
    items, following = list_records(
        ports,
        key.tenant,
        approved_only=_approved_only(key),
        after=decode_cursor(query.cursor, str),
        limit=min(query.limit, ports.settings.api.max_page),
    )
    return ListRecordPage(items, encode_cursor(following) if following else None)


@routes.declare(
    "GET",
    "/v1/hotspot-lists/{list_id}",
    roles=_READERS,
    raises=(NotFound,),
    produces=_PRODUCES,
    headers=_HEADERS,
    answered=_LIST,
)
def read_hotspot_list(ports: Ports, key: Key, list_id: str) -> Reply:
    """Read one hot-spot list; drafts are for operators.

    Its JSON is the same to the last byte whenever it is read. Send ``Accept: text/csv`` for a table.
    """
    found = read_list(ports, key.tenant, list_id, approved_only=_approved_only(key))
    return _told(ports, key, found, as_csv=_prefers_csv())


@routes.declare(
    "GET",
    "/v1/hotspot-lists/{list_id}.csv",
    roles=_READERS,
    raises=(NotFound,),
    produces={CSV: str},
    headers=_HEADERS,
)
def read_hotspot_list_csv(ports: Ports, key: Key, list_id: str) -> Reply:
    """Read one hot-spot list as a table; drafts are for operators.

    A text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    found = read_list(ports, key.tenant, list_id, approved_only=_approved_only(key))
    return _told(ports, key, found, as_csv=True)


@routes.declare(
    "POST",
    "/v1/hotspot-lists",
    roles=(Role.OPERATOR,),
    status=201,
    raises=(NotFound, Conflict),
    sent=ListOrder(14, 50),
    answered=_LIST,
)
def post_hotspot_list(ports: Ports, key: Key, body: ListOrder) -> HotspotList:
    """Make a hot-spot list of what is scored now; it is a draft until it is approved."""
    made = make_list(ports, key.tenant, days=body.days, top=body.top)
    record(ports, key.key_id, key.tenant, "list.make", made.list_id)
    return made


@routes.declare(
    "POST",
    "/v1/hotspot-lists/{list_id}/approve",
    roles=(Role.OPERATOR,),
    raises=(NotFound, Conflict),
    answered=_APPROVED,
)
def approve_hotspot_list(ports: Ports, key: Key, list_id: str) -> ListRecord:
    """Approve a draft, so that the police see it; the approved list before it becomes superseded."""
    return approve_list(ports, key.tenant, list_id, approved_by=key.key_id)


def _approved_only(key: Key) -> bool:
    return key.role is not Role.OPERATOR


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match([JSON, CSV], JSON) == CSV


def _told(ports: Ports, key: Key, found: tuple[ListRecord, bytes], *, as_csv: bool) -> Reply:
    """The list, once the audit tells who read it."""
    decided, canonical_json = found
    record(ports, key.key_id, key.tenant, "list.read", decided.list_id)
    headers: Mapping[str, str] = {_STATUS: decided.status.value}
    return Reply(list_csv(canonical_json), headers, CSV) if as_csv else Reply(canonical_json, headers)
