"""Counts that others write to a real InfluxDB, scored, read back in Flux and through the API; also when it is away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from influxdb_client import Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS

from service.api.application import create_app
from service.bootstrap import build_ports
from service.domain.keys import Role
from service.ports import Ports
from service.settings import load_settings
from service.tick import Tick
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.contract.influx import InfluxServer
from tests.contract.relay import Relay
from tests.worlds import TENANT, StandingClock

START = datetime(2026, 10, 5, tzinfo=UTC)
STAIRWELLS = ("A 1", 'B, "övre"', "C=3")
COUNTS = np.random.default_rng(7).poisson(1.5, (15 * 24, len(STAIRWELLS)))
DAY = timedelta(days=1)
VERDICTS = """
from(bucket: _bucket) |> range(start: 2026-01-01T00:00:00Z, stop: 2027-01-01T00:00:00Z)
    |> filter(fn: (r) => r._measurement == "verdict")
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> filter(fn: (r) => r.in_force)
"""
Told = list[tuple[datetime, str, float, float, bool]]

pytestmark = pytest.mark.influx


class World:
    """A service on InfluxDB, its API, and a clock that is set by hand."""

    def __init__(self, server: InfluxServer, folder: Path, url: str, counts: str, verdicts: str) -> None:
        overrides = {
            "general.data_dir": str(folder),
            "store.kind": "influxdb",
            "influxdb.url": url,
            "influxdb.org": server.org,
            "influxdb.counts_bucket": counts,
            "influxdb.verdicts_bucket": verdicts,
        }
        self.server, self.counts, self.verdicts = server, counts, verdicts
        self.clock = StandingClock(START)
        self.ports: Ports = build_ports(load_settings(environment={}, overrides=overrides), clock=self.clock)
        self.tick = Tick(self.ports)
        self.client = create_app(self.ports).test_client()
        roles = (Role.INGEST, Role.READER)
        self.tokens = {role: create_key(self.ports, role, TENANT, "", actor="t")[1] for role in roles}

    def tick_at(self, days: float) -> None:
        """Run a tick so many days after the start, when the lateness is over."""
        self.clock.time = START + days * DAY + timedelta(minutes=16)
        self.tick.run()

    def write(self, first_day: int, last_day: int) -> None:
        """Write the counts of some days as others do: by influxdb-client, straight to the server."""
        hours = range(first_day * 24, last_day * 24)
        points = [point(hour, k, int(COUNTS[hour, k])) for hour in hours for k in range(len(STAIRWELLS))]
        self.server.client.write_api(write_options=SYNCHRONOUS).write(self.counts, self.server.org, points)

    def flux(self) -> Told:
        """The verdicts in force, as a dashboard reads them."""
        tables = self.server.client.query_api().query(VERDICTS, params={"_bucket": self.verdicts})
        rows = [record.values for table in tables for record in table.records]
        return sorted((r["_time"], r["stairwell"], r["count"], r["score"], r["anomalous"]) for r in rows)

    def api(self) -> Told:
        """The same through the API."""
        return sorted(
            (datetime.fromisoformat(one["start"]), stairwell, one["count"], one["score"], one["anomalous"])
            for stairwell in STAIRWELLS
            for one in self._pages(f"/v1/stairwells/{quote(stairwell)}/verdicts?limit=1000")
        )

    def metric(self, name: str) -> float:
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(name)), 0.0)

    def post(self, rows: list[dict[str, Any]]) -> int:
        """Counts through the API; the status."""
        headers = {"Authorization": f"Bearer {self.tokens[Role.INGEST]}"}
        return self.client.post("/v1/counts", json={"counts": rows}, headers=headers).status_code

    def _pages(self, path: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.tokens[Role.READER]}"}
        answer = self.client.get(path, headers=headers)
        assert "next" not in answer.headers.get("Link", ""), "one page holds them all"
        return list(answer.json["items"])


def point(hour: int, stairwell: int, count: int) -> Point:
    named = Point("presence").tag("tenant", TENANT).tag("stairwell", STAIRWELLS[stairwell])
    return named.field("count", count).time(START + timedelta(hours=hour), WritePrecision.S)


@pytest.fixture
def relay(influx_server: InfluxServer) -> Iterator[Relay]:
    """A way to the server that can be shut."""
    relay = Relay(influx_server.url)
    yield relay
    relay.shut()


@pytest.fixture
def world(influx_server: InfluxServer, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A service that reaches the server through the relay."""
    monkeypatch.setenv("TRAPPVAKT_INFLUXDB_TOKEN", influx_server.token)
    return World(influx_server, tmp_path / "one", relay.url, influx_server.bucket(), influx_server.bucket())


def test_counts_become_verdicts_and_an_outage_loses_and_doubles_nothing(
    world: World, relay: Relay, tmp_path: Path
) -> None:
    """Away before a tick, and again in the middle of one; the lag is told meanwhile, and made up for afterwards."""
    world.write(0, 12)
    world.tick_at(12)
    told = world.flux()
    assert [row[2] for row in told] == COUNTS[: 12 * 24, np.argsort(STAIRWELLS)].ravel().tolist()
    assert world.api() == told

    relay.shut()
    world.write(12, 14)
    row = {"stairwell": STAIRWELLS[0], "time": (START + 12 * DAY).isoformat(), "count": 40, "sensor": "s2"}
    errors = world.metric('trappvakt_tick_errors_total{step="advance"}')
    world.tick_at(13)
    world.tick_at(14)
    assert world.metric('trappvakt_tick_errors_total{step="advance"}') == errors + 2
    assert world.metric('trappvakt_store_up{store="counts"}') == 0
    assert world.metric("trappvakt_watermark_age_seconds") == pytest.approx(2 * 86_400 + 960)
    ready = world.client.get("/health/ready")
    assert ready.status_code == 503
    assert "cannot be reached" in ready.json["detail"]
    assert f"up to {2 * 1440 + 16} minutes ago is scored" in ready.json["detail"]
    assert world.post([row]) == 503
    assert world.flux() == told

    relay.open()
    relay.shut_after(60_000)
    world.tick_at(14)
    assert world.metric("trappvakt_watermark_age_seconds") > 86_400
    relay.open()
    assert world.post([row]) == 200
    world.write(14, 15)
    world.tick_at(15)
    assert world.metric("trappvakt_watermark_age_seconds") == pytest.approx(960)
    assert world.client.get("/health/ready").json["watermark_age_seconds"] == pytest.approx(960)

    undisturbed = World(world.server, tmp_path / "two", world.server.url, world.counts, world.server.bucket())
    undisturbed.clock.time = world.clock.time
    advance(undisturbed.ports)
    assert len(world.flux()) == COUNTS.size
    assert world.flux() == undisturbed.flux() == world.api()


def test_counts_later_than_the_lateness_are_found_within_a_day(world: World) -> None:
    """Written by others past us, also of a place that nobody knew."""
    world.write(0, 10)
    world.tick_at(10)
    late = Point("presence").tag("tenant", TENANT).tag("stairwell", "new").field("count", 3)
    writer = world.server.client.write_api(write_options=SYNCHRONOUS)
    writer.write(world.counts, world.server.org, [point(200, 1, 55), late.time(START + 8 * DAY, WritePrecision.S)])
    world.tick_at(10.1)
    assert len(world.flux()) == 3 * 240
    world.tick_at(11.2)
    told = {(at, stairwell): count for at, stairwell, count, _, _ in world.flux()}
    assert told[START + timedelta(hours=200), STAIRWELLS[1]] == 55
    assert told[START + 8 * DAY, "new"] == 3
    assert len(told) == 3 * 240 + 1
