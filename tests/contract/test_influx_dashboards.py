"""The dashboards' queries answered by a real InfluxDB: what they draw is what the service wrote."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from service.domain.places import Kind
from service.domain.verdicts import MEASURES, VerdictColumns
from service.stores.influx.connection import InfluxConnection
from service.stores.influx.places import PlaceTags
from service.stores.influx.verdicts import InfluxVerdictStore
from tests.contract.influx import InfluxServer
from tests.contract.stores import sqlite_stores
from tests.deployment.dashboards import DASHBOARDS, filled, queries, read

HOURS = 48
NEWEST = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
START = int(NEWEST.timestamp()) - (HOURS - 1) * 3600
STAIRWELL = 'B, "övre"'
VARIABLES = {"tenant": "norrbo", "stairwell": STAIRWELL, "space": "cellar"}
Rows = list[dict[str, object]]

pytestmark = pytest.mark.influx


@pytest.fixture(scope="module")
def answers(influx_server: InfluxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """Two days of a cellar, and of a stairwell silent since noon of the first; the answers to every query, by name."""
    register = sqlite_stores(tmp_path_factory.mktemp("dashboards")).register
    register.learn("norrbo", [(STAIRWELL, "cellar", Kind.CELLAR), ("A", "stairwell", Kind.STAIRWELL)])
    register.learn("other", [("Z", "attic", Kind.ATTIC)])
    bucket = influx_server.bucket()
    connection = InfluxConnection(influx_server.settings(), lambda: influx_server.token)
    store = InfluxVerdictStore(connection, bucket, PlaceTags(register, learning=False))
    store.write(verdicts(1, range(HOURS), anomalous={40, 41, 45}))
    store.write(verdicts(2, range(12), anomalous={5}))
    store.write(verdicts(3, range(HOURS), anomalous=set(range(HOURS))))
    store.supersede(np.array([1]), START + 45 * 3600, START + 46 * 3600)
    start, stop = (moment.isoformat().replace("+00:00", "Z") for moment in (NEWEST - timedelta(days=7), NEWEST))
    reader = influx_server.client.query_api()
    found = {}
    for path in DASHBOARDS:
        for name, query in queries(read(path)):
            tables = reader.query(filled(query, bucket, start, stop, **VARIABLES))
            found[f"{path.stem}: {name}"] = [record.values for table in tables for record in table.records]
    return found


def verdicts(series: int, hours: range, anomalous: set[int]) -> VerdictColumns:
    measures = {name: np.full(len(hours), float(place)) for place, name in enumerate(MEASURES)}
    return VerdictColumns(
        version="0",
        series=np.full(len(hours), series),
        starts=START + np.array(hours) * 3600,
        anomalous=np.array([hour in anomalous for hour in hours]),
        **{**measures, "count": np.array(hours, dtype=np.float64)},
    )


def test_every_query_has_an_answer(answers: dict[str, Rows]) -> None:
    """None is refused, none is empty."""
    assert [name for name, rows in answers.items() if not rows] == []


def test_one_space_is_drawn_with_its_band(answers: dict[str, Rows]) -> None:
    """All its verdicts in force, and nobody else's; the window that ends the time shown is left out."""
    counts = answers["space: Counts and what was expected, A"]
    assert [row["count"] for row in counts] == [float(hour) for hour in range(HOURS - 1) if hour != 45]
    assert {(row["expected"], row["lower"], row["upper"]) for row in counts} == {(1.0, 2.0, 3.0)}
    assert [row["anomalous"] for row in answers["space: Counts and what was expected, B"]] == [40.0, 41.0]
    assert [row["_value"] for row in answers["space: Weeks of evidence, A"]] == [9.0]
    assert {row["score"] for row in answers["space: Score, A"]} == {6.0}


def test_the_overview_counts_what_is_not_normal_and_what_is_silent(answers: dict[str, Rows]) -> None:
    """Of one company; the longest silent first."""
    lag = answers["overview: Lag, A"][0]["_value"]
    assert lag == pytest.approx((datetime.now(UTC) - NEWEST).total_seconds(), abs=120)
    assert [row["_value"] for row in answers["overview: Anomalous windows in the time shown, A"]] == [3]
    assert [row["_value"] for row in answers["overview: Spaces heard in the time shown, A"]] == [2]
    heard = [row["spaces heard"] for row in answers["overview: Spaces heard, A"]]
    assert (len(heard), set(heard[:12]), set(heard[12:])) == (HOURS - 1, {2}, {1})
    assert [row["anomalous"] for row in answers["overview: Anomalous windows, A"]] == [1, 1, 1]
    table = answers["overview: What was not normal, A"]
    assert [(row["stairwell"], row["count"]) for row in table] == [(STAIRWELL, 41.0), (STAIRWELL, 40.0), ("A", 5.0)]
    health = answers["overview: Sensor health: longest silent first, A"]
    assert [row["stairwell"] for row in health] == ["A", STAIRWELL]
    assert health[0]["hours ago"] == pytest.approx(health[1]["hours ago"] + HOURS - 12, abs=0.1)


def test_variables_offer_what_there_is(answers: dict[str, Rows]) -> None:
    """Companies, the stairwells of one, the spaces of one of those."""
    offered = {name: sorted(row["_value"] for row in rows) for name, rows in answers.items() if "variable" in name}
    assert offered["space: variable tenant"] == offered["overview: variable tenant"] == ["norrbo", "other"]
    assert offered["space: variable stairwell"] == ["A", STAIRWELL]
    assert offered["space: variable space"] == ["cellar"]
