"""Correct: a series whose past changed is replayed from the last checkpoint before the change, a slice at a time.

Late counts, corrected counts, history that is back-filled after the service went live, annotations that are made,
changed or retracted, places that are not what they were taken for, and silences that turn out to be none of calm (see
:mod:`service.usecases.learning.silences`) all come this way. A series is learnt alone, so nothing else is touched.

1. What changed is taken in: the ledger then says of each series since when it is to be replayed.
2. A slice replays some of these series up to the next checkpoint, or to the watermark, and commits what it found:
   verdicts, the checkpoint or the state in force, and since when the rest is to be replayed.

Killed anywhere, the same slice is done again. New windows may be scored between two slices: the verdicts that series
yet to be replayed get are replaced when their turn comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from models.detector.columns import OccupancyColumns
from models.detector.state import OccupancyState
from models.version import ModelVersion
from service.domain.annotations import AnnotationChanges
from service.domain.counts import Changes
from service.domain.state import Ledger, Manifest
from service.domain.verdicts import VerdictColumns
from service.errors import StoreError
from service.ports import Ports
from service.usecases.learning.batches import next_batch
from service.usecases.learning.checkpoints import is_boundary, read_checkpoints, thinned, write_checkpoint
from service.usecases.learning.marks import marks_of, touched_since
from service.usecases.learning.rosters import calendar_of, full_roster
from service.usecases.learning.scoring import Roster, count_matrix, score_and_learn
from service.usecases.learning.shards import (
    close_shard,
    open_shard,
    replace_columns,
    shard_number,
    shards_by_number,
)
from service.usecases.learning.silences import silences_of, with_silences, withdraw_silences
from service.usecases.learning.slices import Slice, first_counted, is_shortened, next_slice
from service.usecases.learning.taken_for import relearnt
from service.usecases.retention.kept import verdicts_since
from service.usecases.retention.too_late import tell_too_late


@dataclass(frozen=True)
class Replayed:
    """Manifest and ledger as they are once a slice is replayed, and, if it was judged, the slice and its verdicts.

    ``beyond`` are series of which not all that changed can be replayed: the store has deleted counts from before it.
    """

    manifest: Manifest
    ledger: Ledger
    judged: Slice | None = None
    verdicts: Sequence[VerdictColumns] = ()
    beyond: frozenset[int] = frozenset()


def take_in(ports: Ports, manifest: Manifest) -> tuple[Manifest, Ledger]:
    """Note since when which series are to be replayed; manifest and ledger then in force.

    What is at or after the watermark needs nothing: the tick that reaches it will read it. A second state, that of a
    promotion, takes in the same.
    """
    ledger, promotion = ports.state.ledger(), ports.state.promotion()
    news = ports.counts.changes(manifest.cursor), ports.annotations.changes(manifest.annotations)
    published, taken = _noted(ports, manifest, ledger, *news)
    second = None
    if promotion and not promotion.entry:
        second = _noted(ports, promotion.manifest, promotion.ledger, *news)
    with ports.state.transaction():
        if published is not manifest:
            ports.state.publish(published)
        if taken is not ledger:
            ports.state.publish_ledger(taken)
        if promotion and second and (second[0] is not promotion.manifest or second[1] is not promotion.ledger):
            ports.state.publish_promotion(msgspec.structs.replace(promotion, manifest=second[0], ledger=second[1]))
    if published is not manifest or taken is not ledger:
        tell_too_late(ports, manifest, ledger, *news)
    if published is not manifest:
        ports.counts.forget_changes(published.cursor)
    return published, taken


def _noted(
    ports: Ports, manifest: Manifest, ledger: Ledger, changes: Changes, noted: AnnotationChanges
) -> tuple[Manifest, Ledger]:
    """A state that has taken in what changed; what needs no change is given back as it is."""
    taken, changed = relearnt(ports, ledger, manifest.version)
    if (changes.cursor, noted.cursor) == (manifest.cursor, manifest.annotations) and taken is ledger:
        return manifest, ledger
    step = ports.settings.window_seconds
    shortened = is_shortened(ports)
    origin = manifest.origin if shortened else _origin(ports, manifest.origin, changes.earliest)
    earliest = _earliest(
        changes.earliest,
        touched_since(ports, noted.versions, origin),
        {series: max(second, origin) for series, second in changed.items()},
    )
    news = {series: second // step * step for series, second in earliest.items() if second < manifest.watermark}
    taken = withdraw_silences(taken, news)
    if shortened:
        pending = {series: max(second, origin) for series, second in taken.pending.items()}
        taken = msgspec.structs.replace(taken, pending=pending)
    published = msgspec.structs.replace(
        manifest,
        origin=origin,
        cursor=changes.cursor,
        annotations=noted.cursor,
    )
    return manifest if published == manifest else published, taken


def replay_slice(ports: Ports, manifest: Manifest, ledger: Ledger, version: ModelVersion) -> Replayed:
    """Replay some of the pending series up to the next checkpoint or the watermark; the latest changes come first.

    A checkpoint that is damaged is dropped, and the one before it serves; it raises StoreError only where the counts
    before it have been deleted.
    """
    replayed = next_replayed(ports, manifest, ledger, version)
    with ports.state.transaction():
        if replayed.judged:
            _replace_verdicts(ports, replayed.judged, replayed.verdicts)
        ports.state.publish(replayed.manifest)
        ports.state.publish_ledger(replayed.ledger)
    ports.state.sweep()
    return replayed


def next_replayed(
    ports: Ports, manifest: Manifest, ledger: Ledger, version: ModelVersion, *, judging: bool = True
) -> Replayed:
    """What the next slice comes to; its chunks are written, and nothing is in force yet. Raises as `replay_slice`.

    Unless it is ``judging``, the state alone is wanted: no verdicts are kept, and slices are larger.
    """
    part = next_slice(ports, manifest, ledger, judging=judging)
    if part is None:
        return Replayed(manifest, msgspec.structs.replace(ledger, pending={}), beyond=frozenset(ledger.pending))
    root = [one for one in ledger.checkpoints if one.time == part.root]
    try:
        state = read_checkpoints(ports.state, root, part.roster.numbers, 24 * 60 // manifest.window_minutes)
    except StoreError:
        shortened = is_shortened(ports) and part.root == manifest.origin
        if shortened or (not is_shortened(ports) and first_counted(ports, manifest.origin) > manifest.origin):
            raise  # what was learnt of counts that are gone is nowhere else
        rest = [one for one in ledger.checkpoints if one.time != part.root]
        return Replayed(manifest, msgspec.structs.replace(ledger, checkpoints=rest))
    verdicts, found = list[VerdictColumns](), dict[int, int]()
    told, span = verdicts if judging else None, (part.start, part.end)
    state = replay_series(ports, part.roster, version, span, state=state, told=told, found=found)
    done = _with_progress(ports, manifest, ledger, part, state)
    return Replayed(
        _with_state(ports, manifest, version, part, state),
        with_silences(done, silences_of(ports, manifest, found)),
        part if judging else None,
        verdicts,
        frozenset(number for number, since in part.since.items() if since > ledger.pending[number]),
    )


def replay_series(
    ports: Ports,
    roster: Roster,
    version: ModelVersion,
    span: tuple[int, int],
    *,
    state: OccupancyState | None = None,
    told: list[VerdictColumns] | None = None,
    found: dict[int, int] | None = None,
) -> OccupancyState:
    """Score and learn all counts of some series in ``span``, from a state or from new columns on.

    ``told`` takes the verdicts, and ``found`` the silences that were noticed, as in `score_and_learn`. The state is
    used in place, not copied.
    """
    settings = ports.settings
    columns = OccupancyColumns(
        version, settings.window.minutes, roster.kinds, roster.shares, state, surroundings=roster.surroundings
    )
    calendar = calendar_of(ports, version)
    done, end = span
    while done < end:
        starts = next_batch(ports, roster, done, end)
        done = int(starts[-1]) + settings.window_seconds
        windows = ports.counts.read(int(starts[0]), done, settings.window_seconds, roster.numbers)
        counts = count_matrix(windows, starts, roster.numbers, settings.window_seconds)
        marks, odds = marks_of(ports, roster.numbers, starts), settings.detector.silence_odds
        said = score_and_learn(columns, calendar, roster, starts, counts, silence_odds=odds, marks=marks, found=found)
        if told is not None:
            told.append(said)
    return columns.state


def _origin(ports: Ports, origin: int, changed: Mapping[int, int]) -> int:
    """The first window that has a count: another one once one before it has, or its own counts are withdrawn."""
    step = ports.settings.window_seconds
    earliest = min(changed.values(), default=origin + step) // step * step
    return first_counted(ports, min(earliest, origin)) if earliest <= origin else origin


def _earliest(*parts: Mapping[int, int]) -> dict[int, int]:
    earliest: dict[int, int] = {}
    for part in parts:
        earliest |= {series: min(second, earliest.get(series, second)) for series, second in part.items()}
    return earliest


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


def _replace_verdicts(ports: Ports, part: Slice, replayed: Sequence[VerdictColumns]) -> None:
    """Move the verdicts in force to the revisions and put the new ones in their place; those before a change stand."""
    by_start: defaultdict[int, list[int]] = defaultdict(list)
    for number, since in part.since.items():
        by_start[since].append(number)
    for start, numbers in sorted(by_start.items()):
        ports.verdicts.supersede(np.array(numbers), start, part.end)
    changed, since = np.array(sorted(part.since.items())).T
    since = np.maximum(since, verdicts_since(ports) or 0)
    for verdicts in replayed:
        ports.verdicts.write(verdicts.where(verdicts.starts >= since[np.searchsorted(changed, verdicts.series)]))
