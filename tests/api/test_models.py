"""Model versions over the API: told, compared, put in force, taken back and pruned, never by one tenant of several."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from models.city import SimulatedCity, simulate_city
from service.domain.keys import Role
from service.domain.places import Kind
from service.usecases.commands import run_commands
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import go_on
from tests.api.conftest import STRANGER, Town, body
from tests.challengers import add_challenger
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

PAGE = b"<!doctype html><style>p {color: red}</style><p>What would change"


@pytest.fixture(scope="module")
def small() -> SimulatedCity:
    return simulate_city(2, stairwells=1, weeks=1)


@pytest.fixture
def service(small, tmp_path: Path) -> Town:
    """A town that is scored, and a challenger with a report."""
    ports = sqlite_ports(tmp_path, now=end_of(small))
    register_city(ports, small)
    ports.counts.append(city_points(small))
    advance(ports, end_of(small) - timedelta(days=5))
    add_challenger(ports, documents={"report.json": b'{"places": ["kvarnen"]}', "report.html": PAGE})
    return Town(ports)


def run(service: Town, path: str, sent: object = None) -> dict[str, object]:
    """Order something, let the scheduler run it, and read what became of it."""
    response = service.operator.post(path, json=sent)
    assert response.status_code == 202, response.text
    address = response.headers["Location"]
    assert body(service.operator.get(address))["finished"] is False
    run_commands(service.ports)
    while go_on(service.ports):
        pass
    return body(service.operator.get(address))


def champion(service: Town) -> str:
    (version,) = [one["version"] for one in body(service.operator.get("/v1/models"))["items"] if one["champion"]]
    return version


def test_a_version_is_put_in_force_and_taken_back(service):
    assert run(service, "/v1/models/1/promote")["error"] is None
    assert champion(service) == "1"
    assert run(service, "/v1/models/rollback")["error"] is None
    assert champion(service) == "0"


def test_gates_that_are_not_passed_want_a_reason(service):
    add_challenger(service.ports, "2", metrics={})
    refused = service.operator.post("/v1/models/2/promote")
    assert (refused.status_code, body(refused)["type"]) == (409, "/problems/gates-not-passed")
    assert "list_overlap" in body(refused)["detail"]
    assert service.operator.post("/v1/models/2/promote", json={"override": ""}).status_code == 422
    run(service, "/v1/models/2/promote", {"override": "the fair was in town"})
    assert champion(service) == "2"
    entries = body(service.auditor.get("/v1/audit"))["items"]
    assert [one["detail"] for one in entries if one["action"] == "model.promote"] == [
        "replaces 0; gates overridden: the fair was in town"
    ]


def test_a_rollback_without_a_champion_before_is_a_conflict(service):
    assert service.operator.post("/v1/models/rollback").status_code == 409


def test_an_altered_version_is_told_and_refused(service, tmp_path):
    manifest = tmp_path / "versions" / "1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-9])
    page = body(service.operator.get("/v1/models"))
    assert [one["version"] for one in page["items"]] == ["0"]
    assert [one["version"] for one in page["refused"]] == ["1"]
    for response in (service.operator.get("/v1/models/1"), service.operator.post("/v1/models/1/promote")):
        assert (response.status_code, body(response)["type"]) == (409, "/problems/version-refused")


def test_all_is_told_of_a_version(service):
    told = body(service.operator.get("/v1/models/1"))
    assert told["parent"] == "0"
    assert len(told["files"]["tables/level.npy"]) == 64
    assert [gate["passed"] for gate in told["gates"]] == [True] * 4
    compared = body(service.operator.get("/v1/models/1/comparison?with=0"))
    assert [one["name"] for one in compared["tables"]] == ["level"]
    assert service.operator.get("/v1/models/1/comparison").status_code == 422
    assert service.operator.get("/v1/models/7").status_code == 404


def test_the_report_is_read_as_it_was_written(service):
    assert body(service.operator.get("/v1/models/1/report")) == {"places": ["kvarnen"]}
    page = service.operator.get("/v1/models/1/report.html")
    assert (page.data, page.mimetype) == (PAGE, "text/html")
    assert "sha256-" in page.headers["Content-Security-Policy"]
    assert service.operator.get("/v1/models/0/report").status_code == 404


def test_what_is_pruned_is_told_before(service):
    add_challenger(service.ports, "2")
    plan = body(service.operator.get("/v1/models/pruning?newest=1"))
    assert [one["version"] for one in plan["pruned"]] == ["1"]
    assert plan["frees_bytes"] == plan["pruned"][0]["size_bytes"] > 0
    run(service, "/v1/models/prune?newest=1")
    assert [one["version"] for one in body(service.operator.get("/v1/models"))["items"]] == ["0", "2"]


def test_no_tenant_of_several_orders_anything_or_reads_a_report(service):
    """A report names the places of all of them."""
    service.ports.register.learn(STRANGER, [("s", "cellar", Kind.CELLAR)])
    for path in ("/v1/models/1/promote", "/v1/models/rollback", "/v1/models/prune"):
        assert service.operator.post(path).status_code == 403
    for path in ("/v1/models/1/report", "/v1/models/1/report.html", "/v1/models/pruning"):
        assert service.operator.get(path).status_code == 403
    assert service.ports.state.commands() == []


@pytest.mark.parametrize("role", [Role.INGEST, Role.READER, Role.POLICE, Role.AUDITOR])
def test_only_operators_are_told(service, role):
    for path in ("/v1/models", "/v1/models/1", "/v1/models/1/report"):
        assert service.client(role, TENANT).get(path).status_code == 403
