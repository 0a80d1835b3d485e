"""Grafana's dashboards: well-formed, and about nothing but what the verdicts in InfluxDB hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.domain.verdicts import MEASURES
from service.stores.influx.places import PLACE
from tests.deployment.dashboards import DASHBOARDS, queries, read

PROVISIONING = Path(__file__).parents[2] / "config/grafana/provisioning"
WRITTEN = {*MEASURES, "anomalous", "version", "in_force"}
NAMES = {"_time", "_value", "_field", "_measurement", *WRITTEN, *PLACE}


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.stem)
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def test_queries_name_what_the_code_writes(dashboard: dict[str, Any]) -> None:
    """The measurement, its fields and its tags; a field that is renamed breaks this test, not a screen at night."""
    for name, query in queries(dashboard):
        assert set(re.findall(r'r\._measurement == "(\w+)"', query)) == {"verdict"}, name
        assert set(re.findall(r'r\._field == "(\w+)"', query)) <= WRITTEN, name
        assert set(re.findall(r"\br\.(\w+)", query)) <= NAMES, name
        assert set(re.findall(r'tag: "(\w+)"', query)) <= set(PLACE), name


def test_queries_stay_within_what_is_asked_for(dashboard: dict[str, Any]) -> None:
    """Bucket and tenant are never those of somebody else; variables stand in quotes that Grafana makes."""
    variables = {one["name"] for one in dashboard["templating"]["list"]}
    for name, query in queries(dashboard):
        assert re.findall(r"bucket: ([^,)]+)", query) == ["v.defaultBucket"], name
        assert "range(start:" in query or "start: -" in query, name
        assert set(re.findall(r"\$\{(\w+):doublequote\}", query)) <= variables, name
        assert "$" not in re.sub(r"\$\{\w+:doublequote\}", "", query), name
        assert "r.tenant == ${tenant:doublequote}" in query or name == "variable tenant"


def test_panels_are_told_apart_and_lie_beside_each_other(dashboard: dict[str, Any]) -> None:
    """Every one says in words what it shows; none covers another."""
    cells: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        covered = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not covered & cells
        cells |= covered
        assert at["x"] + at["w"] <= 24
        assert panel["description"].endswith(".")
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_everything_is_drawn_from_the_data_source_that_is_provisioned(dashboard: dict[str, Any]) -> None:
    """Its token comes from a file."""
    (source,) = yaml.safe_load((PROVISIONING / "datasources/trappvakt.yaml").read_text("utf-8"))["datasources"]
    drawn = [one["datasource"] for one in (*dashboard["panels"], *dashboard["templating"]["list"])]
    assert all(one == {"type": source["type"], "uid": source["uid"]} for one in drawn)
    assert source["secureJsonData"] == {"token": "$__file{/run/secrets/grafana_token}"}
    assert dashboard["uid"] in ("trappvakt-space", "trappvakt-overview")
