"""Which sensors are watched: those that are in a space now, and the nameless ones that counts of a space come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from models.sensors.silence import INTERVAL_BINS, silence_limits
from service.domain.places import Liveness, Sensor, Series
from service.domain.sensors import Activity, SensorKey
from service.ports import Ports
from service.ports.places import PlacesRegister
from service.usecases.register_views import RegisterView

_SILENT = Activity(intervals=[0.0] * INTERVAL_BINS)


@dataclass(frozen=True)
class Watched:
    """A sensor in its space; ``sensor`` is None where the counts name none."""

    key: SensorKey
    series: Series
    sensor: Sensor | None

    @property
    def id(self) -> str:
        """What the API calls it: a sensor that is moved is another one there."""
        return f"{self.key.series}-{self.key.source}"

    @property
    def liveness(self) -> Liveness:
        """Heartbeat unless the register says otherwise."""
        return self.sensor.liveness if self.sensor else Liveness.HEARTBEAT


def watched_sensors(
    ports: Ports, heard: Mapping[SensorKey, Activity], tenant: str | None = None
) -> dict[SensorKey, Watched]:
    """All sensors of a tenant, or of everybody, that are to be heard now, by key."""
    now = ports.clock.now()
    everybody = [one for one in _placed.of(ports.register) if tenant in (None, one.series.tenant)]
    watched = {one.key: one for one in everybody if one.sensor and one.sensor.is_valid(now)}
    named, left = {key.series for key in watched}, left_spaces(ports)
    for one in ports.register.series(tenant):
        activity = heard.get(key := SensorKey(one.number, 0))
        if one.number not in named and activity and activity.last_seen >= left.get(one.number, 0):
            watched[key] = Watched(key, one, None)
    return dict(sorted(watched.items()))


def left_spaces(ports: Ports) -> dict[int, float]:
    """The series whose sensors were all taken away, of which nothing is awaited, and when the last one was."""
    now, ends = ports.clock.now(), dict[int, datetime | None]()
    for one in _placed.of(ports.register):
        if one.sensor:
            end, known = one.sensor.valid_to, ends.get(one.key.series, datetime.min.replace(tzinfo=UTC))
            ends[one.key.series] = max(end, known) if end and known else None
    return {series: end.timestamp() for series, end in ends.items() if end and end <= now}


def activities_of(
    watched: Mapping[SensorKey, Watched], heard: Mapping[SensorKey, Activity]
) -> dict[SensorKey, Activity | None]:
    """What is known of each sensor; None of one that was never heard."""
    numbers = [key.series for key in watched]
    unique, times = np.unique(numbers, return_counts=True)
    alone = set(unique[times == 1].tolist())
    return {key: _activity_of(one, heard, alone) for key, one in watched.items()}


def limits_of(ports: Ports, activities: Mapping[SensorKey, Activity | None]) -> dict[SensorKey, float]:
    """The silence after which each sensor counts as silent, in seconds, were all of them to have a heartbeat."""
    if not activities:
        return {}
    known = [one or _SILENT for one in activities.values()]
    limits = silence_limits(
        np.array([one.intervals for one in known]),
        np.array([one.weeks for one in known]),
        ports.settings.sensors.false_silences_per_1000_weeks / 1000,
    )
    waits = [one.wait_seconds for one in known]
    return dict(zip(activities, (float(limit + wait) for limit, wait in zip(limits, waits, strict=True)), strict=True))


def _activity_of(one: Watched, heard: Mapping[SensorKey, Activity], alone: set[int]) -> Activity | None:
    """What is known of a sensor; what came without a name comes from it if it is ``alone`` in its series."""
    own = heard.get(one.key)
    nameless = heard.get(SensorKey(one.key.series, 0)) if one.key.series in alone else None
    if own is None or (nameless is not None and nameless.last_seen > own.last_seen):
        return nameless or own
    return own


def _read_placed(register: PlacesRegister) -> list[Watched]:
    """All sensors wherever they are or were."""
    placed = []
    series = {one.number: one for one in register.series()}
    for tenant in sorted({one.tenant for one in series.values()}):
        numbers = register.index(tenant)
        there = [
            (series[numbers[stairwell.stairwell, space.space]], sensor)
            for stairwell in register.stairwells(tenant)
            for space in stairwell.spaces
            for sensor in space.sensors
        ]
        sources = register.sensor_numbers(tenant, (sensor.sensor for _, sensor in there))
        placed += [Watched(SensorKey(here.number, sources[sensor.sensor]), here, sensor) for here, sensor in there]
    return placed


_placed = RegisterView(_read_placed)  # every tick asks
