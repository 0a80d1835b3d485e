"""Hot-spot lists: drafts are an operator's, approved ones everybody's, and their bytes never change."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import msgspec
import pytest

from service.domain.hotspots import HotspotList
from service.domain.keys import Role
from service.usecases.lists.hotspots import expire_lists
from service.usecases.lists.list_numbers import sha256
from tests.api.conftest import Town, body
from tests.api.drafts import MADE, add, entry
from tests.worlds import TENANT


@pytest.fixture
def three(empty) -> Town:
    """Three lists: the oldest superseded, the next approved, the newest a draft."""
    for number in (1, 2, 3):
        add(empty.ports, f"2026-11-0{number}-001", entry(rank=number))
    for number in (1, 2):
        assert empty.operator.post(f"/v1/hotspot-lists/2026-11-0{number}-001/approve").status_code == 200
    return empty


@pytest.mark.parametrize("role", [Role.POLICE, Role.READER])
def test_drafts_are_seen_by_operators_alone(three, role):
    assert three.client(role).get("/v1/hotspot-lists/2026-11-03-001").status_code == 404
    assert three.client(role).get("/v1/hotspot-lists/2026-11-03-001.csv").status_code == 404
    assert three.operator.get("/v1/hotspot-lists/2026-11-03-001").status_code == 200
    seen = body(three.client(role).get("/v1/hotspot-lists"))["items"]
    assert [(one["list_id"], one["status"]) for one in seen] == [
        ("2026-11-02-001", "approved"),
        ("2026-11-01-001", "superseded"),
    ]


def test_the_latest_list_is_the_latest_one_may_see(three):
    assert body(three.police.get("/v1/hotspots"))["list_id"] == "2026-11-02-001"
    assert body(three.operator.get("/v1/hotspots"))["list_id"] == "2026-11-03-001"
    assert three.operator.get("/v1/hotspots").headers["Trappvakt-List-Status"] == "draft"


def test_an_approved_list_stays_readable_when_it_is_superseded(three):
    response = three.police.get("/v1/hotspot-lists/2026-11-01-001")
    assert (response.status_code, response.headers["Trappvakt-List-Status"]) == (200, "superseded")


def test_the_bytes_of_a_list_never_change(empty):
    content = add(empty.ports, "2026-11-01-001", entry())
    assert empty.operator.get("/v1/hotspots").data == content
    empty.operator.post("/v1/hotspot-lists/2026-11-01-001/approve")
    assert empty.police.get("/v1/hotspot-lists/2026-11-01-001").data == content


def test_a_list_is_approved_once(three):
    response = three.operator.post("/v1/hotspot-lists/2026-11-03-001/approve")
    approved = body(response)
    assert (response.status_code, approved["status"]) == (200, "approved")
    assert approved["approved_by"] in {key.key_id for key in three.ports.keys.all()}
    again = three.operator.post("/v1/hotspot-lists/2026-11-03-001/approve")
    assert (again.status_code, body(again)["type"]) == (409, "/problems/conflict")


def test_records_come_in_pages(three):
    first = three.operator.get("/v1/hotspot-lists?limit=2")
    assert [one["list_id"] for one in body(first)["items"]] == ["2026-11-03-001", "2026-11-02-001"]
    second = three.operator.get(f"/v1/hotspot-lists?limit=2&cursor={body(first)['next']}")
    assert [one["list_id"] for one in body(second)["items"]] == ["2026-11-01-001"]
    whole = body(three.operator.get("/v1/hotspot-lists?limit=3"))
    assert (len(whole["items"]), body(first)["next"] is not None, whole["next"]) == (3, True, None)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/hotspots", {"Accept": "text/csv"}),
        ("/v1/hotspot-lists/2026-11-01-001", {"Accept": "text/csv, application/json;q=0.5"}),
        ("/v1/hotspot-lists/2026-11-01-001.csv", {}),
    ],
)
def test_a_list_is_a_table_on_request(empty, path, headers):
    add(empty.ports, "2026-11-01-001", entry(), entry(rank=2, latitude=None))
    response = empty.operator.get(path, headers=headers)
    assert response.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["rank"] for row in rows] == ["1", "2"]
    assert rows[0]["weekdays"] == "3 4"
    assert (rows[0]["latitude"], rows[1]["latitude"]) == ("59.33", "")
    assert rows[0]["first_seen"] == "2026-11-01T00:00:00Z"
    assert rows[0]["significant"] == "true"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "image/png, */*;q=0.1", ""])
def test_otherwise_a_list_is_json(empty, accept):
    add(empty.ports, "2026-11-01-001", entry())
    assert empty.operator.get("/v1/hotspots", headers={"Accept": accept}).mimetype == "application/json"


@pytest.mark.parametrize("own_town", ["sqlite"], indirect=True)
def test_a_list_is_made_of_what_is_scored(own_town):
    """A draft with the watermark and the version it was made under."""
    response = own_town.operator.post("/v1/hotspot-lists", json={"top": 3})
    assert response.status_code == 201
    made = msgspec.json.decode(response.data, type=HotspotList)
    manifest = own_town.ports.state.manifest()
    assert (made.watermark.timestamp(), made.version) == (manifest.watermark, manifest.version)
    assert len(made.entries) <= 3
    assert body(own_town.operator.get("/v1/hotspots"))["list_id"] == made.list_id
    assert own_town.operator.post("/v1/hotspot-lists", json={"days": 1}).status_code == 422
    assert own_town.operator.post("/v1/hotspot-lists", json={"length": 1}).status_code == 422


def test_there_is_no_list_before_anything_is_scored(empty):
    assert empty.operator.post("/v1/hotspot-lists", json={}).status_code == 409
    assert empty.operator.get("/v1/hotspots").status_code == 404


def test_entries_are_held_back_at_approval(empty):
    """Operators see which and why, nobody else; the others keep their ranks."""
    add(empty.ports, "2026-11-01-001", entry(), entry(rank=2, stairwell="linden-1"), entry(rank=3, stairwell="eken-2"))
    reason = "The caretaker's own parties."
    approval = {"held_back": [{"rank": 2, "reason": reason}]}
    response = empty.operator.post("/v1/hotspot-lists/2026-11-01-001/approve", json=approval)
    assert (response.status_code, body(response)["held_back"]) == (200, approval["held_back"])
    seen = empty.police.get("/v1/hotspots")
    assert [one["rank"] for one in body(seen)["entries"]] == [1, 3]
    assert body(seen)["held_back"] == 1
    assert "linden-1" not in seen.text + empty.police.get("/v1/hotspots", headers={"Accept": "text/csv"}).text
    assert "linden-1" in empty.operator.get("/v1/hotspots").text
    for client, told in ((empty.police, False), (empty.reader, False), (empty.operator, True)):
        assert (reason in client.get("/v1/hotspot-lists").text) == told


@pytest.mark.parametrize(
    ("approval", "status"),
    [
        ({"held_back": [{"rank": 9, "reason": "?"}]}, 422),
        ({"held_back": [{"rank": 1, "reason": ""}]}, 422),
        ({"held_back": [{"rank": 1}]}, 422),
        ({"withheld": []}, 422),
        ({}, 200),
    ],
)
def test_an_approval_says_what_it_means(empty, approval, status):
    """Otherwise the list stays a draft."""
    add(empty.ports, "2026-11-01-001", entry())
    assert empty.operator.post("/v1/hotspot-lists/2026-11-01-001/approve", json=approval).status_code == status
    assert empty.police.get("/v1/hotspots").status_code == (200 if status == 200 else 404)


@pytest.mark.parametrize("sent", [{"data": b"null", "content_type": "application/json"}, {"data": b"{}"}])
def test_a_body_that_is_sent_is_read(empty, sent):
    """It may be left out, but not be nothing or of no type."""
    add(empty.ports, "2026-11-01-001", entry())
    assert empty.operator.post("/v1/hotspot-lists/2026-11-01-001/approve", **sent).status_code in (415, 422)
    assert empty.police.get("/v1/hotspots").status_code == 404


def test_an_expired_list_is_gone_and_its_record_is_not(empty):
    """With the digest that a copy can be compared with."""
    content = add(empty.ports, "2026-11-01-001", entry())
    empty.operator.post("/v1/hotspot-lists/2026-11-01-001/approve")
    empty.ports.clock.time = MADE + timedelta(days=empty.ports.settings.hotspots.keep_days + 1)
    expire_lists(empty.ports)
    for path in ("/v1/hotspots", "/v1/hotspot-lists/2026-11-01-001", "/v1/hotspot-lists/2026-11-01-001.csv"):
        response = empty.police.get(path)
        assert (response.status_code, body(response)["type"]) == (410, "/problems/gone")
        assert sha256(content) in body(response)["detail"]
    record = body(empty.police.get("/v1/hotspot-lists"))["items"][0]
    assert (record["approved_digest"], record["expired"] is not None) == (sha256(content), True)


@pytest.mark.parametrize("own_town", ["sqlite"], indirect=True)
def test_a_list_of_an_area_stands_beside_that_of_the_tenant(own_town):
    """Each has its own latest."""
    area = own_town.ports.register.series(TENANT)[0].area
    made = body(own_town.operator.post("/v1/hotspot-lists", json={"area": area}))
    assert made["area"] == area
    assert {one["area"] for one in made["entries"]} <= {area}
    assert body(own_town.operator.get("/v1/hotspots", query_string={"area": area}))["list_id"] == made["list_id"]
    assert body(own_town.operator.get("/v1/hotspots"))["list_id"] != made["list_id"]
    assert own_town.operator.post("/v1/hotspot-lists", json={"area": "Nowhere"}).status_code == 404
