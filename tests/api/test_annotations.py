"""Annotations and patrol visits over the API: who may say and see them, and what verdicts then tell."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from models.city import SimulatedCity
from service.domain.keys import Role
from service.usecases.learning.advance import advance
from service.usecases.learning.annotations import retract_annotation
from tests.api.conftest import STRANGER, Town, body
from tests.worlds import end_of

WORKS = {
    "kind": "renovation",
    "start": "2026-10-05T07:00:00+02:00",
    "end": "2026-10-09T16:00:00+02:00",
    "building": "kvarnen-3",
}
PLACE = {
    "tenant": "hyresbolaget",
    "area": "Norra",
    "property": "Kvarnen 3",
    "building": "kvarnen-3",
    "stairwell": "3 A/b",
    "space": "cellar",
}


@pytest.fixture
def house(empty) -> Town:
    """A service that knows one building."""
    assert empty.operator.post("/v1/places", json={"places": [PLACE]}).status_code == 200
    return empty


def ids(response) -> list[str]:
    return [one["annotation"] for one in body(response)["items"]]


def test_an_annotation_is_made_read_and_retracted(house):
    """Who and when is told with it; readers see it, and it is not gone without a trace."""
    made = body(house.operator.post("/v1/annotations", json=WORKS))
    assert (made["kind"], made["start"], made["building"]) == ("renovation", "2026-10-05T05:00:00Z", "kvarnen-3")
    path = f"/v1/annotations/{made['annotation']}"
    assert body(house.reader.get(path)) == made
    assert ids(house.reader.get("/v1/annotations")) == [made["annotation"]]
    retracted = body(house.operator.delete(path))
    assert retracted["retracted_by"] == made["made_by"]
    assert ids(house.reader.get("/v1/annotations")) == []
    assert body(house.reader.get(path)) == retracted
    assert body(house.operator.delete(path)) == retracted, "again, it stays as it is"
    assert house.operator.delete(f"{path}0").status_code == 404
    actions = [entry["action"] for entry in body(house.auditor.get("/v1/audit"))["items"]]
    assert actions[:2] == ["annotation.retract", "annotation.make"]


def test_two_who_retract_an_annotation_at_once_are_both_answered(house):
    """One of them does it, and the other is told that it is done: here the other way round than they asked."""
    made = body(house.operator.post("/v1/annotations", json=WORKS))["annotation"]

    class Overtaken:
        def __getattr__(self, name: str):
            return getattr(house.ports.annotations, name)

        def retract(self, tenant, *said):
            retract_annotation(house.ports, tenant, made, "key-2")
            return house.ports.annotations.retract(tenant, *said)

    late = retract_annotation(dataclasses.replace(house.ports, annotations=Overtaken()), PLACE["tenant"], made, "key-1")
    assert late.retracted_by == "key-2"
    actions = [entry["action"] for entry in body(house.auditor.get("/v1/audit"))["items"]]
    assert actions.count("annotation.retract") == 1


def test_the_same_again_is_one_annotation_and_an_id_is_replaced(house):
    """Sending is idempotent."""
    for _ in range(2):
        assert house.operator.post("/v1/annotations", json=WORKS).status_code == 200
    for end in ("2026-10-20T00:00:00Z", "2026-10-21T00:00:00Z"):
        house.operator.post("/v1/annotations", json={**WORKS, "end": end, "annotation": "works/7"})
    assert len(ids(house.reader.get("/v1/annotations"))) == 2
    assert body(house.reader.get("/v1/annotations/works/7"))["end"] == "2026-10-21T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"building": "other"}, "has no place that is building 'other'"),
        ({"building": None}, "no place is named"),
        ({"end": WORKS["start"]}, "end must be later"),
        ({"end": "2028-01-01T00:00:00Z"}, "at most 366 days"),
        ({"kind": "party"}, "kind: Invalid enum value 'party'; use one of renovation, moving, patrol, guard"),
        ({"note": "hos Andersson"}, "unknown field"),
        ({"start": "2026-10-05T07:00:00"}, "timezone component; write it like 2026-11-22T18:00:00Z"),
    ],
)
def test_odd_annotations_are_refused_in_words(house, change, words):
    response = house.operator.post("/v1/annotations", json={**WORKS, **change})
    assert response.status_code == 422
    assert words in body(response)["detail"]
    assert ids(house.reader.get("/v1/annotations")) == []


def test_a_word_of_a_list_that_is_none_of_those_known_is_told_them_too(house):
    said = {"visited": WORKS["start"], "found": ["traces", "rats"]}
    response = house.operator.post("/v1/hotspot-lists/x/entries/1/outcomes", json=said)
    detail = body(response)["detail"]
    assert detail == (
        "the body is wrong: found[1]: Invalid enum value 'rats'; "
        "use one of drugs, weapons, persons, traces, nothing, benign_cause"
    )


def test_a_member_that_there_is_not_is_called_so_whatever_its_name(house):
    """One called datetime was answered with how a time is written."""
    response = house.operator.post("/v1/annotations", json={**WORKS, "datetime": WORKS["start"]})
    assert body(response)["detail"] == "the body is wrong: Object contains unknown field `datetime`"


def test_annotations_come_in_pages_and_by_time_and_kind(house):
    """Those that overlap the interval, half-open."""
    for day in range(5, 10):
        said = {**WORKS, "start": f"2026-10-{day:02}T00:00:00Z", "end": f"2026-10-{day + 1:02}T00:00:00Z"}
        house.operator.post("/v1/annotations", json={**said, "annotation": str(day)})
    house.operator.post("/v1/annotations", json={**WORKS, "kind": "normal", "annotation": "normal"})
    first = house.reader.get("/v1/annotations?limit=4&kind=renovation")
    assert ids(first) == ["5", "6", "7", "8"]
    assert ids(house.reader.get(first.headers["Link"].split(">")[0][1:])) == ["9"]
    span = "from=2026-10-06T00:00:00Z&to=2026-10-08T00:00:00Z"
    assert ids(house.reader.get(f"/v1/annotations?{span}")) == ["normal", "6", "7"]


def test_patrols_tell_their_visits(house):
    """Good rows are kept beside bad ones; a police key may not read annotations."""
    visit = {"stairwell": "3 A/b", "arrived": "2026-10-05T21:05:00Z"}
    response = house.police.post("/v1/patrol-visits", json={"visits": [visit, {**visit, "stairwell": "4"}]})
    assert response.status_code == 422
    assert (body(response)["accepted"], body(response)["problems"][0]["row"]) == (1, 2)
    [told] = body(house.reader.get("/v1/annotations?kind=patrol"))["items"]
    assert (told["stairwell"], told["start"], told["end"]) == ("3 A/b", "2026-10-05T21:05:00Z", "2026-10-05T21:20:00Z")
    assert house.police.get("/v1/annotations").status_code == 403


def test_a_stranger_neither_sees_nor_touches_ours(house):
    made = body(house.operator.post("/v1/annotations", json=WORKS))["annotation"]
    stranger = house.client(Role.OPERATOR, STRANGER)
    assert ids(stranger.get("/v1/annotations")) == []
    assert stranger.get(f"/v1/annotations/{made}").status_code == 404
    assert stranger.delete(f"/v1/annotations/{made}").status_code == 404
    assert stranger.post("/v1/annotations", json=WORKS).status_code == 422


def test_verdicts_say_what_is_annotated(own_town: Town, city: SimulatedCity):
    """Every window is judged still; one with a known cause is no anomaly."""
    town = own_town
    [found, *_] = body(town.reader.get("/v1/anomalies?limit=1"))["items"]
    assert found["annotation"] is None
    said = {"kind": "moving", "start": found["start"], "end": found["end"], "stairwell": found["stairwell"]}
    assert town.operator.post("/v1/annotations", json=said).status_code == 200
    advance(town.ports, end_of(city) + timedelta(hours=1))
    span = f"from={found['start']}&to={found['end']}&space={found['space']}"
    [told] = body(town.reader.get(f"/v1/stairwells/{found['stairwell']}/verdicts?{span}"))["items"]
    assert (told["annotation"], told["anomalous"], told["reason"]) == ("moving", False, None)
    assert (told["count"], told["score"]) == (found["count"], found["score"])
    assert found["start"] not in [one["start"] for one in body(town.reader.get("/v1/anomalies?limit=1"))["items"]]
