"""Correct: a series whose past changed is replayed from its beginning, and its verdicts from the change on replaced.

Late counts, corrected counts, history that is back-filled after the service went live, series that are new, and
annotations that are made, changed or retracted all come this way. A series is learnt alone, so nothing else is touched.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from models.columns import OccupancyColumns
from models.state import OccupancyState
from models.version import ModelVersion
from service.domain.state import Manifest
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.usecases.batches import next_batch
from service.usecases.marks import marks_of, touched_since
from service.usecases.rosters import calendar_of, full_roster
from service.usecases.scoring import Roster, count_matrix, score_and_learn
from service.usecases.shards import (
    close_shard,
    open_shard,
    replace_columns,
    shard_number,
    shards_by_number,
    shards_of,
)


def correct(ports: Ports, manifest: Manifest, version: ModelVersion) -> tuple[Manifest, int]:
    """Take in what was appended and annotated since the last commit; the manifest then in force, and series replayed.

    What is at or after the watermark needs nothing: the tick that reaches it will read it.
    """
    changes, noted = ports.counts.changes(manifest.cursor), ports.annotations.changes(manifest.annotations)
    if (changes.cursor, noted.cursor) == (manifest.cursor, manifest.annotations):
        return manifest, 0
    touched = touched_since(ports, noted.versions, manifest.origin)
    earliest = touched | {
        series: min(second, touched.get(series, second)) for series, second in changes.earliest.items()
    }
    late = {series: second for series, second in earliest.items() if second < manifest.watermark}
    published = msgspec.structs.replace(manifest, cursor=changes.cursor, annotations=noted.cursor)
    if late:
        published = _replay_late(ports, published, version, late)
    else:
        with ports.state.transaction():
            ports.state.publish(published)
    ports.counts.forget_changes(changes.cursor)
    return published, len(late)


def replay_series(
    ports: Ports,
    roster: Roster,
    version: ModelVersion,
    span: tuple[int, int],
    sink: Callable[[VerdictColumns], None] = lambda _: None,
) -> OccupancyState:
    """Score and learn all counts of some series in ``span``, from new columns on; ``sink`` takes the verdicts."""
    settings = ports.settings
    columns = OccupancyColumns(version, settings.window.minutes, roster.kinds, roster.shares)
    calendar = calendar_of(ports, version)
    done, end = span
    while done < end:
        starts = next_batch(ports, roster, done, end)
        done = int(starts[-1]) + settings.window_seconds
        windows = ports.counts.read(int(starts[0]), done, settings.window_seconds, roster.numbers)
        counts = count_matrix(windows, starts, roster.numbers, settings.window_seconds)
        marks, odds = marks_of(ports, roster.numbers, starts), settings.detector.silence_odds
        sink(score_and_learn(columns, calendar, roster, starts, counts, silence_odds=odds, marks=marks))
    return columns.state


def _replay_late(ports: Ports, manifest: Manifest, version: ModelVersion, late: dict[int, int]) -> Manifest:
    step = ports.settings.window_seconds
    origin = min(manifest.origin, min(late.values()) // step * step)
    held = shards_by_number(manifest)
    since = {series: second // step * step for series, second in late.items()}
    replayed: list[VerdictColumns] = []
    for roster in shards_of(full_roster(ports), manifest.shard_series):
        touched = roster.select(np.flatnonzero(np.isin(roster.numbers, list(late))))
        if len(touched):
            number = shard_number(roster.numbers[0], manifest.shard_series)
            opened = open_shard(ports.state, held.get(number), roster, version, manifest.window_minutes)
            state = replay_series(
                ports,
                touched,
                version,
                (origin, manifest.watermark),
                lambda part: replayed.append(_changed(part, since)),
            )
            replace_columns(opened, touched.numbers, state)
            held[number] = close_shard(ports.state, opened)
    published = msgspec.structs.replace(manifest, origin=origin, shards=[held[number] for number in sorted(held)])
    with ports.state.transaction():
        _replace_verdicts(ports, replayed, since, manifest.watermark)
        ports.state.publish(published)
    ports.state.sweep()
    return published


def _changed(verdicts: VerdictColumns, since: dict[int, int]) -> VerdictColumns:
    """The verdicts from each series' first change on; those before it stand, and are not held in memory."""
    numbers, starts = np.array(sorted(since.items())).T
    return verdicts.where(verdicts.starts >= starts[np.searchsorted(numbers, verdicts.series)])


def _replace_verdicts(ports: Ports, replayed: list[VerdictColumns], since: dict[int, int], end: int) -> None:
    """Move the verdicts in force to the revisions and put the new ones in their place."""
    for start in sorted(set(since.values())):
        ports.verdicts.supersede(np.array([series for series, second in since.items() if second == start]), start, end)
    for part in replayed:
        ports.verdicts.write(part)
