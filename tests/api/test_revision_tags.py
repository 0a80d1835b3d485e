"""An answer whose revision is known is not made again, and never told to be the same when it is not."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from service.api.contract import OPERATIONS
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.keys import Role
from service.usecases.learning.advance import advance
from tests.api.conftest import STRANGER, Town, body, scored_ports
from tests.worlds import TENANT, end_of, sqlite_ports


@pytest.fixture(scope="module")
def changing(tmp_path_factory) -> Town:
    """A scored town of this file's own, which its tests change."""
    return Town(scored_ports("sqlite", tmp_path_factory))


def answers(town: Town, city) -> dict[str, tuple[str, bytes]]:
    """Tag and body of every address whose answers have a revision."""
    episode = body(town.operator.get("/v1/episodes?limit=1"))["items"][0]["episode"]
    variables = {"stairwell": city.places[0].stairwell, "episode": episode}
    paths = [operation.path.format(**variables) for operation in OPERATIONS if operation.revision]
    read = {path: town.operator.get(path) for path in paths}
    assert {response.status_code for response in read.values()} == {200}
    return {path: (response.headers["ETag"], response.data) for path, response in read.items()}


def asked(town: Town, path: str, tag: str, role: Role = Role.OPERATOR, tenant: str = TENANT) -> int:
    return town.client(role, tenant).get(path, headers={"If-None-Match": tag}).status_code


def decide(town: Town, city) -> None:
    episode = body(town.operator.get("/v1/episodes?limit=1"))["items"][0]["episode"]
    town.operator.post(f"/v1/episodes/{episode}/acknowledge")


def annotate(town: Town, city) -> None:
    start, end = (end_of(city) - timedelta(days=days) for days in (30, 27))
    where = {"stairwell": city.places[0].stairwell}
    known = {"kind": "moving", "start": start.isoformat(), "end": end.isoformat(), **where}
    assert town.operator.post("/v1/annotations", json=known).status_code == 200


def build(town: Town, city) -> None:
    place = {"tenant": TENANT, "area": "Ny", "property": "P", "building": "B", "stairwell": "0", "space": "cellar"}
    assert town.operator.post("/v1/places", json={"places": [place]}).status_code == 200


def correct(town: Town, city) -> None:
    """A late count of an hour in the past, and the tick that replays it."""
    time = int(city.starts[-50]) * NANOSECONDS
    columns = (np.array([number], dtype=np.int64) for number in (1, time, 9, 0))
    town.ports.counts.append(CountPoints(*columns))
    advance(town.ports, end_of(city))


def test_what_is_known_is_not_made_again(changing, city, monkeypatch):
    """The store of verdicts is not even asked."""
    for path, (tag, _) in answers(changing, city).items():
        assert tag.startswith('W/"')
        with monkeypatch.context() as patched:
            for name in ("find", "columns", "judged"):
                patched.delattr(f"service.stores.sqlite.verdicts.SqliteVerdictStore.{name}")
            assert asked(changing, path, tag) == 304


@pytest.mark.parametrize("change", [decide, annotate, build, correct], ids=lambda change: change.__name__)
def test_what_has_changed_is_told_again(changing, city, change):
    """By whatever it has; in every answer that says something else."""
    before = answers(changing, city)
    change(changing, city)
    after = answers(changing, city)
    changed = [path for path in before if path in after and before[path][1] != after[path][1]]
    assert changed
    assert {asked(changing, path, before[path][0]) for path in changed} == {200}
    assert {asked(changing, path, tag) for path, (tag, _) in after.items()} == {304}


def test_a_tag_is_of_one_key_s_view_and_one_question(changing):
    """Whoever may see something else has another, and so has another page."""
    tag = changing.operator.get("/v1/anomalies").headers["ETag"]
    assert asked(changing, "/v1/anomalies", tag) == 304
    assert asked(changing, "/v1/anomalies?limit=99", tag) == 200
    assert asked(changing, "/v1/anomalies", tag, Role.READER) == 200
    assert asked(changing, "/v1/anomalies", tag, tenant=STRANGER) == 200
    assert asked(changing, "/v1/stairwells/none/verdicts", "*") == 404
    assert asked(changing, "/v1/anomalies", "*") == 304


def test_an_answer_that_is_not_the_one_expected_is_refused(changing):
    """By If-Match, which comes before If-None-Match; weak tags never match, and what fails otherwise fails so."""
    get, lists = changing.operator.get, "/v1/hotspot-lists"
    strong, weak = get(lists).headers["ETag"], get("/v1/anomalies").headers["ETag"]
    refused = [
        get(lists, headers={"If-Match": '"another"'}),
        get(lists, headers={"If-Match": f"W/{strong}"}),
        get(lists, headers={"If-Match": '"another"', "If-None-Match": strong}),
        get("/v1/anomalies", headers={"If-Match": weak}),
        get("/v1/anomalies", headers={"If-Match": '"another"', "If-None-Match": weak}),
    ]
    assert [(one.status_code, one.mimetype) for one in refused] == [(412, "application/problem+json")] * len(refused)
    assert {body(one)["type"] for one in refused} == {"/problems/precondition-failed"}
    for expected in (strong, f'"another", {strong}', "*"):
        assert get(lists, headers={"If-Match": expected}).status_code == 200
        assert get(lists, headers={"If-Match": expected, "If-None-Match": strong}).status_code == 304
    assert get("/v1/stairwells/none/verdicts", headers={"If-Match": '"another"'}).status_code == 404


def test_nothing_is_changed_that_was_wanted_of_another_answer(changing, city):
    """Or of what has no ETag, or a weak one; it was changed all the same. What fails otherwise fails so."""
    known = {"kind": "moving", "start": "2026-06-01T00:00:00Z", "end": "2026-06-02T00:00:00Z", **_where(city)}
    number = body(changing.operator.post("/v1/annotations", json=known))["annotation"]
    path, asked = f"/v1/annotations/{number}", {"headers": {"If-Match": '"another"'}}
    strong, weak = (changing.operator.get(one).headers["ETag"] for one in (path, "/v1/annotations"))
    episode = body(changing.operator.get("/v1/episodes?limit=1"))["items"][0]["episode"]
    before = changing.operator.get("/v1/annotations").data
    for refused in (
        changing.operator.delete(path, **asked),
        changing.operator.post("/v1/annotations", json=known, **asked),
        changing.operator.post("/v1/annotations", json=known, headers={"If-Match": weak}),
        changing.operator.post(f"/v1/episodes/{episode}/acknowledge", **asked),
    ):
        assert (refused.status_code, body(refused)["type"]) == (412, "/problems/precondition-failed")
    assert changing.operator.get("/v1/annotations").data == before
    assert changing.operator.post("/v1/annotations", json={}, **asked).status_code == 422
    assert changing.operator.delete("/v1/annotations/none", **asked).status_code == 404
    assert changing.reader.delete(path, **asked).status_code == 403
    assert changing.operator.delete(path, headers={"If-Match": strong}).status_code == 200
    assert changing.operator.delete(path, headers={"If-Match": strong}).status_code == 412
    assert changing.operator.delete(path, headers={"If-Match": "*"}).status_code == 200


def test_nothing_is_changed_of_an_answer_that_was_not_wanted(changing, city):
    """By If-None-Match, which was ignored: RFC 9110, 13.1.2. It compares weakly; what cannot be read has no ETag."""
    known = {"kind": "moving", "start": "2026-06-05T00:00:00Z", "end": "2026-06-06T00:00:00Z", **_where(city)}
    path = f"/v1/annotations/{body(changing.operator.post('/v1/annotations', json=known))['annotation']}"
    strong, weak = (changing.operator.get(one).headers["ETag"] for one in (path, "/v1/annotations"))
    episode = body(changing.operator.get("/v1/episodes?limit=1"))["items"][0]["episode"]
    acknowledge = f"/v1/episodes/{episode}/acknowledge"
    before = changing.operator.get("/v1/annotations").data
    for unwanted in (strong, f"W/{strong}", f'"another", {strong}', "*"):
        refused = changing.operator.delete(path, headers={"If-None-Match": unwanted})
        assert (refused.status_code, body(refused)["type"]) == (412, "/problems/precondition-failed")
    for unwanted in (weak, "*"):
        refused = changing.operator.post("/v1/annotations", json=known, headers={"If-None-Match": unwanted})
        assert refused.status_code == 412
    assert changing.operator.get("/v1/annotations").data == before
    for unwanted in (strong, "*"):
        assert changing.operator.post(acknowledge, headers={"If-None-Match": unwanted}).status_code == 200
    assert changing.operator.delete("/v1/annotations/none", headers={"If-None-Match": "*"}).status_code == 404
    assert changing.operator.delete(path, headers={"If-None-Match": '"another"'}).status_code == 200


def _where(city):
    return {"stairwell": city.places[0].stairwell}


@pytest.mark.parametrize("garbled", ["", '"', " , "])
def test_an_if_match_that_names_nothing_changes_nothing(changing, city, garbled):
    """As a program sends that has lost the tag it meant; what it was to guard was deleted without it."""
    known = {"kind": "moving", "start": "2026-06-03T00:00:00Z", "end": "2026-06-04T00:00:00Z", **_where(city)}
    path = f"/v1/annotations/{body(changing.operator.post('/v1/annotations', json=known))['annotation']}"
    before = changing.operator.get(path)
    named = {"headers": {"If-Match": garbled}}
    assert [call(path, **named).status_code for call in (changing.operator.delete, changing.operator.get)] == [412, 412]
    assert changing.operator.get("/v1/anomalies", **named).status_code == 412
    assert changing.operator.get(path).data == before.data


def test_a_tag_that_a_proxy_made_weak_is_known(changing):
    """As one does that packs answers."""
    tag = changing.operator.get("/v1/hotspot-lists").headers["ETag"]
    assert asked(changing, "/v1/hotspot-lists", f"W/{tag}") == 304


def test_other_settings_are_another_answer(changing, city):
    """Such as the time zone, which the sentences speak of."""
    tag = changing.operator.get("/v1/anomalies").headers["ETag"]
    elsewhere = Town(sqlite_ports(changing.ports.settings.data_dir, end_of(city), general__timezone="Europe/London"))
    assert asked(elsewhere, "/v1/anomalies", tag) == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_get_that_does_not_tell_of_this_moment_has_a_tag(operation):
    """Those that ask the stores without a key do; a ping has nothing to tag."""
    momentary = ("/ping", "/health/ready", "/metrics")
    assert operation.tagged == (operation.method == "GET" and operation.path not in momentary)
