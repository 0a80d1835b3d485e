"""The contract of the store of hot-spot lists."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.domain.hotspots import ListRecord, ListStatus
from service.errors import Conflict, NotFound
from tests.contract.stores import TENANT, Stores

MADE = datetime(2026, 11, 1, 5, tzinfo=UTC)
APPROVED = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
EVERY = list(ListStatus)


def draft(list_id: str, tenant: str = TENANT) -> ListRecord:
    return ListRecord(list_id=list_id, tenant=tenant, made=MADE, status=ListStatus.DRAFT)


def test_list_comes_back_byte_for_byte(embedded: Stores) -> None:
    """Its digest can be told to the police and checked years later."""
    document = '{"ort":"Skärholmen"}\n'.encode() + bytes(range(256))
    embedded.lists.add(draft("2026-11-01"), document)
    assert embedded.lists.get(TENANT, "2026-11-01") == (draft("2026-11-01"), document)


def test_lists_are_never_changed(embedded: Stores) -> None:
    """A second list with the same id is refused; another tenant may use the id."""
    embedded.lists.add(draft("1"), b"one")
    with pytest.raises(Conflict, match="has a hot-spot list 1 already"):
        embedded.lists.add(draft("1"), b"two")
    embedded.lists.add(draft("1", "annat bolag"), b"three")
    assert embedded.lists.get(TENANT, "1")[1] == b"one"


def test_approval_supersedes_the_list_before(embedded: Stores) -> None:
    """One list is approved at a time; who approved it and when is kept, also once it is superseded."""
    for list_id in ("1", "2", "3"):
        embedded.lists.add(draft(list_id), b"{}")
    embedded.lists.add(draft("1", "annat bolag"), b"{}")
    embedded.lists.approve("annat bolag", "1", "bo", APPROVED)
    first = embedded.lists.approve(TENANT, "1", "anna", APPROVED)
    assert (first.status, first.approved_by, first.approved) == (ListStatus.APPROVED, "anna", APPROVED)
    embedded.lists.approve(TENANT, "3", "bo", APPROVED)
    statuses = [record.status for record in embedded.lists.records(TENANT, EVERY)]
    assert statuses == [ListStatus.APPROVED, ListStatus.DRAFT, ListStatus.SUPERSEDED]
    assert embedded.lists.get(TENANT, "1")[0].approved_by == "anna"
    assert embedded.lists.get("annat bolag", "1")[0].status is ListStatus.APPROVED


def test_only_a_draft_can_be_approved(embedded: Stores) -> None:
    """Neither an approved nor a superseded list."""
    for list_id in ("1", "2"):
        embedded.lists.add(draft(list_id), b"{}")
        embedded.lists.approve(TENANT, list_id, "anna", APPROVED)
    with pytest.raises(Conflict, match="2 is approved already"):
        embedded.lists.approve(TENANT, "2", "bo", APPROVED)
    with pytest.raises(Conflict, match="1 is superseded already"):
        embedded.lists.approve(TENANT, "1", "bo", APPROVED)
    assert embedded.lists.get(TENANT, "2")[0].approved_by == "anna"


def test_unknown_list_is_not_found(embedded: Stores) -> None:
    """Nor is another tenant's."""
    embedded.lists.add(draft("1", "annat bolag"), b"{}")
    with pytest.raises(NotFound, match=f"{TENANT} has no hot-spot list 1"):
        embedded.lists.get(TENANT, "1")
    with pytest.raises(NotFound):
        embedded.lists.approve(TENANT, "1", "anna", APPROVED)


def test_records_come_in_pages_newest_first(embedded: Stores) -> None:
    """Those with one of the statuses, from after the last one of the page before."""
    for number in range(7):
        embedded.lists.add(draft(f"2026-11-0{number}"), b"{}")
    embedded.lists.approve(TENANT, "2026-11-03", "anna", APPROVED)
    first = embedded.lists.records(TENANT, [ListStatus.DRAFT], limit=4)
    rest = embedded.lists.records(TENANT, [ListStatus.DRAFT], after=first[-1].list_id, limit=4)
    assert [record.list_id[-1] for record in first + rest] == ["6", "5", "4", "2", "1", "0"]
    assert embedded.lists.records(TENANT, []) == []
    assert [record.list_id for record in embedded.lists.records(TENANT, [ListStatus.APPROVED])] == ["2026-11-03"]
