"""Sensors for people: each with when it was heard, how much it says, its battery, and what is wrong, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from models.calendar import SECONDS_PER_DAY
from models.sensors.silence import expected_per_day
from service.domain.places import Kind, Liveness
from service.domain.reasons import Reason
from service.domain.sensors import Activity, SensorFault, SensorKey, SensorState
from service.errors import NotFound
from service.ports import Ports
from service.usecases.sensors.reasons import ACTIONS, sensor_reason
from service.usecases.sensors.watched import Watched, activities_of, limits_of, watched_sensors

_OBSERVED_DAYS = 7


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a sensor, in words."""

    state: SensorState
    since: Annotated[datetime, Meta(description="As far as it can be told.")]
    found: datetime
    reason: Reason
    action: Annotated[Reason, Meta(description="What to do about it.")]


class BatteryView(msgspec.Struct, frozen=True, kw_only=True):
    """What was last said of the battery, and when."""

    low: bool
    percent: float | None = None
    volts: float | None = None
    said: datetime


class SensorView(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor of the register where it is now, or the nameless one that the counts of a space come from."""

    id: str
    sensor: Annotated[str | None, Meta(description="None where the counts of the space name no sensor.")] = None
    stairwell: str
    space: str
    kind: Kind
    area: str
    liveness: Liveness
    states: Annotated[list[SensorState], Meta(description="`ok` or `awaited` alone, or every fault.")]
    since: Annotated[datetime | None, Meta(description="Of the oldest of its faults.")] = None
    last_seen: Annotated[datetime | None, Meta(description="The latest time that its messages state.")] = None
    messages_per_day_expected: Annotated[float | None, Meta(description="Learnt from their intervals.")] = None
    messages_per_day_observed: Annotated[
        float | None,
        Meta(
            description="Of the last seven whole days, or of those since messages began to come as they are sent; null "
            "before there is one."
        ),
    ] = None
    silent_after_hours: Annotated[
        float | None, Meta(description="A longer silence counts as one; none is known where presences alone are told.")
    ] = None
    battery: BatteryView | None = None
    faults: list[FaultView] = []


class SensorFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which sensors, and which page of them; ``after`` is the key of the last of the page before."""

    state: SensorState | None = None
    area: str | None = None
    stairwell: str | None = None
    sensor: str | None = None
    after: SensorKey | None = None
    limit: int = 100


def find_sensors(ports: Ports, tenant: str, wanted: SensorFilter) -> tuple[list[SensorView], SensorKey | None]:
    """A page of the sensors that a tenant is to hear now, by series and number, and the key to go on after."""
    page: list[Watched] = []
    views = _Views(ports, tenant)
    for key, one in views.watched.items():
        if (wanted.after is None or key > wanted.after) and views.matches(one, wanted):
            if len(page) == wanted.limit:
                return [views.view(each) for each in page], page[-1].key
            page.append(one)
    return [views.view(each) for each in page], None


def read_sensor(ports: Ports, tenant: str, sensor_id: str) -> SensorView:
    """One sensor by its id.

    Raises
    ------
    NotFound
        If the tenant has none of this id in a space now.
    """
    views = _Views(ports, tenant)
    for one in views.watched.values():
        if one.id == sensor_id:
            return views.view(one)
    raise NotFound(f"tenant {tenant} has no sensor {sensor_id} in a space now; list those it has")


def count_states(ports: Ports) -> dict[SensorState, int]:
    """How many sensors of everybody are in each state; one with two faults is in two."""
    views = _Views(ports, None)
    counted = dict.fromkeys(SensorState, 0)
    for one in views.watched.values():
        for state in views.states(one):
            counted[state] += 1
    return counted


class _Views:
    """What is known of all sensors of a tenant at once."""

    def __init__(self, ports: Ports, tenant: str | None) -> None:
        self._ports = ports
        heard = ports.sensors.activities()
        self.watched = watched_sensors(ports, heard, tenant)
        everybody = watched_sensors(ports, heard) if tenant else self.watched  # peers may be another's
        self._activities = activities_of(everybody, heard)
        self._faults: defaultdict[SensorKey, list[SensorFault]] = defaultdict(list)
        for fault in ports.sensors.faults():
            self._faults[fault.key].append(fault)
        self._today = int(ports.clock.now().timestamp()) // SECONDS_PER_DAY

    @cached_property
    def _limits(self) -> dict[SensorKey, float]:
        """When each counts as silent, in seconds."""
        return limits_of(self._ports, self._activities)

    def states(self, one: Watched) -> list[SensorState]:
        """What a sensor is."""
        if faults := self._faults[one.key]:
            return [fault.state for fault in faults]
        activity = self._activities[one.key]
        return [SensorState.OK if activity and activity.last_seen else SensorState.AWAITED]

    def matches(self, one: Watched, wanted: SensorFilter) -> bool:
        """Whether a sensor is asked for."""
        return (
            wanted.area in (None, one.series.area)
            and wanted.stairwell in (None, one.series.stairwell)
            and wanted.sensor in (None, one.sensor and one.sensor.sensor)
            and (wanted.state is None or wanted.state in self.states(one))
        )

    def view(self, one: Watched) -> SensorView:
        """A sensor in full."""
        activity, faults = self._activities[one.key], self._faults[one.key]
        heartbeat = one.liveness is Liveness.HEARTBEAT
        return SensorView(
            id=one.id,
            sensor=one.sensor.sensor if one.sensor else None,
            stairwell=one.series.stairwell,
            space=one.series.space,
            kind=one.series.kind,
            area=one.series.area,
            liveness=one.liveness,
            states=self.states(one),
            since=_at(min((fault.since for fault in faults), default=0)),
            last_seen=_at(activity.last_seen) if activity else None,
            messages_per_day_expected=_expected(activity) if activity else None,
            messages_per_day_observed=self._observed(activity) if activity else None,
            silent_after_hours=round(self._limits[one.key] / 3600, 1) if heartbeat else None,
            battery=_battery(activity) if activity else None,
            faults=list(self._told(faults)),
        )

    def _told(self, faults: list[SensorFault]) -> Iterator[FaultView]:
        for fault in faults:
            yield FaultView(
                state=fault.state,
                since=datetime.fromtimestamp(fault.since, UTC),
                found=datetime.fromtimestamp(fault.found, UTC),
                reason=sensor_reason(self._ports, fault),
                action=ACTIONS[fault.state],
            )

    def _observed(self, activity: Activity) -> float | None:
        """None where all that came was imported: how often it is sent is not known from that."""
        days = dict(activity.days)
        begun = min(days, default=self._today)
        whole = range(max(self._today - _OBSERVED_DAYS, begun + 1), self._today)
        return round(sum(days.get(day, 0) for day in whole) / len(whole), 2) if whole else None


def _expected(activity: Activity) -> float | None:
    expected = float(expected_per_day(np.array([activity.intervals]), np.array([activity.weeks]))[0])
    return None if np.isnan(expected) else round(expected, 2)


def _battery(activity: Activity) -> BatteryView | None:
    if activity.battery is None:
        return None
    return BatteryView(
        **msgspec.structs.asdict(activity.battery), said=datetime.fromtimestamp(activity.battery_at, UTC)
    )


def _at(second: int) -> datetime | None:
    return datetime.fromtimestamp(second, UTC) if second else None
