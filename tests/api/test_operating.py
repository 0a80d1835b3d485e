"""Health, metrics, model versions and commands: what whoever runs the service asks for."""

from __future__ import annotations

import dataclasses
import logging
from datetime import timedelta

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.api.application import create_app
from service.domain.keys import EVERY_TENANT, Role
from service.domain.places import Kind
from service.errors import StoreError
from service.usecases.audit import record
from service.usecases.commands import run_commands
from service.usecases.versions.promote import go_on
from tests.api.conftest import STRANGER, Town, body
from tests.worlds import TENANT, sqlite_ports


class Unreachable:
    """A store that is gone."""

    def __getattr__(self, method: str):
        def fail(*_given, **_named):
            raise StoreError("cannot be reached at 10.0.0.9; check the network")

        return fail


class Broken:
    """A store with a fault of ours in it."""

    def __getattr__(self, method: str):
        def fail(*_given, **_named):
            raise ZeroDivisionError("secret detail")

        return fail


def test_the_process_answers(empty):
    assert body(empty.app.test_client().get("/health/live")) == {"status": "pass", "checked": []}


def test_every_store_is_asked(empty):
    response = empty.app.test_client().get("/health/ready")
    assert response.status_code == 200
    of_stores_asked_already = ("aging",)
    others = ("settings", "clock", "mail", "webhooks", "requests", "session_secret", *of_stores_asked_already)
    stores = [one for one in dataclasses.fields(empty.ports) if one.name not in others]
    assert len(body(response)["checked"]) == len(stores)


@pytest.mark.parametrize(
    ("port", "name"),
    [
        ("register", "places register"),
        ("counts", "counts"),
        ("verdicts", "verdicts"),
        ("state", "state"),
        ("lists", "hot-spot lists"),
        ("keys", "keys"),
        ("audit", "audit"),
        ("registry", "model versions"),
    ],
)
def test_the_store_that_fails_is_named(empty, port, name):
    app = create_app(dataclasses.replace(empty.ports, **{port: Unreachable()}))
    response = app.test_client().get("/health/ready")
    assert response.status_code == 503
    assert body(response)["detail"].startswith(f"{name}: cannot be reached")
    assert int(response.headers["Retry-After"]) > 0
    up = samples(app.test_client().get("/metrics"), "trappvakt_store_up")
    assert [labels["store"] for labels, value in up if value == 0] == [name]


def test_a_real_file_that_is_damaged_is_a_store_that_fails(tmp_path):
    town = Town(sqlite_ports(tmp_path))
    assert town.app.test_client().get("/health/ready").status_code == 200
    for file in tmp_path.glob("audit.db*"):
        file.write_bytes(b"no database" * 1000)
    response = Town(sqlite_ports(tmp_path)).app.test_client().get("/health/ready")
    assert response.status_code == 503
    assert "audit" in body(response)["detail"]


def test_a_store_that_fails_during_a_request_is_503(town):
    app = create_app(dataclasses.replace(town.ports, verdicts=Unreachable()))
    header = {"Authorization": f"Bearer {town.tokens[Role.READER]}"}
    response = app.test_client().get("/v1/anomalies", headers=header)
    assert (response.status_code, body(response)["type"]) == (503, "/problems/store-unavailable")


def test_a_fault_of_ours_keeps_its_words_for_the_log(town):
    app = create_app(dataclasses.replace(town.ports, verdicts=Broken()))
    header = {"Authorization": f"Bearer {town.tokens[Role.READER]}"}
    response = app.test_client().get("/v1/anomalies", headers=header)
    assert (response.status_code, body(response)["type"]) == (500, "/problems/internal-error")
    assert "secret" not in response.text


def samples(response, name: str) -> list[tuple[dict[str, str], float]]:
    families = text_string_to_metric_families(response.text)
    return [(one.labels, one.value) for family in families for one in family.samples if one.name == name]


def test_metrics_tell_the_age_of_the_watermark(town):
    manifest = town.ports.state.manifest()
    response = town.app.test_client().get("/metrics")
    age = town.ports.clock.now().timestamp() - manifest.watermark
    assert samples(response, "trappvakt_watermark_age_seconds") == [({}, age)]
    assert samples(response, "trappvakt_champion_info") == [({"version": "0"}, 1.0)]
    newest = manifest.watermark - town.ports.settings.window_seconds
    numbers = np.array([one.number for one in town.ports.register.series()], dtype=np.int64)
    columns = town.ports.verdicts.columns(numbers, newest, manifest.watermark)
    assert samples(response, "trappvakt_newest_window_verdicts") == [({}, len(columns))]
    assert len(columns) > 0


def test_metrics_count_requests_and_rows_and_name_nobody(empty):
    def counted(name: str, **labels: str) -> float:
        found = samples(empty.app.test_client().get("/metrics"), name)
        return sum(value for one, value in found if labels.items() <= one.items())

    before = counted("trappvakt_http_requests_total", operation="post_counts", status="422")
    rows = counted("trappvakt_ingest_rows_total", outcome="refused")
    empty.ingest.post("/v1/counts", json={"counts": [{"stairwell": "hemligt"}, {}]})
    assert counted("trappvakt_http_requests_total", operation="post_counts", status="422") == before + 1
    assert counted("trappvakt_ingest_rows_total", outcome="refused") == rows + 2
    text = empty.app.test_client().get("/metrics").text
    assert not any(token in text for token in ("hemligt", "hyresbolaget", *empty.tokens.values()))


def test_metrics_before_the_first_tick_have_no_watermark(empty):
    response = empty.app.test_client().get("/metrics")
    assert samples(response, "trappvakt_watermark_timestamp_seconds") == []
    assert samples(response, "trappvakt_series") == [({}, 0.0)]


def test_one_version_is_the_champion(town, empty):
    for service in (town, empty):
        versions = body(service.operator.get("/v1/models"))["items"]
        assert [one["version"] for one in versions if one["champion"]] == ["0"]


def test_calibration_is_that_of_the_key_s_own_windows(town):
    """Windows of six weeks, of which the first four are a warm-up; a stranger has none."""
    report = body(town.operator.get("/v1/calibration?weeks=6"))
    assert report["overall"]["windows"] == sum(one["windows"] for one in report["by_decile"]) > 0
    assert [tail["level"] for tail in report["overall"]["tails"]] == [0.05, 0.01]
    assert report["episodes"]["promised"] == 2
    stranger = body(town.client(Role.OPERATOR, STRANGER).get("/v1/calibration"))
    assert (stranger["series"], stranger["overall"], stranger["episodes"]) == (0, None, None)
    assert town.operator.get("/v1/calibration?weeks=0").status_code == 422


def test_a_version_tells_what_it_keeps_of_its_budget(town):
    (version,) = body(town.operator.get("/v1/models"))["items"]
    told = {(one["promised"], one["first_week"]): one["achieved"] for one in version["budgets"]}
    assert set(told) == {(promised, week) for promised in (1, 2, 5) for week in (1, 5, 9)}
    assert told[1, 9] < told[2, 9] < told[5, 9]


def test_a_promotion_is_queued_run_and_told(own_town):
    """The API queues, the scheduler alone changes state, and the command's address tells what became of it."""
    response = own_town.operator.post("/v1/models/0/promote")
    assert response.status_code == 202
    address = response.headers["Location"]
    assert body(own_town.operator.get(address))["finished"] is False
    run_commands(own_town.ports)
    assert body(own_town.operator.get(address))["progress"] == 0.0
    while go_on(own_town.ports):
        pass
    assert body(own_town.operator.get(address)) == {**body(response), "finished": True}


def test_a_version_there_is_not_is_not_queued(town):
    before = town.ports.state.commands()
    response = town.operator.post("/v1/models/none/promote")
    assert response.status_code == 404
    assert town.ports.state.commands() == before
    assert town.operator.get("/v1/commands/999999").status_code == 404


def test_the_audit_tells_the_newest_first(empty):
    """Of the tenant's own actions and those on the whole service, never of another tenant's."""
    auditor, ports = empty.auditor, empty.ports
    for tenant, action in [(TENANT, "first"), ("grannbolaget", "theirs"), (EVERY_TENANT, "second"), (TENANT, "third")]:
        ports.clock.time += timedelta(hours=1)
        record(ports, "cli:test", tenant, action, "subject")
    entries = body(auditor.get("/v1/audit?limit=3"))["items"]
    assert [entry["action"] for entry in entries] == ["third", "second", "first"]
    assert auditor.get("/v1/audit?limit=0").status_code == 422


@pytest.mark.parametrize("path", ["/v1/places", "/health/live", "/nowhere", "/docs", "/openapi.json"])
def test_every_answer_is_safe_in_a_browser(empty, path):
    headers = empty.operator.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_no_log_line_holds_a_key(empty, caplog):
    with caplog.at_level(logging.DEBUG):
        empty.operator.get("/v1/places")
        create_app(dataclasses.replace(empty.ports, register=Broken())).test_client().get(
            "/v1/places", headers={"Authorization": f"Bearer {empty.tokens[Role.READER]}"}
        )
    assert not any(token in caplog.text for token in empty.tokens.values())


def test_no_tenant_of_several_chooses_the_champion(tmp_path):
    """A champion judges everybody's windows."""
    town = Town(sqlite_ports(tmp_path))
    number = town.ports.state.enqueue("promote", "0", "test")
    town.ports.register.learn(TENANT, [("s", "cellar", Kind.CELLAR)])
    assert town.operator.get(f"/v1/commands/{number}").status_code == 200
    town.ports.register.learn("grannbolaget", [("s", "cellar", Kind.CELLAR)])
    assert town.operator.post("/v1/models/0/promote").status_code == 403
    assert town.operator.get(f"/v1/commands/{number}").status_code == 403
