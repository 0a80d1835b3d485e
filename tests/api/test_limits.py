"""Limits of requests: so many a minute by each key, over all processes, told before they are reached."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from service.api.application import create_app
from service.api.contract import OPERATIONS
from service.domain.keys import Role
from service.usecases.request_limits import Policy
from service.web.limits import LEFT, POLICY
from tests.api.conftest import PORTS, STORES, Town, body
from tests.api.test_operating import Unreachable
from tests.worlds import sqlite_ports

ROW = {"stairwell": "a", "time": "2026-10-01T10:00:00Z", "count": 1}
LINE = b"presence,stairwell=a count=1i 1790848800000000000"


@pytest.fixture(params=STORES)
def narrow(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    """Three requests a minute, and two writes."""
    return Town(PORTS[request.param](tmp_path, api__requests_per_minute=3, api__writes_per_minute=2))


def test_what_is_left_is_told_until_nothing_is(narrow):
    """Then 429 says when there is room again, and when there is, there is."""
    narrow.ports.clock.time += timedelta(seconds=42)
    reader = narrow.reader
    for left in (2, 1, 0):
        response = reader.get("/v1/places")
        assert response.status_code == 200
        assert response.headers[POLICY] == '"requests";q=3;w=60'
        assert response.headers[LEFT] == f'"requests";r={left};t=18'
    refused = reader.get("/v1/places")
    assert (refused.status_code, body(refused)["type"]) == (429, "/problems/too-many-requests")
    assert "api.requests_per_minute" in body(refused)["detail"]
    assert (refused.headers["Retry-After"], refused.headers[LEFT]) == ("18", '"requests";r=0;t=18')
    narrow.ports.clock.time += timedelta(seconds=18)
    assert reader.get("/v1/places").headers[LEFT] == '"requests";r=2;t=60'


def test_every_answer_to_a_key_counts(narrow):
    """Also one that is not found, that is refused for its query, or that is known already."""
    reader = narrow.reader
    tag = reader.get("/v1/places").headers["ETag"]
    known = reader.get("/v1/places", headers={"If-None-Match": tag})
    assert (known.status_code, known.headers[LEFT]) == (304, '"requests";r=1;t=60')
    assert reader.get("/v1/places?colour=red").headers[LEFT] == '"requests";r=0;t=60'


def test_keys_and_what_sensors_send_are_counted_apart(narrow):
    """A reader in a loop keeps no count out, nor another reader."""
    operator = narrow.operator
    while operator.get("/v1/places").status_code == 200:
        pass
    for _ in range(2):
        assert operator.post("/v1/counts", json={"counts": [ROW]}).status_code == 200
    assert operator.post("/v1/counts", json={"counts": [ROW]}).status_code == 429
    assert narrow.reader.get("/v1/places").status_code == 200


def test_influxdb_s_clients_are_told_in_their_own_words(narrow):
    """They try again after the time they are told."""
    for status in (204, 204, 429):
        response = narrow.ingest.post("/api/v2/write", data=LINE)
        assert response.status_code == status
    assert body(response)["code"] == "too many requests"
    assert int(response.headers["Retry-After"]) == 60


def test_what_needs_no_key_has_no_limit(narrow):
    """Nor is it told one; the stores are spared otherwise."""
    for _ in range(5):
        response = narrow.app.test_client().get("/health/ready")
        assert (response.status_code, LEFT in response.headers) == (200, False)


def test_no_limit_is_a_setting(tmp_path):
    town = Town(sqlite_ports(tmp_path, api__requests_per_minute=0))
    assert POLICY not in town.reader.get("/v1/places").headers


def test_without_a_counter_there_is_no_limit_but_an_answer(narrow):
    """What protects others must not take the service down."""
    app = create_app(dataclasses.replace(narrow.ports, requests=Unreachable()))
    for _ in range(4):
        headers = {"Authorization": f"Bearer {narrow.tokens[Role.READER]}"}
        assert app.test_client().get("/v1/places", headers=headers).status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_limits_are_in_the_contract(town, operation):
    """Of what sensors send apart from all else; and 429 wherever there is a limit."""
    described = msgspec.json.decode(town.app.test_client().get("/openapi.json").data)
    responses = described["paths"][operation.path][operation.method.lower()]["responses"]
    assert ("429" in responses) == bool(operation.roles)
    assert (POLICY in responses[str(operation.status)]["headers"]) == bool(operation.roles)
    sends = re.search("/counts|/readings|/uplinks/|/write", operation.path) and operation.method == "POST"
    assert operation.policy is (Policy.WRITES if sends else Policy.REQUESTS)
