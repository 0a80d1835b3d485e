"""Messages of LoRaWAN devices as network servers hand them on: ChirpStack v4, The Things Stack v3."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from service.domain.places import Identifier
from service.domain.sensors import Battery
from service.ingest.devices import battery_of_percent, read_battery

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339, with an offset.")]
Fields = Annotated[dict[str, Any], Meta(description="The payload as the device's codec decodes it.")]


class Uplink(NamedTuple):
    """A message of a device: the names it may be registered by, when it was heard, and its fields, if it has any."""

    names: tuple[str, ...]
    time: datetime
    payload: dict[str, Any] | None
    omits_zeros: bool
    battery: Battery | None = None


class ChirpStackDevice(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ChirpStack says of a device; it says more, which is not kept."""

    dev_eui: Identifier
    device_name: str = ""


class ChirpStackEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An event of ChirpStack's HTTP integration, encoded as JSON."""

    device_info: ChirpStackDevice
    time: Instant
    object: Fields | None = None
    battery_level: Annotated[float | None, Meta(description="Percent, in an event `status`.")] = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False


class ThingsStackDevice(msgspec.Struct, frozen=True, kw_only=True):
    """How The Things Stack names a device."""

    device_id: Identifier
    dev_eui: str = ""


class ThingsStackBattery(msgspec.Struct, frozen=True, kw_only=True):
    """What a device last told the network server of its battery."""

    value: Annotated[float | None, Meta(description="Percent.")] = None


class ThingsStackUplink(msgspec.Struct, frozen=True, kw_only=True):
    """The uplink in a message of The Things Stack."""

    received_at: Instant | None = None
    decoded_payload: Fields | None = None
    last_battery_percentage: ThingsStackBattery | None = None


class ThingsStackMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of The Things Stack's webhooks, as JSON; only one with an uplink brings a reading."""

    end_device_ids: ThingsStackDevice
    received_at: Instant
    uplink_message: ThingsStackUplink | None = None
    simulated: bool = False


def from_chirpstack(event: ChirpStackEvent) -> Uplink:
    """The uplink of an event; other events have no ``object``."""
    device = event.device_info
    names = _names(device.dev_eui, device.device_name)
    return Uplink(names, event.time, event.object, omits_zeros=False, battery=_of_status(event))


def _of_status(event: ChirpStackEvent) -> Battery | None:
    """What a status event says of the battery, or a payload; nothing of a device that has none."""
    if event.object is not None:
        return read_battery(event.object)
    if event.battery_level_unavailable or event.external_power_source:
        return None
    return battery_of_percent(event.battery_level)


def from_things_stack(message: ThingsStackMessage) -> Uplink:
    """The uplink of a message, at the time the network server heard it; what is simulated has no payload."""
    device, uplink = message.end_device_ids, message.uplink_message or ThingsStackUplink()
    payload = None if message.simulated else uplink.decoded_payload
    names, time = _names(device.dev_eui, device.device_id), uplink.received_at or message.received_at
    percentage = uplink.last_battery_percentage
    battery = battery_of_percent(percentage.value) if percentage else read_battery(payload or {})
    return Uplink(names, time, payload, omits_zeros=True, battery=None if message.simulated else battery)


def _names(eui: str, name: str) -> tuple[str, ...]:
    """The EUI in both ways people write it, and the device's own name."""
    return tuple(dict.fromkeys(one for one in (name, eui, eui.lower(), eui.upper()) if one))
