"""Correct: a series whose past changed is replayed from the last checkpoint before the change, a slice at a time.

Late counts, corrected counts, history that is back-filled after the service went live, annotations that are made,
changed or retracted, and places that are not what they were taken for all come this way. A series is learnt alone, so
nothing else is touched.

1. What changed is taken in: the ledger then says of each series since when it is to be replayed.
2. A slice replays some of these series up to the next checkpoint, or to the watermark, and commits what it found:
   verdicts, the checkpoint or the state in force, and since when the rest is to be replayed.

Killed anywhere, the same slice is done again. New windows may be scored between two slices: the verdicts that series
yet to be replayed get are replaced when their turn comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from models.columns import OccupancyColumns
from models.state import OccupancyState
from models.version import ModelVersion
from service.domain.state import Checkpoint, Ledger, Manifest
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.usecases.batches import next_batch
from service.usecases.checkpoints import is_boundary, next_kept, read_checkpoints, thinned, write_checkpoint
from service.usecases.marks import marks_of, touched_since
from service.usecases.rosters import calendar_of, full_roster
from service.usecases.scoring import Roster, count_matrix, score_and_learn
from service.usecases.shards import (
    close_shard,
    open_shard,
    replace_columns,
    shard_number,
    shards_by_number,
)
from service.usecases.taken_for import relearnt

SLICE_VERDICTS = 500_000  # about 50 MB of columns


class Root(NamedTuple):
    """Where the replay of a series begins, both in seconds UTC: from the state at ``time``; wrong from ``since`` on."""

    time: int
    since: int


@dataclass(frozen=True)
class Slice:
    """Series of one shard, since when their verdicts are wrong, and the windows to replay: [start, end)."""

    roster: Roster
    since: dict[int, int]
    root: int
    start: int
    end: int


def take_in(ports: Ports, manifest: Manifest) -> tuple[Manifest, Ledger]:
    """Note since when which series are to be replayed; manifest and ledger then in force.

    What is at or after the watermark needs nothing: the tick that reaches it will read it.
    """
    ledger = ports.state.ledger()
    changes, noted = ports.counts.changes(manifest.cursor), ports.annotations.changes(manifest.annotations)
    taken, changed = relearnt(ports, ledger, manifest.version)
    if (changes.cursor, noted.cursor) == (manifest.cursor, manifest.annotations) and taken is ledger:
        return manifest, ledger
    step = ports.settings.window_seconds
    origin = _origin(ports, manifest.origin, changes.earliest)
    earliest = _earliest(
        ledger.pending,
        changes.earliest,
        touched_since(ports, noted.versions, origin),
        {series: max(second, origin) for series, second in changed.items()},
    )
    pending = {series: second // step * step for series, second in earliest.items() if second < manifest.watermark}
    published = msgspec.structs.replace(
        manifest,
        origin=min(origin, *pending.values()) if pending else origin,
        cursor=changes.cursor,
        annotations=noted.cursor,
    )
    taken = msgspec.structs.replace(taken, pending=pending)
    with ports.state.transaction():
        if published != manifest:
            ports.state.publish(published)
        ports.state.publish_ledger(taken)
    ports.counts.forget_changes(changes.cursor)
    return published, taken


def correct(ports: Ports, manifest: Manifest, version: ModelVersion) -> Manifest:
    """Take in what changed and replay all of it; returns the manifest then in force."""
    manifest, ledger = take_in(ports, manifest)
    while ledger.pending:
        manifest, ledger = replay_slice(ports, manifest, ledger, version)
    return manifest


def replay_slice(ports: Ports, manifest: Manifest, ledger: Ledger, version: ModelVersion) -> tuple[Manifest, Ledger]:
    """Replay some of the pending series up to the next checkpoint or the watermark; the latest changes come first."""
    part = _next_slice(ports, manifest, ledger)
    if part is None:
        return _publish(ports, manifest, msgspec.structs.replace(ledger, pending={}))
    root = [one for one in ledger.checkpoints if one.time == part.root]
    state = read_checkpoints(ports.state, root, part.roster.numbers, 24 * 60 // manifest.window_minutes)
    replayed: list[VerdictColumns] = []
    sink = partial(_collect, replayed, part.since)
    state = replay_series(ports, part.roster, version, (part.start, part.end), sink=sink, state=state)
    return _publish(
        ports,
        _with_state(ports, manifest, version, part, state),
        _with_progress(ports, manifest, ledger, part, state),
        lambda: _replace_verdicts(ports, replayed, part),
    )


def replay_series(
    ports: Ports,
    roster: Roster,
    version: ModelVersion,
    span: tuple[int, int],
    *,
    sink: Callable[[VerdictColumns], None] = lambda _: None,
    state: OccupancyState | None = None,
) -> OccupancyState:
    """Score and learn all counts of some series in ``span``, from a state or from new columns on.

    ``sink`` takes the verdicts. The state is used in place, not copied.
    """
    settings = ports.settings
    columns = OccupancyColumns(version, settings.window.minutes, roster.kinds, roster.shares, state)
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


def next_stretch(
    ports: Ports, manifest: Manifest, checkpoints: Sequence[Checkpoint], roster: Roster, root: int
) -> tuple[int, int]:
    """The windows [start, end) to replay next from the state at ``root``, up to a checkpoint or the watermark.

    A silence that need not be stepped lies before ``start``.
    """
    weeks = ports.settings.advance.checkpoint_weeks
    limit = min([manifest.watermark, *(one.time for one in checkpoints if one.time > root)])
    start = int(next_batch(ports, roster, root, limit)[0])
    return start, min(limit, next_kept(start, manifest.watermark, weeks))


def _origin(ports: Ports, origin: int, changed: Mapping[int, int]) -> int:
    """The first window ever counted: the next one, if the counts of the first were withdrawn."""
    step = ports.settings.window_seconds
    if not any(second < origin + step for second in changed.values()):
        return origin
    extent = ports.counts.extent(origin)
    return extent[0] // step * step if extent else origin


def _earliest(*parts: Mapping[int, int]) -> dict[int, int]:
    earliest: dict[int, int] = {}
    for part in parts:
        earliest |= {series: min(second, earliest.get(series, second)) for series, second in part.items()}
    return earliest


def _next_slice(ports: Ports, manifest: Manifest, ledger: Ledger) -> Slice | None:
    everybody = full_roster(ports)
    roots = _roots(ports, manifest, ledger, everybody)
    if not roots:
        return None
    first = max(roots, key=lambda number: (roots[number].time, -number))
    time, shard = roots[first].time, shard_number(first, manifest.shard_series)
    together = [
        number
        for number, root in sorted(roots.items())
        if root.time == time and shard_number(number, manifest.shard_series) == shard
    ]
    roster = _select(everybody, together)
    start, end = next_stretch(ports, manifest, ledger.checkpoints, roster, time)
    most = max(1, SLICE_VERDICTS * ports.settings.window_seconds // (end - start))
    roster = _select(everybody, together[:most])
    return Slice(roster, {number: roots[number].since for number in together[:most]}, time, start, end)


def _select(roster: Roster, numbers: list[int]) -> Roster:
    return roster.select(np.flatnonzero(np.isin(roster.numbers, numbers)))


def _roots(ports: Ports, manifest: Manifest, ledger: Ledger, everybody: Roster) -> dict[int, Root]:
    """Where the replay of each pending series begins; one that is no longer in the register needs none.

    Where retention has deleted the first counts, the oldest checkpoint that all later counts are there for is the
    root: nothing before it can be replayed, and what was said of it stands.
    """
    extent = ports.counts.extent(manifest.origin)
    history = extent[0] // ports.settings.window_seconds * ports.settings.window_seconds if extent else manifest.origin
    times: defaultdict[int, set[int]] = defaultdict(set)
    for one in ledger.checkpoints:
        if one.time >= history:
            for number in ledger.pending.keys() & set(one.series):
                times[number].add(one.time)
    known = set(everybody.numbers.tolist())
    return {
        number: _root(since, times[number], manifest.origin, cut=history > manifest.origin)
        for number, since in ledger.pending.items()
        if number in known
    }


def _root(since: int, times: set[int], origin: int, *, cut: bool) -> Root:
    before = [time for time in times if time <= since]
    if before:
        return Root(max(before), since)
    if cut and times:
        return Root(min(times), min(times))
    return Root(origin, since)


def _collect(replayed: list[VerdictColumns], since: Mapping[int, int], verdicts: VerdictColumns) -> None:
    """Keep the verdicts from each series' first change on; those before it stand."""
    numbers, starts = np.array(sorted(since.items())).T
    replayed.append(verdicts.where(verdicts.starts >= starts[np.searchsorted(numbers, verdicts.series)]))


def _with_state(
    ports: Ports, manifest: Manifest, version: ModelVersion, part: Slice, state: OccupancyState
) -> Manifest:
    """The manifest with the replayed state in force, once the replay has reached the watermark."""
    if part.end < manifest.watermark:
        return manifest
    shards = shards_by_number(manifest)
    number = shard_number(part.roster.numbers[0], manifest.shard_series)
    everybody = full_roster(ports)
    roster = everybody.select(
        np.flatnonzero([shard_number(one, manifest.shard_series) == number for one in everybody.numbers])
    )
    opened = open_shard(ports.state, shards.get(number), roster, version, manifest.window_minutes)
    replace_columns(opened, part.roster.numbers, state)
    shards[number] = close_shard(ports.state, opened)
    return msgspec.structs.replace(manifest, shards=[shards[key] for key in sorted(shards)])


def _with_progress(ports: Ports, manifest: Manifest, ledger: Ledger, part: Slice, state: OccupancyState) -> Ledger:
    """The ledger with what the slice has done: its series are right up to its end, or all of them is."""
    pending = {number: since for number, since in ledger.pending.items() if number not in part.since}
    if part.end < manifest.watermark:
        pending |= {number: max(part.end, since) for number, since in part.since.items()}
    checkpoints = ledger.checkpoints
    if is_boundary(part.end):
        checkpoints = [*checkpoints, write_checkpoint(ports.state, part.end, part.roster.numbers, state)]
        checkpoints = thinned(checkpoints, manifest.watermark, ports.settings.advance.checkpoint_weeks)
    return msgspec.structs.replace(ledger, pending=pending, checkpoints=checkpoints)


def _publish(
    ports: Ports, manifest: Manifest, ledger: Ledger, replace_verdicts: Callable[[], None] = lambda: None
) -> tuple[Manifest, Ledger]:
    with ports.state.transaction():
        replace_verdicts()
        ports.state.publish(manifest)
        ports.state.publish_ledger(ledger)
    ports.state.sweep()
    return manifest, ledger


def _replace_verdicts(ports: Ports, replayed: list[VerdictColumns], part: Slice) -> None:
    """Move the verdicts in force to the revisions and put the new ones in their place."""
    by_start: defaultdict[int, list[int]] = defaultdict(list)
    for number, since in part.since.items():
        by_start[since].append(number)
    for start, numbers in sorted(by_start.items()):
        ports.verdicts.supersede(np.array(numbers), start, part.end)
    for verdicts in replayed:
        ports.verdicts.write(verdicts)
