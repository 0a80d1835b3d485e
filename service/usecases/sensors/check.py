"""Check sensors: with every tick what their messages tell, once a day what their counts tell; and tell who is silent.

1. Notes on what came are folded into activities (`usecases/sensors/activity`).
2. Faults are found (`usecases/sensors/message_faults`, `usecases/sensors/count_faults`) and held against those that are
   known, which keep since when they were.
3. A sensor that falls silent, or is heard again, is published, and the faults are stored. Killed in between, it is
   published anew under the same key, which the outbox knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

import msgspec

from models.calendar import SECONDS_PER_WEEK
from service.domain.events import Event, EventType, SensorSilent
from service.domain.sensors import Activity, SensorFault, SensorKey, SensorState
from service.ports import Ports
from service.settings import Settings
from service.usecases.intake.sightings import note_counted
from service.usecases.sensors.activity import fold_notes
from service.usecases.sensors.count_faults import Progress, faults_of_counts
from service.usecases.sensors.message_faults import Fleet, faults_of_messages
from service.usecases.sensors.reasons import sensor_reason
from service.usecases.sensors.watched import Watched, activities_of, limits_of, watched_sensors
from service.usecases.telling.publish import publish

Faults = dict[tuple[SensorKey, SensorState], SensorFault]


class SensorChanges(msgspec.Struct, frozen=True):
    """How many faults there are, how many began with this check, and how many are gone."""

    there: int
    begun: int
    gone: int


def examination_due(settings: Settings, now: datetime) -> datetime:
    """The last time that counts were due to be examined: a local hour of every day."""
    local, hour = now.astimezone(ZoneInfo(settings.general.timezone)), time_of_day(settings.sensors.examine_at_hour)
    due = datetime.combine(local.date(), hour, local.tzinfo)
    return due if due <= now else datetime.combine(local.date() - timedelta(days=1), hour, local.tzinfo)


def check_sensors(
    ports: Ports, *, examine: bool = False, progress: Progress = lambda _done, _total: None
) -> SensorChanges:
    """Find out how sensors are; the caller holds the scheduler's lock.

    Parameters
    ----------
    ports
        The service's ports.
    examine
        Whether counts are examined too, which reads six weeks of them.
    progress
        Called with days of counts read and days to read.
    """
    fleet = look_at_fleet(ports)
    known = _by_name(ports.sensors.faults())
    kept = {name: one for name, one in known.items() if one.key in fleet.watched}
    found = _by_name(faults_of_messages(ports, fleet))
    if examine:
        found = _by_name(faults_of_counts(ports, fleet.watched, progress)) | found
    else:
        found = {name: one for name, one in kept.items() if one.of_counts} | found
    there = {name: _since_it_was_found(one, kept.get(name)) for name, one in found.items()}
    gone = [one for name, one in known.items() if name not in there]
    begun = [one for name, one in there.items() if name not in known]
    _tell(ports, fleet, EventType.SENSOR_SILENT, begun)
    _tell(ports, fleet, EventType.SENSOR_BACK, gone)
    ports.sensors.replace_faults(gone, (one for name, one in there.items() if known.get(name) != one))
    return SensorChanges(len(there), len(begun), len(gone))


def look_at_fleet(ports: Ports) -> Fleet:
    """The sensors watched and what is known of them, with everything noted until now."""
    if ports.settings.store.kind == "influxdb":
        _note_windows(ports)
    heard = ports.sensors.activities()
    fleet = _fleet(ports, heard)
    by_series = {SensorKey(key.series, 0): limit for key, limit in fleet.limits.items()}
    return _fleet(ports, heard) if fold_notes(ports, heard, by_series | dict(fleet.limits)) else fleet


def _fleet(ports: Ports, heard: Mapping[SensorKey, Activity]) -> Fleet:
    watched = watched_sensors(ports, heard)
    activities = activities_of(watched, heard)
    return Fleet(watched, activities, limits_of(ports, activities), int(ports.clock.now().timestamp()))


def _note_windows(ports: Ports) -> None:
    """What others wrote to InfluxDB, as far as it is scored and not yet noted."""
    manifest = ports.state.manifest()
    if manifest is None:
        return
    nameless = [one.last_seen for key, one in ports.sensors.activities().items() if key.source == 0]
    step = manifest.window_seconds
    done = max([manifest.origin, *((last // step + 1) * step for last in nameless)])
    while done < manifest.watermark:
        end = min(done + SECONDS_PER_WEEK, manifest.watermark)
        windows = ports.counts.read(done, end, step)
        note_counted(ports, windows.series, windows.starts, end)
        done = end


def _by_name(faults: Iterable[SensorFault]) -> Faults:
    return {(one.key, one.state): one for one in faults}


def _since_it_was_found(fault: SensorFault, before: SensorFault | None) -> SensorFault:
    """The fault as it is, since when it was known to be, if it is the same."""
    if before is None:
        return fault
    return msgspec.structs.replace(fault, since=min(fault.since, before.since), found=before.found)


def _tell(ports: Ports, fleet: Fleet, kind: EventType, faults: Iterable[SensorFault]) -> None:
    """Publish what happened to sensors of the register; a nameless one has no name to tell."""
    for fault in faults:
        one = fleet.watched.get(fault.key)
        if fault.state is SensorState.SILENT and one is not None and one.sensor is not None:
            publish(ports, _event(ports, fleet, kind, fault, one))


def _event(ports: Ports, fleet: Fleet, kind: EventType, fault: SensorFault, one: Watched) -> Event:
    activity, series = fleet.activities[fault.key], one.series
    name = one.sensor.sensor if one.sensor else one.id
    back = kind is EventType.SENSOR_BACK
    heard = activity.last_seen if activity else 0
    return Event(
        type=kind,
        tenant=series.tenant,
        key=f"{one.id}/{fault.since}",
        subject=name,
        time=ports.clock.now(),
        data=SensorSilent(
            sensor=name,
            stairwell=series.stairwell,
            space=series.space,
            kind=series.kind,
            area=series.area,
            last_heard=datetime.fromtimestamp(heard, UTC) if heard else None,
            reason=None if back else msgspec.structs.asdict(sensor_reason(ports, fault)),
        ),
    )
