"""Faults that the messages of sensors tell, whatever they count: silence, low batteries, clocks that are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.calendar import SECONDS_PER_DAY
from service.domain.places import Liveness
from service.domain.sensors import PER_CENT, VOLTS, Activity, SensorFault, SensorKey, SensorState
from service.domain.state import Silence
from service.ports import Ports
from service.usecases.sensors.watched import Watched

_SKEW_SECONDS = 3600
_DAYS_BEHIND = 2
_FEWEST_AHEAD = 3
_OUTAGE_FACTOR = 2.0
"""Where nobody of a housing company is heard, it is rather its connection than all its sensors."""


@dataclass(frozen=True)
class Fleet:
    """The sensors watched, what is known of each, after how many seconds it counts as silent; now in seconds UTC."""

    watched: Mapping[SensorKey, Watched]
    activities: Mapping[SensorKey, Activity | None]
    limits: Mapping[SensorKey, float]
    now: int


def faults_of_messages(ports: Ports, fleet: Fleet) -> list[SensorFault]:
    """Silent sensors, low batteries, and clocks that run ahead or behind.

    A sensor that was never heard is silent once it has been in its place for as long as it may say nothing.
    """
    arrivals, silences = _latest_arrivals(fleet), ports.state.ledger().silences
    found: list[SensorFault] = []
    for key, one in fleet.watched.items():
        activity = fleet.activities[key]
        if one.liveness is Liveness.HEARTBEAT:
            found += _silent(one, activity, fleet, arrivals.get(one.series.tenant, fleet.now))
        elif activity is not None:
            found += _silent_while_assumed(key, activity, silences.get(key.series, ()))
        if activity is not None:
            found += _low(key, activity, fleet.now)
            found += _skewed(ports, key, activity, fleet.now)
    return found


def _latest_arrivals(fleet: Fleet) -> dict[str, int]:
    """When a housing company was last heard."""
    latest: dict[str, int] = {}
    for key, one in fleet.watched.items():
        if activity := fleet.activities[key]:
            latest[one.series.tenant] = max(activity.arrived, latest.get(one.series.tenant, 0))
    return latest


def _silent(one: Watched, activity: Activity | None, fleet: Fleet, others_heard: int) -> Iterator[SensorFault]:
    limit, since = fleet.limits[one.key], _heard_until(one, activity)
    if since is None:
        return
    alone, together = min(fleet.now, others_heard) - since, fleet.now - since
    if alone > limit or together > _OUTAGE_FACTOR * limit:
        yield SensorFault(key=one.key, state=SensorState.SILENT, since=since, found=fleet.now)


def _heard_until(one: Watched, activity: Activity | None) -> int | None:
    """Last word, or the day that the sensor was put where it is; None if nobody knows either."""
    if activity is not None and activity.last_seen:
        return activity.last_seen
    began = one.sensor.valid_from if one.sensor else None
    return int(began.timestamp()) if began else None


def _silent_while_assumed(key: SensorKey, activity: Activity, silences: Sequence[Silence]) -> Iterator[SensorFault]:
    """As long as nobody was heard since a silence that the detector found too unlikely to be calm."""
    if silences and activity.last_seen < silences[-1].found:
        yield SensorFault(key=key, state=SensorState.SILENT, since=silences[-1].start, found=silences[-1].found)


def _low(key: SensorKey, activity: Activity, now: int) -> Iterator[SensorFault]:
    battery, since = activity.battery, activity.battery_at
    if battery is not None and battery.low:
        value, unit = (battery.volts, VOLTS) if battery.percent is None else (battery.percent, PER_CENT)
        state = SensorState.LOW_BATTERY
        yield SensorFault(key=key, state=state, since=since, found=now, value=value or 0.0, unit=unit)


def _skewed(ports: Ports, key: SensorKey, activity: Activity, now: int) -> Iterator[SensorFault]:
    """Messages refused because they come from the future, or later for days than they used to.

    A window is stamped with its beginning, and lateness is borne: both are no error of a clock.
    """
    if activity.ahead and activity.ahead[2] >= _FEWEST_AHEAD:
        arrived, seconds, _ = activity.ahead
        hours = seconds / 3600
        yield SensorFault(key=key, state=SensorState.CLOCK_SKEWED, since=arrived, found=now, value=hours)
        return
    late = activity.lags[-_DAYS_BEHIND:]
    if len(late) < _DAYS_BEHIND or now // SECONDS_PER_DAY - late[0][0] > _DAYS_BEHIND:
        return
    settings = ports.settings
    borne = activity.usual_lag
    if borne is None:
        borne = settings.window_seconds + settings.window.lateness_minutes * 60
    behind = min(seconds for _, seconds in late) - borne
    if behind > _SKEW_SECONDS:
        since = late[0][0] * SECONDS_PER_DAY
        yield SensorFault(key=key, state=SensorState.CLOCK_SKEWED, since=since, found=now, value=-behind / 3600)
