"""Slices of corrections: which series to replay next, from which checkpoint, and how far at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from service.domain.retention import DataKind
from service.domain.state import Checkpoint, Ledger, Manifest
from service.ports import Ports
from service.usecases.learning.batches import next_batch
from service.usecases.learning.checkpoints import next_kept
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.scoring import Roster
from service.usecases.learning.shards import shard_number
from service.usecases.retention.kept import kept_since

SLICE_VERDICTS = 500_000  # about 50 MB of columns
SLICE_WINDOWS = 4_000_000  # without verdicts: a second or two, which scoring waits for


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


def next_slice(ports: Ports, manifest: Manifest, ledger: Ledger, *, judging: bool = True) -> Slice | None:
    """The slice to replay next, of the series with the latest root; None if there is nothing to be replayed.

    It is larger where nothing is judged, since no verdicts are kept.
    """
    everybody = full_roster(ports).with_silences(ledger.silences)
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
    start, end = _next_stretch(ports, manifest, ledger.checkpoints, roster, time)
    most = (SLICE_VERDICTS if judging else SLICE_WINDOWS) * ports.settings.window_seconds // (end - start)
    together = together[: max(1, most)]
    roster = _select(everybody, together)
    return Slice(roster, {number: roots[number].since for number in together}, time, start, end)


def _next_stretch(
    ports: Ports, manifest: Manifest, checkpoints: Sequence[Checkpoint], roster: Roster, root: int
) -> tuple[int, int]:
    """The windows [start, end) to replay next from the state at ``root``, up to a checkpoint or the watermark.

    A silence that need not be stepped lies before ``start``.
    """
    weeks = ports.settings.advance.checkpoint_weeks
    limit = min([manifest.watermark, *(one.time for one in checkpoints if one.time > root)])
    start = int(next_batch(ports, roster, root, limit)[0])
    return start, min(limit, next_kept(start, manifest.watermark, weeks))


def first_counted(ports: Ports, origin: int) -> int:
    """The first window from the origin on that has a count, the origin itself if none has."""
    extent = ports.counts.extent(origin)
    return extent[0] // ports.settings.window_seconds * ports.settings.window_seconds if extent else origin


def is_shortened(ports: Ports) -> bool:
    """Whether counts before the origin were deleted: the state that knew them is in the checkpoint there alone."""
    return kept_since(ports, DataKind.COUNTS) is not None


def _select(roster: Roster, numbers: list[int]) -> Roster:
    return roster.select(np.flatnonzero(np.isin(roster.numbers, numbers)))


def _roots(ports: Ports, manifest: Manifest, ledger: Ledger, everybody: Roster) -> dict[int, Root]:
    """Where the replay of each pending series begins; one that is no longer in the register needs none.

    Where retention has deleted the first counts, the oldest checkpoint that all later counts are there for is the
    root: nothing before it can be replayed, and what was said of it stands. Where we deleted them ourselves, that is
    the checkpoint at the origin; a series that it does not hold had no count before it. Where only the state of now is
    left, there is nothing to be replayed; of a series that no checkpoint holds, which is new, all counts are. A state
    that does not hold a series yet, as of a promotion, has nothing to lose, and goes on from its last checkpoint.
    """
    history = manifest.origin if is_shortened(ports) else first_counted(ports, manifest.origin)
    learnt = {number for shard in manifest.shards for number in shard.series}
    times: defaultdict[int, set[int]] = defaultdict(set)
    for one in ledger.checkpoints:
        for number in ledger.pending.keys() & set(one.series):
            times[number].add(one.time)
    known = set(everybody.numbers.tolist())
    roots = {
        number: _root(since, times[number], history, cut=history > manifest.origin, learnt=number in learnt)
        for number, since in ledger.pending.items()
        if number in known
    }
    return {number: root for number, root in roots.items() if root and root.time < manifest.watermark}


def _root(since: int, times: set[int], history: int, *, cut: bool, learnt: bool) -> Root | None:
    there = [time for time in times if time >= history or not learnt]
    if before := [time for time in there if time <= since]:
        return Root(max(before), since)
    if cut and times:
        return Root(min(there), min(there)) if there else None
    return Root(history, max(since, history) if cut else since)
