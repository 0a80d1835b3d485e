"""Decoded payloads as the public codecs of the makers write them, and what they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from service.domain.places import Semantics
from service.domain.sensors import Battery
from service.ingest.devices import DEVICES, battery_of_percent, read_battery, read_payload
from service.ingest.uplinks import (
    ChirpStackDevice,
    ChirpStackEvent,
    ThingsStackBattery,
    ThingsStackDevice,
    ThingsStackMessage,
    ThingsStackUplink,
    from_chirpstack,
    from_things_stack,
)

DELTA, CUMULATIVE, OCCUPIED, PRESENCE = (
    Semantics.DELTA,
    Semantics.CUMULATIVE,
    Semantics.OCCUPIED,
    Semantics.PRESENCE,
)
ELSYS = {"temperature": 21.3, "humidity": 38, "light": 12, "motion": 4, "vdd": 3602}
ELSYS_EYE = {**ELSYS, "occupancy": 2}
DECENTLAB = {
    "protocol_version": 2,
    "device_id": 5032,
    "pir": {"displayName": "PIR", "value": 7},
    "battery_voltage": {"displayName": "Battery voltage", "value": 3.024, "unit": "V"},
}
DECENTLAB_IAM = {
    "protocol_version": 2,
    "device_id": 2980,
    "activity_counter": {"displayName": "Activity counter", "value": 2},
    "total_voc": {"displayName": "Total VOC", "value": 156, "unit": "ppb"},
}
MCLIMATE = {
    "occupied": True,
    "sensorTemperature": 14.6,
    "relativeHumidity": 55.47,
    "batteryVoltage": 3.1,
    "pirTriggerCount": 5,
}
ADEUNIS = {
    "type": "0x4E Motion data",
    "Frame_Counter": 1,
    "Low_battery": False,
    "presence_global_counter": 19098,
    "presence_current_counter": 21,
    "luminosity_current_percentage": 66,
}
BROWAN = {"status": 1, "battery": 3.6, "temperatureBoard": 17, "time": 3, "count": 1288}
MERRYIOT = {"battery_volt": 3.6, "temperature": 15, "humi": 48, "button": 0, "tamper": 0, "motion": 1, "count": 412}


@pytest.mark.parametrize(
    ("payload", "semantics", "value"),
    [
        (ELSYS, DELTA, 4),
        (ELSYS_EYE, OCCUPIED, 1),
        ({**ELSYS_EYE, "occupancy": 1}, OCCUPIED, 0),
        ({**ELSYS_EYE, "occupancy": 0}, OCCUPIED, 0),
        (DECENTLAB, DELTA, 7),
        (DECENTLAB_IAM, DELTA, 2),
        (MCLIMATE, DELTA, 5),
        (MCLIMATE, OCCUPIED, 1),
        ({**MCLIMATE, "occupied": False}, OCCUPIED, 0),
        (ADEUNIS, CUMULATIVE, 19098),
        (ADEUNIS, DELTA, 21),
        ({"bytes": ADEUNIS}, CUMULATIVE, 19098),
        (BROWAN, OCCUPIED, 1),
        (BROWAN, CUMULATIVE, 1288),
        ({name.capitalize(): value for name, value in BROWAN.items()}, CUMULATIVE, 1288),
        (MERRYIOT, OCCUPIED, 1),
        (MERRYIOT, CUMULATIVE, 412),
        ({"count": 3}, DELTA, 3),
        ({"counter": 3.0}, CUMULATIVE, 3),
        ({"occupied": False}, OCCUPIED, 0),
        ({"data": {"duration_seconds": 1500}}, PRESENCE, 1500),
    ],
)
def test_a_payload_is_read_as_its_sensor_is_registered(
    payload: dict[str, Any], semantics: Semantics, value: int
) -> None:
    assert read_payload(payload, semantics) == value


@pytest.mark.parametrize(
    ("payload", "semantics", "message"),
    [
        (
            ELSYS,
            CUMULATIVE,
            "registered as cumulative, but a payload of Elsys holds motion (delta), occupancy (occupied)",
        ),
        (BROWAN, DELTA, "a payload of Browan holds status (occupied), count (cumulative)"),
        ({**ELSYS, "motion": "4"}, DELTA, "motion is '4', not a number"),
        ({**ELSYS, "motion": -1}, DELTA, "presences are never negative"),
        ({**ELSYS, "motion": 1.5}, DELTA, "presences are whole"),
        ({**ELSYS, "motion": None}, DELTA, "holds no motion"),
        ({}, DELTA, "of no known device; let the codec name its number one of count, counter, occupied"),
        ({"temperature": 20.0}, DELTA, "of no known device"),
        (
            {"type": "0x30 keep alive", "luminosity_current_percentage": 3},
            CUMULATIVE,
            "holds no presence_global_counter",
        ),
    ],
)
def test_what_cannot_be_read_is_told(payload: dict[str, Any], semantics: Semantics, message: str) -> None:
    with pytest.raises(ValueError, match=r"the|motion") as told:
        read_payload(payload, semantics)
    assert message in str(told.value)


def test_groups_are_opened_however_deep_they_lie() -> None:
    """Deeper than Python calls itself, which is as deep as JSON is let in; outer names win."""
    payload: dict[str, Any] = {"motion": 9, "vdd": 3602}
    for _ in range(2_000):
        payload = {"group": payload}
    assert read_payload(payload, DELTA) == 9
    assert read_payload({**payload, "motion": 4}, DELTA) == 4
    with pytest.raises(ValueError, match="motion is a dict, not a number"):
        read_payload({"motion": {"value": payload}, "vdd": 3602}, DELTA)


def test_a_zero_may_be_left_out_by_a_sender_that_does_so() -> None:
    """Of a device that is known by what stands beside it; a counter's zero would look like a fresh start."""
    without = {name: value for name, value in MCLIMATE.items() if name not in ("occupied", "pirTriggerCount")}
    assert read_payload(without, DELTA, omits_zeros=True) == 0
    assert read_payload(without, OCCUPIED, omits_zeros=True) == 0
    with pytest.raises(ValueError, match="holds no pirTriggerCount"):
        read_payload(without, DELTA)
    with pytest.raises(ValueError, match="holds no count"):
        read_payload({"battery": 3.6, "temperatureBoard": 17}, CUMULATIVE, omits_zeros=True)


def test_a_codec_of_ones_own_leaves_nothing_out() -> None:
    """By what it has left out it would not be known, so that a zero is no better than a guess."""
    with pytest.raises(ValueError, match="holds no count"):
        read_payload({"occupied": True}, DELTA, omits_zeros=True)


@pytest.mark.parametrize(("flag", "volts", "low"), [(True, 3.5, True), (False, 3.5, False), (False, 2.9, True)])
def test_a_battery_is_low_by_its_flag_or_by_its_voltage(flag: bool, volts: float, low: bool) -> None:
    battery = read_battery({"status": 1, "temperatureBoard": 20, "battery": volts, "lowBattery": flag})
    assert (battery.low, battery.volts) == (low, volts)


@pytest.mark.parametrize(("percent", "low"), [(0, True), (19.9, True), (20, False), (100, False)])
def test_a_battery_of_a_fifth_is_not_low(percent: float, low: bool) -> None:
    assert battery_of_percent(percent) == Battery(low=low, percent=percent)


def test_who_has_no_battery_has_none_that_is_low() -> None:
    """ChirpStack tells a level of devices on mains as well, and The Things Stack one of devices that are simulated."""
    time = datetime(2026, 10, 1, tzinfo=UTC)
    event = ChirpStackEvent(device_info=ChirpStackDevice(dev_eui="a1"), time=time, battery_level=5)
    message = ThingsStackMessage(
        end_device_ids=ThingsStackDevice(device_id="a1"),
        received_at=time,
        uplink_message=ThingsStackUplink(last_battery_percentage=ThingsStackBattery(value=5)),
    )
    said = [from_chirpstack(event), from_things_stack(message)]
    assert [one.battery for one in said] == [Battery(low=True, percent=5)] * 2
    for more in ({"external_power_source": True}, {"battery_level_unavailable": True}):
        assert from_chirpstack(msgspec.structs.replace(event, **more)).battery is None
    assert from_things_stack(msgspec.structs.replace(message, simulated=True)).battery is None


def test_every_device_is_known_by_something_of_its_own() -> None:
    """No payload above is taken for another device's."""
    payloads = {
        "Elsys": ELSYS,
        "Decentlab": DECENTLAB,
        "MClimate": MCLIMATE,
        "Adeunis": ADEUNIS,
        "Browan": BROWAN,
        "MerryIoT": MERRYIOT,
    }
    assert {device.name for device in DEVICES} == {*payloads, "own codec"}
    for name, payload in payloads.items():
        with pytest.raises(ValueError, match=f"a payload of {name} holds"):
            read_payload(payload, PRESENCE)
