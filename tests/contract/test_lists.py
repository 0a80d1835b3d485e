"""The contract of the store of hot-spot lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.domain.hotspots import HeldBack, ListRecord, ListStatus
from service.errors import Conflict, Gone, NotFound, StoreError
from service.stores.sqlite.connection import Database
from service.stores.sqlite.lists import SqliteHotspotListStore
from service.stores.sqlite.schema import REGISTER
from tests.contract.stores import TENANT, Stores

MADE = datetime(2026, 11, 1, 5, tzinfo=UTC)
APPROVED = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
EVERY = list(ListStatus)
OTHER = "annat bolag"


def draft(list_id: str, number: int | None = None, tenant: str = TENANT, **more: object) -> ListRecord:
    """A draft whose number is, unless given, the last part of its id."""
    numbered = int(list_id.rsplit("-", 1)[-1]) if number is None else number
    known = {"made": MADE, "status": ListStatus.DRAFT, "digest": f"digest of {list_id}"}
    return ListRecord(list_id=list_id, number=numbered, tenant=tenant, **{**known, **more})


def approve(stores: Stores, list_id: str, by: str, tenant: str = TENANT, **more: object) -> ListRecord:
    """Approve a draft; the record as it is kept from then on."""
    record = stores.lists.get(tenant, list_id)[0]
    decided = msgspec.structs.replace(
        record, status=ListStatus.APPROVED, approved_by=by, approved=APPROVED, approved_digest="of it", **more
    )
    stores.lists.approve(decided, f"{list_id} approved".encode())
    return decided


def test_list_comes_back_byte_for_byte(embedded: Stores) -> None:
    """Its digest can be told to the police and checked years later."""
    document = '{"ort":"Skärholmen"}\n'.encode() + bytes(range(256))
    record = draft("2026-11-01-001", area="Norra", tenants=["a", "b"])
    embedded.lists.add(record, document)
    assert embedded.lists.get(TENANT, "2026-11-01-001") == (record, document)


def test_lists_are_never_changed(embedded: Stores) -> None:
    """A second list with the same id or number is refused; another tenant may use both."""
    embedded.lists.add(draft("1"), b"one")
    with pytest.raises(Conflict, match="has a hot-spot list 1 already"):
        embedded.lists.add(draft("1", 2), b"two")
    with pytest.raises(Conflict):
        embedded.lists.add(draft("2", 1), b"two")
    embedded.lists.add(draft("1", tenant=OTHER), b"three")
    assert embedded.lists.get(TENANT, "1")[1] == b"one"


def test_what_was_approved_is_kept_beside_what_was_made(embedded: Stores) -> None:
    """With who approved it and when, and what was held back and why."""
    embedded.lists.add(draft("1"), b"one")
    with pytest.raises(NotFound, match=r"1 of tenant .* was never approved"):
        embedded.lists.get(TENANT, "1", approved=True)
    decided = approve(embedded, "1", "anna", held_back=[HeldBack(rank=3, reason="flyttdag")])
    assert embedded.lists.get(TENANT, "1") == (decided, b"one")
    assert embedded.lists.get(TENANT, "1", approved=True) == (decided, b"1 approved")


def test_approval_supersedes_the_list_before(embedded: Stores) -> None:
    """One list is approved at a time; who approved it and when is kept, also once it is superseded."""
    for list_id in ("1", "2", "3"):
        embedded.lists.add(draft(list_id), b"{}")
    embedded.lists.add(draft("1", tenant=OTHER), b"{}")
    approve(embedded, "1", "bo", OTHER)
    approve(embedded, "1", "anna")
    approve(embedded, "3", "bo")
    statuses = [record.status for record in embedded.lists.records(TENANT, EVERY)]
    assert statuses == [ListStatus.APPROVED, ListStatus.DRAFT, ListStatus.SUPERSEDED]
    assert embedded.lists.get(TENANT, "1")[0].approved_by == "anna"
    assert embedded.lists.get(TENANT, "1", approved=True)[1] == b"1 approved"
    assert embedded.lists.get(OTHER, "1")[0].status is ListStatus.APPROVED


def test_lists_of_areas_stand_side_by_side(embedded: Stores) -> None:
    """Each area has its newest and its approved list, and the whole tenant has its own."""
    for number, area in enumerate([None, "Norra", "Södra", "Norra", None], start=1):
        embedded.lists.add(draft(str(number), area=area), b"{}")
    newest = {area: embedded.lists.newest(TENANT, area, EVERY) for area in (None, "Norra", "Södra", "Västra")}
    assert {area: record.number if record else None for area, record in newest.items()} == {
        None: 5,
        "Norra": 4,
        "Södra": 3,
        "Västra": None,
    }
    for list_id in ("1", "2", "3", "4"):
        approve(embedded, list_id, "anna")
    approved = embedded.lists.records(TENANT, [ListStatus.APPROVED])
    assert [(record.number, record.area) for record in approved] == [(4, "Norra"), (3, "Södra"), (1, None)]


def test_only_a_draft_can_be_approved(embedded: Stores) -> None:
    """Neither an approved nor a superseded list."""
    for list_id in ("1", "2"):
        embedded.lists.add(draft(list_id), b"{}")
        approve(embedded, list_id, "anna")
    with pytest.raises(Conflict, match="2 is approved already"):
        approve(embedded, "2", "bo")
    with pytest.raises(Conflict, match="1 is superseded already"):
        approve(embedded, "1", "bo")
    assert embedded.lists.get(TENANT, "2")[0].approved_by == "anna"


def test_an_older_draft_does_not_take_the_place_of_a_newer_list(embedded: Stores) -> None:
    """A page that was left open must not take the police back; but another area's list is no newer one."""
    for list_id, area in (("1", None), ("2", None), ("3", "Norra"), ("4", None)):
        embedded.lists.add(draft(list_id, area=area), b"{}")
    approve(embedded, "2", "anna")
    with pytest.raises(Conflict, match="1 is older than 2, which is in force"):
        approve(embedded, "1", "bo")
    approve(embedded, "3", "bo")
    approve(embedded, "4", "bo")
    statuses = [record.status for record in embedded.lists.records(TENANT, EVERY)]
    assert statuses == [ListStatus.APPROVED, ListStatus.APPROVED, ListStatus.SUPERSEDED, ListStatus.DRAFT]


def test_unknown_list_is_not_found(embedded: Stores) -> None:
    """Nor is another tenant's."""
    embedded.lists.add(draft("1", tenant=OTHER), b"{}")
    with pytest.raises(NotFound, match=f"{TENANT} has no hot-spot list 1"):
        embedded.lists.get(TENANT, "1")
    with pytest.raises(NotFound):
        embedded.lists.approve(draft("1", status=ListStatus.APPROVED), b"{}")


def test_records_come_in_pages_newest_first(embedded: Stores) -> None:
    """Those with one of the statuses, from after the last one of the page before."""
    for number in range(7):
        embedded.lists.add(draft(f"2026-11-0{number}"), b"{}")
    approve(embedded, "2026-11-03", "anna")
    first = embedded.lists.records(TENANT, [ListStatus.DRAFT], limit=4)
    rest = embedded.lists.records(TENANT, [ListStatus.DRAFT], after=first[-1].list_id, limit=4)
    assert [record.list_id[-1] for record in first + rest] == ["6", "5", "4", "2", "1", "0"]
    assert embedded.lists.records(TENANT, []) == []
    assert [record.list_id for record in embedded.lists.records(TENANT, [ListStatus.APPROVED])] == ["2026-11-03"]


def test_the_thousandth_list_comes_after_the_999th(embedded: Stores) -> None:
    """Numbers order lists, not their ids as texts."""
    for number in (999, 1000, 1001):
        embedded.lists.add(draft(f"2026-11-01-{number:03d}"), b"{}")
    assert [record.number for record in embedded.lists.records(TENANT, EVERY)] == [1001, 1000, 999]
    assert [record.number for record in embedded.lists.records(TENANT, EVERY, after="2026-11-01-1000")] == [999]


def test_expired_lists_are_gone_and_their_records_stay(embedded: Stores) -> None:
    """The bytes are deleted in both forms; the digest is still there to compare a copy with."""
    for number, list_id in enumerate(("1", "2"), start=0):
        embedded.lists.add(draft(list_id, made=MADE + timedelta(days=number)), b"bytes")
    approve(embedded, "1", "anna")
    now = MADE + timedelta(days=900)
    expired = embedded.lists.expire(MADE + timedelta(days=1), now)
    assert [(record.list_id, record.digest, record.expired) for record in expired] == [("1", "digest of 1", now)]
    for approved in (False, True):
        with pytest.raises(Gone, match="deleted on 2029-04-19"):
            embedded.lists.get(TENANT, "1", approved=approved)
    assert embedded.lists.get(TENANT, "2")[1] == b"bytes"
    assert [(record.number, record.expired) for record in embedded.lists.records(TENANT, EVERY)] == [
        (2, None),
        (1, now),
    ]
    assert embedded.lists.expire(MADE + timedelta(days=1), now + timedelta(days=1)) == []


@pytest.mark.parametrize("column", ["document", "approved_document", "digest", "made", "number"])
def test_the_file_itself_refuses_to_change_a_list(tmp_path: Path, column: str) -> None:
    """Whoever opens it."""
    database = Database(tmp_path / "register.db", REGISTER)
    lists = SqliteHotspotListStore(database)
    lists.add(draft("1"), b"{}")
    lists.approve(draft("1", status=ListStatus.APPROVED, approved_digest="of it"), b"{}")
    with pytest.raises(StoreError, match="a hot-spot list is never changed"):
        database.execute(f"UPDATE hotspot_list SET {column} = '7'")  # noqa: S608 - a name of this test
    with pytest.raises(StoreError, match="a hot-spot list is never changed"):
        database.execute("UPDATE hotspot_list SET document = x''")


def test_lists_from_before_there_were_numbers_are_numbered_and_proved(tmp_path: Path) -> None:
    """In the order they were made in, tenant by tenant; what was approved then was all of the list."""
    old = Database(tmp_path / "register.db", REGISTER[:1])
    rows = [("b", "2026-11-02-001", MADE + timedelta(days=1), "draft"), ("b", "2026-11-01-001", MADE, "approved")]
    for tenant, list_id, made, status in [*rows, ("c", "2026-11-01-001", MADE, "draft")]:
        old.execute(
            "INSERT INTO hotspot_list (tenant, id, made, document, status) VALUES (?, ?, ?, ?, ?)",
            (tenant, list_id, made.isoformat(), b"{}", status),
        )
    lists = SqliteHotspotListStore(Database(tmp_path / "register.db", REGISTER))
    sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert [(one.list_id, one.number, one.digest) for one in lists.records("b", EVERY)] == [
        ("2026-11-02-001", 2, sha256),
        ("2026-11-01-001", 1, sha256),
    ]
    record, content = lists.get("b", "2026-11-01-001", approved=True)
    assert (record.approved_digest, record.area, record.held_back, content) == (sha256, None, [], b"{}")
    assert [one.number for one in lists.records("c", EVERY)] == [1]
