"""Who may call what: every operation with every role, without a key, with a revoked one and with a stranger's."""

from __future__ import annotations

import pytest

from service.api.contract import OPERATIONS
from service.api.routes import Operation
from service.domain.hotspots import ListStatus
from service.domain.keys import Role
from service.errors import InvalidInput
from service.usecases.keys import create_key, list_keys, revoke_key
from tests.api.conftest import STRANGER, Town, body
from tests.worlds import TENANT

GUARDED = [operation for operation in OPERATIONS if operation.roles]
OPEN = [operation for operation in OPERATIONS if not operation.roles]
BY_NAME = {"ids": lambda value: getattr(value, "name", value)}


def call(client, operation: Operation, town: Town):
    """Call an operation on things there are, with a body that is read but found wanting, so that nothing changes."""
    path = operation.path
    newest = town.ports.lists.records(TENANT, list(ListStatus), limit=1)[0].list_id
    there = {"stairwell": "a", "list_id": newest, "version": "none", "command": "1", "name": "not-found", "rank": "1"}
    there |= {"suffix": "csv", "job": "1", "delivery": "1"}
    for name, value in there.items():
        path = path.replace(f"{{{name}}}", value)
    if path.endswith("/approve"):
        path = path.replace(newest, "none")
    sent = {"data": b"{", "content_type": "application/json"} if operation.body is not None else {}
    return client.open(path, method=operation.method, **sent)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("operation", GUARDED, **BY_NAME)
def test_only_declared_roles_pass(town, operation, role):
    """A role that is declared gets past the door, every other is told 403 and which roles may."""
    response = call(town.client(role), operation, town)
    if role in operation.roles:
        assert response.status_code not in (401, 403, 405)
    else:
        assert response.status_code == 403
        assert all(allowed in body(response)["detail"] for allowed in operation.roles)


@pytest.mark.parametrize("operation", GUARDED, **BY_NAME)
def test_no_key_no_answer(town, operation):
    response = call(town.app.test_client(), operation, town)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("operation", OPEN, **BY_NAME)
def test_open_operations_need_no_key(town, operation):
    assert call(town.app.test_client(), operation, town).status_code in (200, 204)


def test_what_is_open():
    """An operation is open on purpose, or not at all."""
    assert {operation.path for operation in OPEN} == {
        "/ping",
        "/health",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/problems/{name}",
    }


def test_what_the_police_may_call():
    """Approved lists, their evidence, how good they were, and their own visits; no counts, verdicts or profiles."""
    assert {operation.path for operation in GUARDED if Role.POLICE in operation.roles} == {
        "/v1/hotspots",
        "/v1/hotspot-lists",
        "/v1/hotspot-lists/{list_id}",
        "/v1/hotspot-lists/{list_id}.{suffix}",
        "/v1/hotspots.{suffix}",
        "/v1/hotspot-lists/{list_id}/outcomes",
        "/v1/hotspot-lists/{list_id}/entries/{rank}/outcomes",
        "/v1/patrol-visits",
        "/v1/evaluations",
    }


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer tv_unknown", "Basic dXNlcjpwYXNz", "Token ", "tv_x", "Bearer å"]
)
def test_odd_headers_are_no_key(town, header):
    response = town.app.test_client().get("/v1/places", headers={"Authorization": header})
    assert response.status_code == 401
    assert body(response)["type"] == "/problems/not-authenticated"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "TOKEN"])
def test_both_schemes_carry_a_key(town, scheme):
    header = {"Authorization": f"{scheme} {town.tokens[Role.READER]}"}
    assert town.app.test_client().get("/v1/places", headers=header).status_code == 200


def test_a_revoked_key_is_refused_at_once(empty):
    key, token = create_key(empty.ports, Role.READER, TENANT, "leaked")
    client, header = empty.app.test_client(), {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/places", headers=header).status_code == 200
    revoke_key(empty.ports, key.key_id)
    assert client.get("/v1/places", headers=header).status_code == 401


def test_a_token_is_stored_nowhere(empty):
    """What is kept is the digest; the audit tells of the key, not of its secret."""
    key, token = create_key(empty.ports, Role.READER, TENANT, "new")
    assert token.startswith("tv_")
    assert len(token) >= 46
    assert token not in repr(list_keys(empty.ports))
    assert token not in repr(empty.ports.audit.entries(TENANT))
    assert [entry.subject for entry in empty.ports.audit.entries(TENANT)] == [key.key_id]


def test_a_key_belongs_to_a_tenant(empty):
    with pytest.raises(InvalidInput, match="tenant"):
        create_key(empty.ports, Role.READER, " ", "nobody's")


@pytest.mark.parametrize(
    "path", ["/v1/places/{}", "/v1/stairwells/{}/verdicts", "/v1/stairwells/{}/profile", "/v1/hotspots"]
)
def test_nothing_of_ours_exists_for_a_stranger(town, city, path):
    path = path.format(city.places[0].stairwell)
    assert town.operator.get(path).status_code == 200
    assert town.client(Role.OPERATOR, STRANGER).get(path).status_code == 404


def test_a_stranger_finds_no_list_of_ours(town):
    newest = town.ports.lists.records(TENANT, list(ListStatus), limit=1)[0].list_id
    stranger = town.client(Role.OPERATOR, STRANGER)
    assert stranger.get(f"/v1/hotspot-lists/{newest}").status_code == 404
    assert stranger.get(f"/v1/hotspot-lists/{newest}.csv").status_code == 404
    assert stranger.post(f"/v1/hotspot-lists/{newest}/approve").status_code == 404
    for path in ("/v1/places", "/v1/anomalies", "/v1/hotspot-lists"):
        assert body(stranger.get(path))["items"] == []


def test_a_stranger_writes_into_places_of_its_own(empty):
    """The key's tenant decides: the same stairwell id is another stairwell."""
    row = {"stairwell": "A", "time": "2026-10-01T10:00:00Z", "count": 3}
    assert empty.ingest.post("/v1/counts", json={"counts": [row]}).status_code == 200
    stranger = empty.client(Role.INGEST, STRANGER)
    assert stranger.post("/v1/counts", json={"counts": [{**row, "count": 4}]}).status_code == 200
    ours, theirs = (empty.ports.register.series(tenant)[0].number for tenant in (TENANT, STRANGER))
    assert ours != theirs


def test_reading_and_approving_lists_is_audited(own_town):
    """Who saw which list, and who approved it, is told to the auditor."""
    town = own_town
    newest = town.ports.lists.records(TENANT, list(ListStatus), limit=1)[0].list_id
    assert town.police.get(f"/v1/hotspot-lists/{newest}").status_code == 404
    assert town.operator.post(f"/v1/hotspot-lists/{newest}/approve").status_code == 200
    assert town.police.get("/v1/hotspots").status_code == 200
    entries = body(town.auditor.get("/v1/audit"))["items"]
    told = [(entry["action"], entry["subject"]) for entry in entries if entry["action"].startswith("list.")]
    assert told == [("list.read", newest), ("list.approve", newest)]
