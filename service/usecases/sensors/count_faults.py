"""Faults that the counts of the last weeks tell: stuck, saturated, repeated, turned; deaf; and shifts of level.

The first ones are asked of the counts themselves (:mod:`models.sensors`). Whether a sensor that is heard hears
anything, and whether its level has shifted, is asked of the detector's state, which has learnt what is normal there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from models.detector.state import Head
from models.sensors.examination import DAYS, Examination, examine
from service.domain.places import Liveness
from service.domain.sensors import SensorFault, SensorKey, SensorState
from service.domain.state import Manifest
from service.ports import Ports
from service.usecases.findings.level_shifts import shifts_of
from service.usecases.learning.marks import marks_of
from service.usecases.learning.rosters import calendar_of
from service.usecases.learning.scoring import count_matrix, window_starts
from service.usecases.learning.shards import read_head, read_published
from service.usecases.sensors.watched import Watched

_SHIFT_WEEKS = 4.0
_FEWEST_DAYS = 7
_DEAF_ODDS = 1e-6
"""Of a place where somebody comes every two hours it takes a day or two, where one comes in a day a fortnight."""

Progress = Callable[[int, int], None]
Watch = Mapping[SensorKey, Watched]


def faults_of_counts(ports: Ports, watched: Watch, progress: Progress) -> list[SensorFault]:
    """Examine the counts of the last weeks before the watermark; a series' faults are those of all its sensors.

    Parameters
    ----------
    ports
        Counts, annotations and state.
    watched
        The sensors.
    progress
        Called with days read and days to read.
    """
    manifest = ports.state.manifest()
    if manifest is None or not watched:
        return []
    found = _of_counts(ports, watched, manifest, progress)
    found += read_published(ports.state, partial(_deaf, ports, watched)) or []
    explained = {fault.key for fault in found}
    shifted = read_published(ports.state, partial(_shifted, ports, watched)) or []
    return [*found, *(fault for fault in shifted if fault.key not in explained)]


def _of_counts(ports: Ports, watched: Watch, manifest: Manifest, progress: Progress) -> list[SensorFault]:
    step, now = manifest.window_seconds, int(ports.clock.now().timestamp())
    starts = window_starts(max(manifest.watermark - DAYS * SECONDS_PER_DAY, manifest.origin), manifest.watermark, step)
    if len(starts) * step < _FEWEST_DAYS * SECONDS_PER_DAY:
        return []
    numbers = np.unique([key.series for key in watched])
    owner = {key.series: one.series.tenant for key, one in watched.items()}
    owners = np.unique([owner[number] for number in numbers.tolist()], return_inverse=True)[1]
    counts = _read(ports, numbers, starts, progress)
    examination = examine(calendar_of(ports, ports.registry.load(manifest.version)), starts, counts, owners)
    told = {
        number: list(_examined(examination, column, numbers, starts)) for column, number in enumerate(numbers.tolist())
    }
    return [
        SensorFault(key=key, state=state, since=since, found=now, value=value, other=other, of_counts=True)
        for key in watched
        for state, since, value, other in told[key.series]
    ]


def _read(
    ports: Ports, numbers: NDArray[np.int64], starts: NDArray[np.int64], progress: Progress
) -> NDArray[np.float64]:
    """Counts as [window, series], a day at a time; a known cause is no fault of a sensor."""
    step = ports.settings.window_seconds
    days = [starts[first : first + SECONDS_PER_DAY // step] for first in range(0, len(starts), SECONDS_PER_DAY // step)]
    parts = []
    for done, day in enumerate(days, start=1):
        windows = ports.counts.read(int(day[0]), int(day[-1]) + step, step)
        parts.append(count_matrix(windows, day, numbers, step))
        progress(done, len(days))
    counts = np.concatenate(parts)
    if marks := marks_of(ports, numbers, starts):
        counts[marks.left_out] = np.nan
    return counts


def _examined(
    examination: Examination, column: int, numbers: NDArray[np.int64], starts: NDArray[np.int64]
) -> Iterator[tuple[SensorState, int, float, int | None]]:
    """State, since when, what tells it, and the other series, of one series."""
    findings = ((SensorState.STUCK, examination.stuck), (SensorState.SATURATED, examination.saturated))
    for state, one in findings:
        if one.found[column]:
            yield state, int(starts[one.since[column]]), float(one.value[column]), None
            break  # what is stuck at its greatest number is not full of people
    stepped, other = examination.stepped, int(examination.equal_to[column])
    if stepped.found[column]:
        yield SensorState.DUPLICATED, int(starts[stepped.since[column]]), float(stepped.value[column]), None
    elif other >= 0:
        yield SensorState.DUPLICATED, int(starts[-1]), 1.0, int(numbers[other])
    if hours := int(examination.turned.hours[column]):
        yield SensorState.CLOCK_SKEWED, int(starts[-1]), float(hours), None


def _deaf(ports: Ports, watched: Watch, manifest: Manifest) -> list[SensorFault]:
    """Under a heartbeat, whose zeros are told; where it is assumed, who hears nothing is silent."""
    now, limit = int(ports.clock.now().timestamp()), -np.log(_DEAF_ODDS)
    quiet: dict[int, float] = {}
    for shard in manifest.shards:
        head = read_head(ports.state, shard)
        quiet |= dict(zip(shard.series, head[Head.QUIET].tolist(), strict=True))
    nobody = [
        key
        for key, one in watched.items()
        if one.liveness is Liveness.HEARTBEAT and limit < quiet.get(key.series, 0.0) < np.inf
    ]
    return [
        SensorFault(
            key=key,
            state=SensorState.DEAF,
            since=_heard_somebody(ports, key.series, manifest),
            found=now,
            of_counts=True,
        )
        for key in nobody
    ]


def _heard_somebody(ports: Ports, number: int, manifest: Manifest) -> int:
    """The end of the last window with a presence in the last weeks, or their beginning."""
    step = manifest.window_seconds
    end = manifest.watermark
    begin = max(manifest.origin, end - DAYS * SECONDS_PER_DAY // step * step)
    windows = ports.counts.read(begin, end, step, np.array([number]))
    heard = windows.starts[windows.counts > 0]
    return int(heard[-1]) + step if len(heard) else begin


def _shifted(ports: Ports, watched: Watch, manifest: Manifest) -> list[SensorFault]:
    """Shifts of the latest weeks that nothing else explains are the place's, or another device's."""
    now = int(ports.clock.now().timestamp())
    series = {key.series: one.series for key, one in watched.items()}
    shifts = shifts_of(ports, manifest, series, _SHIFT_WEEKS)
    return [
        SensorFault(
            key=key,
            state=SensorState.LEVEL_SHIFTED,
            since=int(shifts[key.series].learnt.timestamp()),
            found=now,
            value=shifts[key.series].ratio,
            of_counts=True,
        )
        for key in watched
        if key.series in shifts
    ]
