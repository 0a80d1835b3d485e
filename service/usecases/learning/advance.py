"""Advance: from the watermark to now less the lateness, one commit at a time.

1. Take in what was appended and annotated since the last commit; replay the series whose past changed.
2. Read the counts of the next windows and their digest, and what is annotated of them.
3. Per shard: score each window, then learn it, and write the changed rows of state as new chunks.
4. Commit verdicts, manifest and watermark in one transaction.

Killed anywhere, the same windows are done again from the same state, with the counts as they are then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.detector.state import STATE_SCHEMA
from models.version import ModelVersion
from service.domain.counts import WindowCounts
from service.domain.state import Ledger, Manifest
from service.domain.verdicts import VerdictColumns
from service.domain.versions import SHIPPED_MANIFEST
from service.errors import SettingsError
from service.ports import Ports
from service.usecases.learning.batches import next_batch
from service.usecases.learning.checkpoints import next_boundary, thinned
from service.usecases.learning.correct import replay_slice, take_in
from service.usecases.learning.marks import marks_of
from service.usecases.learning.rosters import calendar_of, full_roster
from service.usecases.learning.scoring import Roster, count_matrix
from service.usecases.learning.shard_work import ShardAdvance, ShardTask, advance_shards
from service.usecases.learning.shards import (
    check_layout,
    shard_number,
    shards_by_number,
    shards_of,
)
from service.usecases.learning.silences import silences_of, with_silences
from service.usecases.learning.turning_back import turned_back

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class AdvanceReport:
    """What one pass did: windows and verdicts scored, those anomalous, and series corrected by a replay.

    ``level_shifts`` were learnt in these windows as the new normal of their series; ``missing`` are verdicts that
    series have not got because a window had no count of them. ``uncorrected`` are series of which not all that changed
    could be replayed, since the store has deleted counts from before it; what was learnt and judged there stands.
    """

    windows: int
    verdicts: int
    anomalous: int
    corrected: int
    watermark: datetime | None
    level_shifts: int = 0
    missing: int = 0
    uncorrected: int = 0


@dataclass(frozen=True)
class Advanced:
    """Manifest and ledger as they are after a batch of windows, its verdicts, and the level shifts learnt in it."""

    manifest: Manifest
    ledger: Ledger
    verdicts: VerdictColumns
    level_shifts: int


def advance(
    ports: Ports,
    to: datetime | None = None,
    progress: Progress | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> AdvanceReport:
    """Score and learn every window that ended before ``to`` (default: now less the lateness).

    Parameters
    ----------
    ports
        Where counts, state and verdicts are; the caller holds the scheduler's lock.
    to
        Aware; windows that start at or after it wait. A time to come means now: what has not ended is not scored.
    progress
        Called with windows done and windows to do.
    enough
        Whether corrections that are left may wait for the next call, asked when all windows are scored: where counts
        never cease to come late, there are always some.

    Raises
    ------
    SettingsError
        If the length of a window is not the one the state was learnt with.
    StateOutdated, VersionOutdated
        If state or champion are of another Trappvakt's format; see `service.usecases.versions.promote.begin_rebuild`.
    """
    manifest = ports.state.manifest() or _first_manifest(ports)
    if manifest is None:
        return AdvanceReport(0, 0, 0, 0, None)
    check_window(ports, manifest)
    check_layout(manifest)
    version = ports.registry.load(manifest.version)
    manifest = turned_back(ports, manifest, _target(ports, None))
    first, late, beyond = manifest.watermark, set[int](), set[int]()
    verdicts = anomalous = shifts = 0
    while True:
        manifest, ledger = take_in(ports, manifest)
        target = _target(ports, to)
        if manifest.watermark >= target and (not ledger.pending or (late and enough())):
            break
        if ledger.pending:
            late |= ledger.pending.keys()
            replayed = replay_slice(ports, manifest, ledger, version)
            manifest, ledger = replayed.manifest, replayed.ledger
            beyond |= replayed.beyond
        if manifest.watermark < target:
            done = next_advanced(ports, manifest, ledger, version, target)
            _commit(ports, done, ledger)
            manifest, shifts = done.manifest, shifts + done.level_shifts
            verdicts += len(done.verdicts)
            anomalous += int(done.verdicts.anomalous.sum())
        if progress:
            step = ports.settings.window_seconds
            progress((manifest.watermark - first) // step, (max(target, manifest.watermark) - first) // step)
    windows = (manifest.watermark - first) // ports.settings.window_seconds
    watermark = datetime.fromtimestamp(manifest.watermark, UTC)
    missing = windows * sum(len(shard.series) for shard in manifest.shards) - verdicts
    return AdvanceReport(windows, verdicts, anomalous, len(late - beyond), watermark, shifts, missing, len(beyond))


def _target(ports: Ports, to: datetime | None) -> int:
    """Last window start that may be scored, plus one window: a window is scored when it has ended."""
    now = ports.clock.now()
    limit = min(to, now) if to else now - timedelta(minutes=ports.settings.window.lateness_minutes)
    return int(limit.timestamp()) // ports.settings.window_seconds * ports.settings.window_seconds


def _first_manifest(ports: Ports) -> Manifest | None:
    cursor, annotations = ports.counts.changes(0).cursor, ports.annotations.changes(0).cursor
    extent = ports.counts.extent()
    if extent is None:
        return None
    start = extent[0] // ports.settings.window_seconds * ports.settings.window_seconds
    return Manifest(
        origin=start,
        watermark=start,
        version=SHIPPED_MANIFEST.version_id,
        previous=None,
        window_minutes=ports.settings.window.minutes,
        shard_series=ports.settings.advance.shard_series,
        cursor=cursor,
        annotations=annotations,
        digest="",
        shards=[],
        layout=STATE_SCHEMA,
    )


def check_window(ports: Ports, manifest: Manifest) -> None:
    """Raise SettingsError if the length of a window is not the one the state was learnt with."""
    if manifest.window_minutes != ports.settings.window.minutes:
        raise SettingsError(
            f"window.minutes is {ports.settings.window.minutes}, but the state was learnt with "
            f"{manifest.window_minutes}; set it back, or use a new data_dir and import the counts there"
        )


def next_advanced(ports: Ports, manifest: Manifest, ledger: Ledger, version: ModelVersion, target: int) -> Advanced:
    """What the next batch of windows before ``target`` comes to; its chunks are written, nothing is in force yet."""
    step, known, roster = ports.settings.window_seconds, ports.register.revision(), full_roster(ports)
    starts = next_batch(ports, roster, manifest.watermark, target)
    starts = starts[starts < next_boundary(int(starts[0]))]
    end = int(starts[-1]) + step
    windows = ports.counts.read(int(starts[0]), end, step)
    if ports.register.revision() != known:  # places that others wrote counts of are learnt as these are read
        roster = full_roster(ports)
    tasks = _tasks(ports, manifest, version, roster, (starts, windows))
    done = advance_shards(ports, tasks)
    advanced = msgspec.structs.replace(
        manifest, watermark=end, digest=_digest(windows), shards=[one.shard for one in done]
    )
    return Advanced(
        advanced,
        _with_kept(ports, ledger, done, advanced),
        VerdictColumns.concatenate(version.id, [one.verdicts for one in done]),
        sum(one.level_shifts for one in done),
    )


def _commit(ports: Ports, done: Advanced, ledger: Ledger) -> None:
    """Put a batch in force; ``ledger`` is the one before it."""
    with ports.state.transaction():
        ports.verdicts.write(done.verdicts)
        ports.state.publish(done.manifest)
        if done.ledger is not ledger:
            ports.state.publish_ledger(done.ledger)
    ports.state.sweep()


def _with_kept(ports: Ports, ledger: Ledger, done: list[ShardAdvance], manifest: Manifest) -> Ledger:
    """The ledger with the checkpoints of a batch, and the silences found in it.

    A series that is yet to be replayed has a state that is not right: the replay looks for its silences.
    """
    taken = [one.checkpoint for one in done if one.checkpoint]
    noticed = {number: time for one in done for number, time in one.found.items() if number not in ledger.pending}
    if not taken and not noticed:
        return ledger
    kept = thinned([*ledger.checkpoints, *taken], manifest.watermark, ports.settings.advance.checkpoint_weeks)
    ledger = with_silences(ledger, silences_of(ports, manifest, noticed))
    return msgspec.structs.replace(ledger, checkpoints=kept)


def _tasks(
    ports: Ports,
    manifest: Manifest,
    version: ModelVersion,
    everybody: Roster,
    batch: tuple[NDArray[np.int64], WindowCounts],
) -> list[ShardTask]:
    starts, windows = batch
    calendar = calendar_of(ports, version)
    held = shards_by_number(manifest)
    return [
        ShardTask(
            state=ports.state,
            shard=held.get(shard_number(roster.numbers[0], manifest.shard_series)),
            roster=roster,
            version=version,
            calendar=calendar,
            starts=starts,
            counts=count_matrix(windows, starts, roster.numbers, ports.settings.window_seconds),
            silence_odds=ports.settings.detector.silence_odds,
            marks=marks_of(ports, roster.numbers, starts),
        )
        for roster in shards_of(everybody, manifest.shard_series)
    ]


def _digest(windows: WindowCounts) -> str:
    digest = hashlib.sha256()
    for column in (windows.starts, windows.series, windows.counts):
        digest.update(np.ascontiguousarray(column, dtype="<i8").tobytes())
    return digest.hexdigest()
