"""What decoded payloads of LoRaWAN devices mean: which field holds what, as their makers' public codecs name it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from service.domain.places import Semantics
from service.domain.readings import MAX_VALUE, whole_count
from service.domain.sensors import Battery
from service.ingest.json_readings import KEYS


class Field(NamedTuple):
    """A field of a decoded payload; its name is compared without case and underscores.

    ``least`` is the smallest number that means that somebody is there.
    """

    name: str
    semantics: Semantics
    least: int = 1


class Cells(NamedTuple):
    """The field that holds a battery's voltage, how many of its units are a volt, and when little is left, in volts."""

    name: str
    per_volt: float
    low_volts: float


class Device(NamedTuple):
    """A family of devices: its fields, best first, and those beside them by which it is known; none if by any field."""

    name: str
    fields: tuple[Field, ...]
    beside: tuple[str, ...] = ()
    cells: Cells | None = None


DEVICES = (
    Device(
        "Elsys",
        (Field("motion", Semantics.DELTA), Field("occupancy", Semantics.OCCUPIED, 2)),
        ("vdd",),
        Cells("vdd", 1000, 3.0),
    ),
    Device(
        "Decentlab",
        (Field("pir", Semantics.DELTA), Field("activity_counter", Semantics.DELTA)),
        ("protocol_version",),
        Cells("battery_voltage", 1, 2.2),
    ),
    Device(
        "MClimate",
        (Field("pirTriggerCount", Semantics.DELTA), Field("occupied", Semantics.OCCUPIED)),
        ("sensorTemperature", "relativeHumidity"),
        Cells("batteryVoltage", 1, 2.4),
    ),
    Device(
        "Adeunis",
        (
            Field("presence_global_counter", Semantics.CUMULATIVE),
            Field("presence_current_counter", Semantics.DELTA),
        ),
        ("luminosity_current_percentage", "presence_global_counter"),
    ),
    Device(
        "MerryIoT",
        (Field("motion", Semantics.OCCUPIED), Field("count", Semantics.CUMULATIVE)),
        ("battery_volt", "humi", "tamper"),
        Cells("battery_volt", 1, 2.4),
    ),
    Device(
        "Browan",
        (Field("status", Semantics.OCCUPIED), Field("count", Semantics.CUMULATIVE)),
        ("temperatureBoard", "battery"),
        Cells("battery", 1, 3.0),
    ),
    Device("own codec", tuple(Field(name, semantics) for name, semantics in KEYS.items())),
)
"""Elsys: ``motion`` since the last uplink, ``occupancy`` 0 free, 1 pending, 2 occupied. Decentlab: sums of a period.
Adeunis: a counter of 16 bits beside that of the period. MerryIoT, Browan: state and a counter of 24 bits. Cells of
lithium thionyl chloride (3.6 V) hold their voltage until they are nearly empty, pairs of alkaline ones (3 V) fall
slowly."""

_LOW_FLAG = "lowBattery"
LOW_PERCENT = 20.0
"""What is left of a battery that is to be changed on the next round."""

_MAY_BE_LEFT_OUT = (Semantics.DELTA, Semantics.OCCUPIED)
"""A counter left out is none: its zero would look as if it had started anew."""


def read_payload(payload: Mapping[str, Any], semantics: Semantics, *, omits_zeros: bool = False) -> int:
    """The number that a decoded payload holds for a sensor of these semantics.

    Parameters
    ----------
    payload
        Fields, plain, in groups, or with a ``value`` below them.
    semantics
        As the sensor is registered.
    omits_zeros
        Whether the sender leaves out fields that are zero.

    Raises
    ------
    ValueError
        If the payload is of no known device, or holds nothing of these semantics; the message says what it holds.

    Examples
    --------
    >>> read_payload({"temperature": 21.3, "motion": 4, "vdd": 3602}, Semantics.DELTA)
    4
    >>> read_payload({"pir": {"displayName": "PIR", "value": 7}, "protocol_version": 2}, Semantics.DELTA)
    7
    """
    fields = _flat(payload)
    device = next((one for one in DEVICES if _is_of(fields, one)), None)
    if device is None:
        names = ", ".join(dict.fromkeys(field.name for field in DEVICES[-1].fields))
        raise ValueError(f"the decoded payload is of no known device; let the codec name its number one of {names}")
    wanted = [field for field in device.fields if field.semantics is semantics]
    if not wanted:
        offered = ", ".join(f"{field.name} ({field.semantics})" for field in device.fields)
        raise ValueError(
            f"the sensor is registered as {semantics}, but a payload of {device.name} holds {offered}; "
            "correct its semantics in the register"
        )
    for field in wanted:
        if (key := _key(field.name)) in fields:
            return _number(field, fields[key])
    if omits_zeros and semantics in _MAY_BE_LEFT_OUT and device.beside:
        return 0
    raise ValueError(f"the decoded payload holds no {' or '.join(field.name for field in wanted)}")


def read_battery(payload: Mapping[str, Any]) -> Battery | None:
    """What a decoded payload says of the battery, if anything that can be read.

    Examples
    --------
    >>> read_battery({"motion": 4, "vdd": 2890})
    Battery(low=True, percent=None, volts=2.89)
    """
    fields = _flat(payload)
    flag = fields.get(_key(_LOW_FLAG))
    device = next((one for one in DEVICES if one.cells and _is_of(fields, one)), None)
    said = fields.get(_key(device.cells.name)) if device and device.cells else None
    if device and device.cells and isinstance(said, int | float) and not isinstance(said, bool) and 0 < said < math.inf:
        volts = said / device.cells.per_volt
        return Battery(low=flag is True or volts < device.cells.low_volts, volts=volts)
    return Battery(low=flag) if isinstance(flag, bool) else None


def battery_of_percent(percent: float | None) -> Battery | None:
    """A battery of which so much is left; None for a number that is no percentage."""
    if percent is None or not 0 <= percent <= 100:
        return None
    return Battery(low=percent < LOW_PERCENT, percent=percent)


def _is_of(fields: Mapping[str, object], device: Device) -> bool:
    known = device.beside or [field.name for field in device.fields]
    return any(_key(name) in fields for name in known)


def _key(name: str) -> str:
    return name.replace("_", "").lower()


def _flat(payload: Mapping[str, Any]) -> dict[str, object]:
    """Every field by its key; groups are opened, however deep they lie, and outer names win."""
    groups = [payload]
    for group in groups:
        inner = [one for one in group.values() if isinstance(one, dict) and "value" not in one]
        groups += reversed(inner)
    told = [(name, value) for group in reversed(groups) for name, value in group.items()]
    plain = ((name, value.get("value") if isinstance(value, dict) else value) for name, value in told)
    return {_key(name): value for name, value in plain if value is not None}


def _number(field: Field, value: object) -> int:
    if not isinstance(value, bool | int | float):
        said = repr(value[:50]) if isinstance(value, str) else f"a {type(value).__name__}"
        raise ValueError(f"{field.name} is {said}, not a number")  # noqa: TRY004 - the payload is at fault
    number = whole_count(value, MAX_VALUE)
    return int(number >= field.least) if field.semantics is Semantics.OCCUPIED else number
