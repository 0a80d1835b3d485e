"""The page on operations tells every metric there is, with its labels and its type, and none besides."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

import service.tick  # noqa: F401 - what it imports counts in the registry too
from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.keys import Role
from tests.api.conftest import Town
from tests.api.test_operating import Unreachable
from tests.worlds import TENANT

PAGE = Path(__file__).parents[2] / "docs/operations.md"
ROW = re.compile(r"^\| `(trappvakt_\w+)(?:\{([\w,]+)\})?` \| (\w+) \| (.+) \|$", re.MULTILINE)
Named = tuple[str, tuple[str, ...], str]


def told() -> list[Named]:
    """Name, labels and type of each row of the page's table."""
    rows = ROW.findall(PAGE.read_text("utf-8"))
    return [(name, tuple(filter(None, labels.split(","))), kind) for name, labels, kind, _ in rows]


def counted() -> set[Named]:
    """What processes count: labels stand in the registry before the first of their values."""
    metrics = {one for one in REGISTRY._collector_to_names if isinstance(one, MetricWrapperBase)}
    return {
        (one._name + ("_total" if one._type == "counter" else ""), tuple(one._labelnames), one._type)
        for one in metrics
        if one._name.startswith("trappvakt_")
    }


def scraped(town: Town) -> set[Named]:
    """What is read from the stores at the scrape."""
    families = text_string_to_metric_families(town.app.test_client().get("/metrics").text)
    of_processes = {name.removesuffix("_total") for name, _, _ in counted()}
    return {
        (sample.name, tuple(sample.labels), family.type)
        for family in families
        if family.name.startswith("trappvakt_") and family.name not in of_processes
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_metric_is_told_with_its_labels_and_type(town: Town) -> None:
    """And there is none that is told and does not exist."""
    assert len(set(told())) == len(told())
    assert set(told()) == counted() | scraped(town)


def test_names_end_in_their_unit_and_counters_in_total() -> None:
    """Prometheus' conventions: base units, and a total only where something is counted."""
    for name, _, kind in told():
        assert name.endswith("_total") == (kind == "counter"), name
        assert not re.search(r"_(ms|milliseconds|minutes|hours|days|kb|mb|percent)(_|$)", name), name
        assert ("_seconds" in name) == (kind == "histogram" or bool(re.search("age|timestamp|overdue|window_s", name)))


def test_deliveries_are_counted_by_what_became_of_them(empty: Town) -> None:
    """What was sent is history."""
    now = empty.ports.clock.now()
    for number, status in enumerate([DeliveryStatus.WAITING, DeliveryStatus.WAITING, DeliveryStatus.SENT]):
        empty.ports.deliveries.put(
            Delivery(tenant=TENANT, item=str(number), recipient="police", status=status, happened=now, queued=now)
        )
    lines = empty.app.test_client().get("/metrics").text.splitlines()
    assert 'trappvakt_deliveries{channel="mail",status="waiting"} 2.0' in lines
    assert 'trappvakt_deliveries{channel="mail",status="given_up"} 0.0' in lines


@pytest.mark.parametrize(
    ("port", "left_out"),
    [
        ("counts", set()),
        ("sensors", {"trappvakt_sensors"}),
        ("verdicts", {"trappvakt_newest_window_verdicts", "trappvakt_newest_window_anomalous"}),
    ],
)
def test_a_store_that_is_away_takes_away_only_what_it_knows(town: Town, port: str, left_out: set[str]) -> None:
    """How long windows are overdue is told all the same, or the alert on it would fall silent."""
    away = Town(dataclasses.replace(town.ports, **{port: Unreachable()}))
    assert {name for name, _, _ in scraped(town) - scraped(away)} == left_out


def test_a_request_that_a_store_fails_is_counted(town: Town) -> None:
    """By who asked; another failed request is not."""
    before = REGISTRY.get_sample_value("trappvakt_store_errors_total", {"process": "api"}) or 0.0
    away = Town(dataclasses.replace(town.ports, verdicts=Unreachable()))
    assert away.client(Role.READER).get("/v1/anomalies").status_code == 503
    assert away.client(Role.READER).get("/v1/anomalies?limit=0").status_code == 422
    assert REGISTRY.get_sample_value("trappvakt_store_errors_total", {"process": "api"}) == before + 1
