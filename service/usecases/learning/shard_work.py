"""The work on one shard: a batch of windows scored and learnt, here, on this machine's cores or on a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.detector.shift import shifts_accepted
from models.version import ModelVersion
from service.domain.annotations import Marks
from service.domain.state import Checkpoint, Shard
from service.domain.verdicts import VerdictColumns
from service.ports import Ports
from service.ports.state import StateStore
from service.usecases.learning.checkpoints import is_boundary, write_checkpoint
from service.usecases.learning.scoring import Roster, score_and_learn, slots_stepped
from service.usecases.learning.shards import ShardState, close_shard, open_shard
from service.usecases.workers import many_workers


@dataclass(frozen=True)
class ShardTask:
    """Everything a worker needs to advance one shard by a batch of windows; it writes chunks and commits nothing."""

    state: StateStore
    shard: Shard | None
    roster: Roster
    version: ModelVersion
    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    silence_odds: float
    marks: Marks | None


@dataclass(frozen=True)
class ShardAdvance:
    """A shard as the manifest will name it, the verdicts of the batch, and the level shifts learnt in it.

    After a batch that ends at a boundary there is a checkpoint. ``found`` are the silences noticed, as of
    `score_and_learn`.
    """

    shard: Shard
    verdicts: VerdictColumns
    level_shifts: int
    checkpoint: Checkpoint | None
    found: dict[int, int]


def advance_shards(ports: Ports, tasks: list[ShardTask]) -> list[ShardAdvance]:
    """Shards here, on this machine's cores, or on a Dask cluster: the answer does not depend on where."""
    with many_workers(ports.settings.advance, min(ports.settings.advance.workers, len(tasks))) as run:
        return list(run(advance_shard, tasks))


def advance_shard(task: ShardTask) -> ShardAdvance:
    """Score and learn a batch of windows of one shard; a pure function of its task but for the chunk it writes."""
    opened = open_shard(task.state, task.shard, task.roster, task.version, task.calendar.window_minutes)
    shifts, found = _level_shifts(opened), dict[int, int]()
    verdicts = score_and_learn(
        opened.columns,
        task.calendar,
        task.roster,
        task.starts,
        task.counts,
        silence_odds=task.silence_odds,
        marks=task.marks,
        found=found,
    )
    opened.changed_slots |= slots_stepped(task.calendar, task.roster, task.starts)
    opened.all_changed |= bool(task.roster.restarting().keys() & set(task.starts.tolist()))
    end, checkpoint = int(task.starts[-1]) + task.calendar.window_seconds, None
    if is_boundary(end):
        checkpoint = write_checkpoint(task.state, end, task.roster.numbers, opened.columns.state)
    return ShardAdvance(close_shard(task.state, opened), verdicts, _level_shifts(opened) - shifts, checkpoint, found)


def _level_shifts(opened: ShardState) -> int:
    return int(shifts_accepted(opened.columns.state.head).sum())
