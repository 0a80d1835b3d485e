"""Sensors: whether the devices can be relied on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from service.api.paging import Page, PageQuery
from service.api.routes import Routes
from service.domain.keys import FINDING_READERS, Key
from service.domain.places import Kind, Liveness
from service.domain.reasons import Reason
from service.domain.sensors import SensorKey, SensorState
from service.errors import NotFound
from service.ports import Ports
from service.usecases.sensors.reading import BatteryView, FaultView, SensorFilter, SensorView, find_sensors, read_sensor
from service.usecases.sensors.reasons import ACTIONS

routes = Routes("Sensors")
_SINCE = datetime(2026, 11, 20, 4, 10, tzinfo=UTC)
_SENSOR = SensorView(
    id="7-12",
    sensor="a81758fffe0312ab",
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    area="Norra",
    liveness=Liveness.HEARTBEAT,
    states=[SensorState.SILENT],
    since=_SINCE,
    last_seen=_SINCE,
    messages_per_day_expected=143.2,
    messages_per_day_observed=97.6,
    silent_after_hours=15.7,
    battery=BatteryView(low=False, volts=3.6, said=_SINCE),
    faults=[
        FaultView(
            state=SensorState.SILENT,
            since=_SINCE,
            found=datetime(2026, 11, 20, 19, 55, tzinfo=UTC),
            reason=Reason(
                sv="Har inte hörts sedan 20 nov. 2026 kl. 05:10, längre än vanligt.",
                en="Not heard since 20 Nov 2026 at 05:10, which is longer than usual.",
            ),
            action=ACTIONS[SensorState.SILENT],
        )
    ],
)


class SensorsQuery(PageQuery, frozen=True, kw_only=True):
    """Which sensors."""

    state: Annotated[SensorState | None, Meta(description="Only those in this state.")] = None
    area: Annotated[str, Meta(description="One area only.", max_length=100)] | None = None
    stairwell: Annotated[str, Meta(description="One stairwell only.", max_length=100)] | None = None
    sensor: Annotated[str, Meta(description="The sensor of this name, where it is now.", max_length=100)] | None = None


class SensorPage(Page[SensorView], frozen=True):
    """Sensors, those of a space beside each other."""


@routes.declare("GET", "/v1/sensors", roles=FINDING_READERS, answered=SensorPage.of([_SENSOR], SensorKey(7, 12)))
def list_sensors(ports: Ports, key: Key, query: SensorsQuery) -> SensorPage:
    """List the sensors that are in a space now, with their state and what to do.

    What messages tell (silence, battery, clock) is found within a minute, what counts tell once a day. Where counts
    name no sensor, the space itself stands for it.
    """
    wanted = SensorFilter(
        state=query.state,
        area=query.area,
        stairwell=query.stairwell,
        sensor=query.sensor,
        after=query.after(SensorKey),
        limit=query.limit,
    )
    return SensorPage.of(*find_sensors(ports, key.tenant, wanted))


@routes.declare("GET", "/v1/sensors/{sensor}", roles=FINDING_READERS, raises=(NotFound,), answered=_SENSOR)
def read_one_sensor(ports: Ports, key: Key, sensor: str) -> SensorView:
    """Read one sensor, by the `id` that the list has."""
    return read_sensor(ports, key.tenant, sensor)
