"""Pages of what is read as a whole: everything once, in order, whatever comes and goes between them."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.paging import Page, PageQuery, encode_cursor, page_of
from service.domain.hotspots import ListStatus
from service.domain.keys import EVERY_TENANT
from service.errors import InvalidInput
from service.usecases.audit import record
from tests.api.conftest import STRANGER, body
from tests.worlds import TENANT

KEYS = st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3))
FOREIGN = [encode_cursor(after) for after in (("a", "b"), {"a": 1}, None, "a", [[1]])]


def key(item: tuple[float, str]) -> tuple[float, str]:
    return item


@given(items=st.sets(KEYS), gone=st.sets(KEYS), limit=st.integers(1, 5))
@settings(max_examples=25)
def test_pages_hold_what_stays_once(items, gone, limit):
    """What goes while somebody turns pages takes nothing else with it."""
    seen: list[tuple[float, str]] = []
    cursor, there = None, set(items)
    while True:
        page = Page.of(*page_of(sorted(there), key, PageQuery(limit=limit, cursor=cursor)))
        seen += page.items
        assert len(page.items) <= limit
        if (cursor := page.next) is None:
            break
        there -= gone
    assert seen == sorted(set(seen)), "in order, none twice"
    assert set(items) - gone <= set(seen) <= set(items)


@pytest.mark.parametrize("cursor", FOREIGN)
def test_a_cursor_of_another_operation_is_refused(cursor):
    with pytest.raises(InvalidInput, match="not one of this operation"):
        page_of([(1.0, "a")], key, PageQuery(cursor=cursor))


def test_the_audit_is_read_page_by_page(empty):
    """A tenant's own entries and the whole service's, newest first, whoever else acts meanwhile."""
    auditor = empty.auditor
    for number in range(7):
        record(empty.ports, "cli:test", (TENANT, EVERY_TENANT)[number % 2], "test", str(number))
        record(empty.ports, "cli:test", STRANGER, "test", "theirs")
    subjects, path = [], "/v1/audit?limit=2"
    while path:
        response = auditor.get(path)
        subjects += [entry["subject"] for entry in body(response)["items"] if entry["action"] == "test"]
        record(empty.ports, "cli:test", TENANT, "test", "meanwhile")
        path = response.headers.get("Link", "").partition(">")[0][1:]
    assert subjects == ["6", "5", "4", "3", "2", "1", "0"]


def test_small_collections_take_a_limit_and_a_cursor(town):
    """And refuse a query key that they do not know, or a cursor of another."""
    newest = town.ports.lists.records(TENANT, list(ListStatus), limit=1)[0].list_id
    for path in ("/v1/models", "/v1/level-shifts", "/v1/audit", f"/v1/hotspot-lists/{newest}/deliveries"):
        whole = body(town.operator.get(path))["items"]
        assert body(town.operator.get(f"{path}?limit=1"))["items"] == whole[:1]
        assert town.operator.get(f"{path}?cursor={FOREIGN[1]}").status_code == 422
        assert town.operator.get(f"{path}?colour=red").status_code == 422


def test_the_longest_ids_are_gone_past(empty):
    """A hundred letters of four bytes each in stairwell and space, on pages of one."""
    names = [f"{'𝄞' * 99}{number}" for number in range(3)]
    kept = {"tenant": TENANT, "area": "Norra", "property": "P", "building": "B", "space": "𝄞" * 100}
    rows = [{**kept, "stairwell": name} for name in names]
    assert empty.operator.post("/v1/places", json={"places": rows}).status_code == 200
    seen, path = [], "/v1/places?limit=1"
    while path:
        response = empty.reader.get(path)
        seen += [one["stairwell"] for one in body(response)["items"]]
        path = response.headers.get("Link", "").partition(">")[0][1:]
    assert seen == names
    longest = encode_cursor((-1790848800.5, names[0], names[1]))
    assert msgspec.convert({"cursor": longest}, PageQuery).cursor == longest, "as of level shifts"
