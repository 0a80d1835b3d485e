"""Webhooks of LoRaWAN network servers, as these send them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import Town, body
from tests.worlds import TENANT

EUI = "a81758fffe0312ab"


def chirpstack(**more: object) -> dict[str, Any]:
    """An uplink as ChirpStack v4 posts it."""
    return {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-10-01T10:14:07.948372283+00:00",
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
            "tenantName": "ChirpStack",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "applicationName": "Trapphus",
            "deviceProfileId": "14855bf7-d10d-4aee-b618-ebfcb64dc7ad",
            "deviceProfileName": "ERS",
            "deviceName": "kvarnen-3a-cellar",
            "devEui": EUI,
            "tags": {"key": "value"},
        },
        "devAddr": "00189440",
        "adr": True,
        "dr": 1,
        "fCnt": 4,
        "fPort": 5,
        "confirmed": False,
        "data": "AQDVAiYEAAwFBAcOEg==",
        "object": {"temperature": 21.3, "humidity": 38.0, "light": 12.0, "motion": 4.0, "vdd": 3602.0},
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 4217106255, "rssi": -36, "snr": 10.5}],
        "txInfo": {"frequency": 868100000, "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 11}}},
        **more,
    }


def things_stack(payload: dict[str, object] | None, at: str = "2026-10-01T10:14:07.948372283Z") -> dict[str, Any]:
    """An uplink as The Things Stack v3 posts it."""
    decoded = {} if payload is None else {"decoded_payload": payload}
    return {
        "end_device_ids": {
            "device_id": "eui-a81758fffe0312ab",
            "application_ids": {"application_id": "trapphus"},
            "dev_eui": EUI.upper(),
            "join_eui": "70B3D57ED0000000",
            "dev_addr": "260B1234",
        },
        "correlation_ids": ["gs:uplink:01HXYZ"],
        "received_at": "2026-10-01T10:59:59.157829475Z",
        "uplink_message": {
            "session_key_id": "AYfg8rhha5n+FWx0ZaAprA==",
            "f_port": 2,
            "frm_payload": "gQLzjqkF",
            **decoded,
            "rx_metadata": [{"gateway_ids": {"gateway_id": "gw"}, "rssi": -35, "snr": 5.2}],
            "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}},
            "received_at": at,
            "consumed_airtime": "0.056576s",
        },
    }


def register(town: Town, semantics: str, sensor: str = EUI) -> None:
    place = {"tenant": TENANT, "area": "Norra", "property": "P", "building": "B", "stairwell": "A", "space": "cellar"}
    rows = [{**place, "kind": "cellar", "sensor": sensor, "semantics": semantics}]
    assert town.operator.post("/v1/places", json={"places": rows}).status_code == 200


def post(town: Town, server: str, message: object) -> dict[str, object]:
    response = town.ingest.post(f"/v1/uplinks/{server}", json=message)
    assert response.status_code == 200, response.text
    return body(response)


def hours(town: Town) -> dict[int, int]:
    """Counts of 1 October by hour."""
    windows = town.ports.counts.read(1790812800, 1790812800 + 86_400, 3600)
    return {
        int(start) % 86_400 // 3600: int(count) for start, count in zip(windows.starts, windows.counts, strict=True)
    }


def test_a_replayed_uplink_of_chirpstack_changes_nothing(empty):
    register(empty, "delta")
    for _ in range(3):
        assert post(empty, "chirpstack?event=up", chirpstack()) == {"accepted": 1, "ignored": None}
    assert hours(empty) == {10: 4}


@pytest.mark.parametrize("sensor", [EUI, EUI.upper(), "kvarnen-3a-cellar"])
def test_a_device_is_known_by_its_eui_or_its_name(empty, sensor):
    register(empty, "delta", sensor)
    assert post(empty, "chirpstack", chirpstack())["accepted"] == 1


def test_the_things_stack_counts_at_the_time_the_network_heard_it(empty):
    """And leaves out zeros."""
    register(empty, "occupied")
    beside = {"sensorTemperature": 14.6, "relativeHumidity": 55.47, "batteryVoltage": 3.1}
    for minute, payload in [(5, {"occupied": True}), (40, {"occupied": True}), (50, {}), (55, {})]:
        message = things_stack({**beside, **payload}, f"2026-10-01T10:{minute:02}:00Z")
        assert post(empty, "things-stack", message)["accepted"] == 1
    assert hours(empty) == {10: 1}


@pytest.mark.parametrize("message", [things_stack(None), {**things_stack({"count": 3}), "simulated": True}])
def test_a_message_without_a_payload_is_ignored(empty, message):
    """Of a device without a codec, or of none."""
    register(empty, "delta")
    answer = post(empty, "things-stack", message)
    assert answer["accepted"] == 0
    assert "no decoded payload" in answer["ignored"]
    assert hours(empty) == {}


def test_a_join_brings_no_reading(empty):
    register(empty, "delta")
    join = chirpstack()
    del join["object"]
    assert post(empty, "chirpstack?event=join", join)["ignored"] == "an event 'join' brings no reading"
    accepted = things_stack(None)
    accepted["join_accept"] = accepted.pop("uplink_message")
    assert post(empty, "things-stack", accepted)["accepted"] == 0


def test_what_brings_no_reading_says_why(empty):
    """With 200, because the network server would pause the webhook of all devices."""
    assert post(empty, "chirpstack", chirpstack())["ignored"] == (
        f"no sensor of the register is named kvarnen-3a-cellar or {EUI} or {EUI.upper()}; import it with its place"
    )
    register(empty, "cumulative")
    assert "a payload of Elsys holds motion (delta)" in post(empty, "chirpstack", chirpstack())["ignored"]
    ahead = chirpstack(time="2036-10-01T10:14:07+00:00", object={"counter": 3})
    assert "is in the future" in post(empty, "chirpstack", ahead)["ignored"]
    assert hours(empty) == {}


@pytest.mark.parametrize("message", [{}, {"deviceInfo": {}}, {**chirpstack(), "time": "yesterday"}, []])
def test_what_is_no_event_is_refused(empty, message):
    response = empty.ingest.post("/v1/uplinks/chirpstack", json=message)
    assert response.status_code == 422


def test_another_tenants_sensor_is_unknown(empty):
    register(empty, "delta")
    stranger = empty.client("ingest", "grannbolaget")
    answer = body(stranger.post("/v1/uplinks/chirpstack", json=chirpstack()))
    assert answer["accepted"] == 0
    assert hours(empty) == {}


def test_readings_come_as_json_too(empty):
    """A row brings what its sensor's semantics say; others are told by their number, and the good ones kept."""
    register(empty, "cumulative")
    register(empty, "presence", "hp-17")
    rows = [
        {"sensor": EUI, "time": "2026-10-01T10:00:00Z", "counter": 140},
        {"sensor": EUI, "time": "2026-10-01T10:30:00Z", "counter": 143.0},
        {"sensor": EUI, "time": "2026-10-01T10:40:00Z", "occupied": True},
        {"sensor": EUI, "time": "2026-10-01T10:40:00Z", "counter": 1, "count": 1},
        {"sensor": EUI, "time": "2026-10-01T10:40:00Z"},
        {"sensor": "hp-17", "time": "2026-10-01T10:50:00Z", "duration_seconds": 1500},
        {"sensor": "hp-18", "time": "2026-10-01T10:50:00Z", "duration_seconds": 1500},
    ]
    for _ in range(2):
        response = empty.ingest.post("/v1/readings", json={"readings": rows})
        problem = body(response)
        assert (response.status_code, problem["accepted"], problem["rejected"]) == (422, 3, 4)
        assert [one["row"] for one in problem["problems"]] == [3, 4, 5, 7]
        assert hours(empty) == {10: 4, 11: 1}
    response = empty.ingest.post("/v1/readings", json={"readings": rows[:2]})
    assert (response.status_code, body(response)) == (200, {"accepted": 2})
