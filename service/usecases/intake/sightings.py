"""Sightings: what a batch of messages tells of the sensors that sent them, noted when it arrives.

Taking messages in must stay cheap, so a batch leaves one note; the scheduler makes activities of the notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS
from service.domain.readings import CountColumns, Origin, nanoseconds
from service.domain.sensors import Battery, SensorKey, Sightings
from service.ports import Ports
from service.usecases.intake.origins import Placement, resolve_origins


def note_sightings(
    ports: Ports, placements: Sequence[Placement], placement: NDArray[np.int64], times: NDArray[np.int64]
) -> None:
    """Note the sensors that good rows came from.

    With InfluxDB, rows that name no sensor are noted when their windows are scored, whoever wrote them.

    Parameters
    ----------
    ports
        The store of sensors, and the time.
    placements
        Where sensors are.
    placement
        int64[n], positions in ``placements``.
    times
        int64[n], nanoseconds UTC.
    """
    keys = np.array([(one.series, one.source) for one in placements], dtype=np.int64).reshape(-1, 2)
    if ports.settings.store.kind == "influxdb":
        named = keys[placement, 1] > 0
        placement, times = placement[named], times[named]
    ports.sensors.note(_grouped(keys, placement, times // NANOSECONDS, int(ports.clock.now().timestamp())))


def note_counted(ports: Ports, series: NDArray[np.int64], starts: NDArray[np.int64], arrived: int) -> None:
    """Note the series that have counts in windows, seconds UTC, where others write them."""
    numbers, position = np.unique(series, return_inverse=True)
    keys = np.stack([numbers, np.zeros_like(numbers)], axis=1)
    ports.sensors.note(_grouped(keys, position, starts, arrived))


def note_from_the_future(ports: Ports, tenant: str, columns: CountColumns, ahead: NDArray[np.bool_]) -> None:
    """Note the known sensors whose rows are refused because their time is still to come."""
    spaces, used = ports.register.index(tenant), np.unique(columns.origin[ahead]).tolist()
    # Of those alone whose look-up teaches the register nothing: a bad row registers no space.
    known = [one for one in used if columns.origins[one].stairwell is None or columns.origins[one][:2] in spaces]
    resolved = resolve_origins(ports, tenant, [columns.origins[number] for number in known])
    now = nanoseconds(ports.clock.now())
    for number, one in zip(known, resolved, strict=True):
        if placements := one.placements:
            latest = int(columns.times[ahead & (columns.origin == number)].max())
            last = max(placements, key=lambda one: one.start)
            ports.sensors.note(_from_the_future(last, (latest - now) // NANOSECONDS, now // NANOSECONDS))


def note_battery(ports: Ports, tenant: str, sensor: str, battery: Battery, said: datetime) -> None:
    """Note what a sensor of the register says of its battery, where it is then; in no space it is nobody's."""
    origin, time = Origin(None, "", None, sensor), nanoseconds(said)
    for one in resolve_origins(ports, tenant, [origin])[0].placements:
        if one.start <= time < one.end:
            ports.sensors.note_battery(SensorKey(one.series, one.source), battery, time // NANOSECONDS)


def _grouped(
    keys: NDArray[np.int64], position: NDArray[np.int64], seconds: NDArray[np.int64], arrived: int
) -> Sightings:
    """One element for each position in ``keys`` (series and source) that has messages, in any order."""
    order = np.lexsort((seconds, position))
    position, seconds = position[order], seconds[order]
    begins = np.flatnonzero(np.diff(position, prepend=-1))
    messages = np.diff(np.append(begins, len(position)))
    intervals = np.diff(seconds, prepend=seconds[:1])
    intervals[begins] = 0
    longest = np.maximum.reduceat(intervals, begins) if len(begins) else intervals
    return Sightings(
        arrived=arrived,
        series=keys[position[begins], 0],
        sources=keys[position[begins], 1],
        first=seconds[begins],
        last=seconds[begins + messages - 1],
        longest=longest,
        messages=messages,
        ahead=np.zeros_like(messages),
    )


def _from_the_future(placement: Placement, ahead: int, arrived: int) -> Sightings:
    columns = (placement.series, placement.source, 0, 0, 0, 0, ahead)
    return Sightings(arrived, *(np.array([value], dtype=np.int64) for value in columns))
