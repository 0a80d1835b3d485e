"""Readings in, as LoRaWAN network servers send them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import structlog
from msgspec import Meta

from service.api.metrics import observe_rows
from service.api.routes import Routes
from service.domain.keys import Key, Role
from service.domain.readings import Origin, Reading
from service.ingest.devices import read_payload
from service.ingest.uplinks import (
    ChirpStackDevice,
    ChirpStackEvent,
    ThingsStackDevice,
    ThingsStackMessage,
    ThingsStackUplink,
    Uplink,
    from_chirpstack,
    from_things_stack,
)
from service.ports import Ports
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.origins import sensor_semantics
from service.usecases.intake.sightings import note_battery

routes = Routes("LoRaWAN")
_log = structlog.get_logger(__name__)


class ChirpStackQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ChirpStack says of the body."""

    event: Annotated[
        str, Meta(description="Name of the event; `up` brings a reading, `status` tells of the battery.")
    ] = "up"


class UplinkTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a message: its reading is kept, or why it brings none."""

    accepted: Annotated[int, Meta(ge=0, le=1)]
    ignored: str | None = None


@routes.declare(
    "POST",
    "/v1/uplinks/chirpstack",
    roles=(Role.INGEST, Role.OPERATOR),
    sent=ChirpStackEvent(
        device_info=ChirpStackDevice(dev_eui="a81758fffe0312ab", device_name="kvarnen-3a-cellar"),
        time=datetime(2026, 11, 19, 2, 14, 7, tzinfo=UTC),
        object={"temperature": 14.2, "motion": 3, "vdd": 3602},
    ),
    answered=UplinkTaken(accepted=1),
)
def post_chirpstack_event(ports: Ports, key: Key, query: ChirpStackQuery, body: ChirpStackEvent) -> UplinkTaken:
    """Take an event of ChirpStack v4's HTTP integration, encoded as JSON.

    The device is the sensor of the register with its EUI or its name; what its payload means is the sensor's semantics.
    An event that brings no reading is answered 200 all the same, and says why in `ignored`: it is no use to send it
    again.
    """
    uplink = from_chirpstack(body)
    if query.event != "up":
        kept = query.event == "status" and _keep_battery(ports, key.tenant, uplink)
        brings = "the state of a battery, and no reading" if kept else "no reading"
        return UplinkTaken(accepted=0, ignored=f"an event {query.event!r} brings {brings}")
    return _take(ports, key, uplink)


@routes.declare(
    "POST",
    "/v1/uplinks/things-stack",
    roles=(Role.INGEST, Role.OPERATOR),
    sent=ThingsStackMessage(
        end_device_ids=ThingsStackDevice(device_id="kvarnen-3a-cellar", dev_eui="A81758FFFE0312AB"),
        received_at=datetime(2026, 11, 19, 2, 14, 8, tzinfo=UTC),
        uplink_message=ThingsStackUplink(
            received_at=datetime(2026, 11, 19, 2, 14, 7, tzinfo=UTC),
            decoded_payload={"temperature": 14.2, "motion": 3, "vdd": 3602},
        ),
    ),
    answered=UplinkTaken(accepted=1),
)
def post_things_stack_message(ports: Ports, key: Key, body: ThingsStackMessage) -> UplinkTaken:
    """Take a message of The Things Stack v3's webhooks, as JSON.

    The device is the sensor of the register with its id or its EUI; what its payload means is the sensor's semantics.
    A message that brings no reading is answered 200 all the same, because a webhook whose calls fail is paused for
    all devices; `ignored` says why. Fields left out of a payload of a known device are zero.
    """
    return _take(ports, key, from_things_stack(body))


def _take(ports: Ports, key: Key, uplink: Uplink) -> UplinkTaken:
    ignored = _why_ignored(ports, key.tenant, uplink)
    _keep_battery(ports, key.tenant, uplink)
    if ignored:
        _log.warning("uplink ignored", tenant=key.tenant, device=uplink.names[0], reason=ignored)
    observe_rows(int(not ignored), int(bool(ignored)))
    return UplinkTaken(accepted=int(not ignored), ignored=ignored)


def _keep_battery(ports: Ports, tenant: str, uplink: Uplink) -> bool:
    """Note what the device says of its battery, if it says anything, and is in the register."""
    if uplink.battery is None or (found := sensor_semantics(ports, tenant, uplink.names, uplink.time)) is None:
        return False
    note_battery(ports, tenant, found[0], uplink.battery, uplink.time)
    return True


def _why_ignored(ports: Ports, tenant: str, uplink: Uplink) -> str | None:
    """Keep the reading of an uplink, or tell why there is none."""
    if uplink.payload is None:
        return "the message has no decoded payload; give the device a codec in the network server"
    found = sensor_semantics(ports, tenant, uplink.names, uplink.time)
    if found is None:
        return f"no sensor of the register is named {' or '.join(uplink.names)}; import it with its place"
    sensor, semantics = found
    try:
        value = read_payload(uplink.payload, semantics, omits_zeros=uplink.omits_zeros)
    except ValueError as error:
        return str(error)
    reading = Reading(Origin(None, "", None, sensor, None, semantics), uplink.time, value)
    problems = ingest_counts(ports, tenant, [(1, reading)]).problems
    return problems[0].message if problems else None
