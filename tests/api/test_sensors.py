"""Sensors over HTTP: pages, filters, batteries by webhook, and nobody else's."""

from __future__ import annotations

from typing import Any

from service.domain.places import Kind, PlaceRow
from service.usecases.sensors.check import check_sensors
from tests.api.conftest import Town, body
from tests.worlds import TENANT

EUI = "a81758fffe0312ab"


def register(town: Town) -> None:
    names: dict[str, Any] = {"tenant": TENANT, "property": "p", "building": "b", "space": "cellar", "kind": Kind.CELLAR}
    rows = [PlaceRow(stairwell=f"s{k}", area="Norra", sensor=f"g{k}", **names) for k in range(3)]
    town.ports.register.put([*rows, PlaceRow(stairwell="s9", area="Norra", sensor=EUI, **names)])


def status_event(**said: Any) -> dict[str, Any]:
    return {"deviceInfo": {"devEui": EUI}, "time": "2026-10-01T10:00:00Z", "margin": 7, **said}


def test_sensors_come_in_pages_and_by_state(empty: Town) -> None:
    register(empty)
    reader = empty.client("reader")
    first = body(reader.get("/v1/sensors?limit=3"))
    rest = body(reader.get("/v1/sensors", query_string={"limit": 3, "cursor": first["next"]}))
    assert [one["sensor"] for one in [*first["items"], *rest["items"]]] == ["g0", "g1", "g2", EUI]
    assert {one["states"][0] for one in first["items"]} == {"awaited"}
    assert body(reader.get("/v1/sensors?state=silent"))["items"] == []
    assert len(body(reader.get("/v1/sensors?area=Norra&sensor=g1"))["items"]) == 1
    assert body(reader.get(f"/v1/sensors/{first['items'][0]['id']}")) == first["items"][0]
    assert reader.get("/v1/sensors/1-999").status_code == 404
    assert body(empty.client("reader", "grannbolaget").get("/v1/sensors"))["items"] == []


def test_a_status_event_tells_of_the_battery(empty: Town) -> None:
    """It brings no reading; a device on the mains has no battery to tell of."""
    register(empty)
    path = "/v1/uplinks/chirpstack?event=status"
    mains = empty.ingest.post(path, json=status_event(externalPowerSource=True, batteryLevel=0))
    assert "no reading" in body(mains)["ignored"]
    assert "battery" in body(empty.ingest.post(path, json=status_event(batteryLevel=11.5)))["ignored"]
    check_sensors(empty.ports)
    [sensor] = body(empty.client("reader").get("/v1/sensors?state=low_battery"))["items"]
    assert (sensor["sensor"], sensor["battery"]["percent"]) == (EUI, 11.5)
    assert sensor["faults"][0]["reason"] == {
        "sv": "Batteriet är snart slut (11,5\N{NO-BREAK SPACE}%).",
        "en": "The battery is nearly empty (11.5%).",
    }


def test_a_payload_tells_of_the_battery(empty: Town) -> None:
    """In volts, as the maker's codec has it."""
    register(empty)
    event = status_event(object={"motion": 2, "vdd": 2870})
    assert body(empty.ingest.post("/v1/uplinks/chirpstack", json=event))["accepted"] == 1
    check_sensors(empty.ports)
    [sensor] = body(empty.client("reader").get("/v1/sensors", query_string={"sensor": EUI}))["items"]
    assert sensor["battery"]["volts"] == 2.87
    assert "low_battery" in sensor["states"]
