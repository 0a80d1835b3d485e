"""Episodes and outcomes over the API: who sees and decides what."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from service.domain.keys import Role
from tests.api.conftest import STRANGER, Town, body
from tests.api.drafts import MADE, add, entry

HOUSE = {"tenant": "hyresbolaget", "area": "a", "property": "p", "building": "b"}
PLACE = {**HOUSE, "stairwell": "kvarnen-3a", "space": "cellar"}
FOUND = {"visited": "2026-11-01T00:00:00Z", "found": ["drugs"]}
LIST = "2026-11-01-001"


def items(response) -> list[dict]:
    return body(response)["items"]


def test_episodes_are_the_anomalies_told_as_one(town):
    """Every anomalous window is in one, page by page."""
    anomalies = items(town.reader.get("/v1/anomalies?limit=1000"))
    found, page = [], "/v1/episodes?limit=1"
    while page:
        response = town.reader.get(page)
        found += items(response)
        page = response.headers.get("Link", "").partition(">")[0][1:]
    assert len(anomalies) == sum(one["windows"] for one in found) > len(found) > 1
    for one in found:
        inside = [
            window
            for window in anomalies
            if (window["stairwell"], window["space"]) == (one["stairwell"], one["space"])
            and one["start"] <= window["start"] < one["end"]
        ]
        assert sum(window["count"] for window in inside) == one["observed"]
    by_stairwell = items(town.reader.get(f"/v1/episodes?stairwell={found[0]['stairwell']}"))
    assert {one["stairwell"] for one in by_stairwell} == {found[0]["stairwell"]}
    assert items(town.reader.get("/v1/episodes?limit=1000&common_cause=false")) == found
    assert items(town.reader.get("/v1/episodes?common_cause=true")) == []


def test_an_operator_decides_about_an_episode(own_town):
    one = items(own_town.reader.get("/v1/episodes"))[0]
    path = f"/v1/episodes/{one['episode']}"
    assert body(own_town.reader.get(path)) == one
    until = (datetime.fromisoformat(one["end"]) + timedelta(days=9999)).isoformat().replace("+00:00", "Z")
    assert own_town.reader.post(f"{path}/acknowledge").status_code == 403
    assert body(own_town.operator.post(f"{path}/acknowledge"))["acknowledged_by"]
    muted = own_town.operator.post(f"{path}/mute", json={"until": until, "reason": "sensor"})
    assert body(muted)["muted_until"] == until
    assert body(own_town.operator.post(f"{path}/close"))["status"] == "closed"
    assert items(own_town.reader.get("/v1/episodes?acknowledged=true"))[0]["episode"] == one["episode"]
    unseen = items(own_town.reader.get("/v1/episodes?acknowledged=false"))
    assert one["episode"] not in [each["episode"] for each in unseen]
    told = [entry["action"] for entry in items(own_town.auditor.get("/v1/audit"))]
    assert told[:3] == ["episode.close", "episode.mute", "episode.acknowledge"]


@pytest.mark.parametrize("query", ["common_cause=maybe", "open=yes", "acknowledged=1", "open=", "from=2026"])
def test_odd_questions_are_refused(empty, query):
    assert empty.reader.get(f"/v1/episodes?{query}").status_code == 422


def test_a_mute_of_free_text_or_of_the_past_is_refused(town):
    path = f"/v1/episodes/{items(town.reader.get('/v1/episodes'))[0]['episode']}/mute"
    for said in ({"reason": "hos Andersson"}, {"reason": "sensor", "until": "2020-01-01T00:00:00Z"}, {"note": "x"}):
        response = town.operator.post(path, json={"until": "2099-01-01T00:00:00Z", "reason": "sensor", **said})
        assert response.status_code == 422


def test_a_stranger_finds_no_episode_of_ours(town):
    one = items(town.reader.get("/v1/episodes"))[0]
    stranger = town.client(Role.OPERATOR, STRANGER)
    assert items(stranger.get("/v1/episodes")) == []
    assert stranger.get(f"/v1/episodes/{one['episode']}").status_code == 404
    assert stranger.post(f"/v1/episodes/{one['episode']}/close").status_code == 404


@pytest.fixture
def approved(empty) -> Town:
    """A service with an approved list."""
    assert empty.operator.post("/v1/places", json={"places": [PLACE]}).status_code == 200
    add(empty.ports, LIST, entry())
    assert empty.operator.post(f"/v1/hotspot-lists/{LIST}/approve", json={}).status_code == 200
    return empty


def test_the_police_tell_what_they_found(approved):
    """The tenant reads it; readers do not write it."""
    assert datetime.fromisoformat(FOUND["visited"]) == MADE
    path = f"/v1/hotspot-lists/{LIST}/entries/1/outcomes"
    told = body(approved.police.post(path, json=FOUND))
    assert (told["rank"], told["stairwell"], told["found"]) == (1, "kvarnen-3a", ["drugs"])
    for client in (approved.police, approved.reader, approved.operator):
        assert items(client.get(f"/v1/hotspot-lists/{LIST}/outcomes")) == [told]
    assert approved.reader.post(path, json=FOUND).status_code == 403
    assert [one["kind"] for one in items(approved.reader.get("/v1/annotations"))] == ["patrol"]


@pytest.mark.parametrize(
    "change",
    [
        {"found": []},
        {"found": ["Andersson"]},
        {"note": "hos Andersson"},
        {"found": ["nothing", "drugs"]},
        {"visited": "i går"},
    ],
)
def test_no_words_about_persons_are_taken(approved, change):
    response = approved.police.post(f"/v1/hotspot-lists/{LIST}/entries/1/outcomes", json={**FOUND, **change})
    assert response.status_code == 422
    assert items(approved.police.get(f"/v1/hotspot-lists/{LIST}/outcomes")) == []


def test_drafts_and_strangers_lists_have_no_outcomes(approved):
    add(approved.ports, "2026-11-02-001", entry())
    assert approved.police.get("/v1/hotspot-lists/2026-11-02-001/outcomes").status_code == 404
    stranger = approved.client(Role.POLICE, STRANGER)
    assert stranger.get(f"/v1/hotspot-lists/{LIST}/outcomes").status_code == 404
    assert stranger.post(f"/v1/hotspot-lists/{LIST}/entries/1/outcomes", json=FOUND).status_code == 404
