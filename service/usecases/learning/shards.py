"""State between the columns of the detector and the immutable chunks of the state store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.detector.columns import OccupancyColumns
from models.detector.state import HEAD_FIELDS, STATE_SCHEMA, OccupancyState
from models.version import ModelVersion
from service.domain.state import Chunk, Manifest, Shard
from service.errors import Conflict, StateOutdated, StoreError
from service.ports import Ports
from service.ports.state import StateStore
from service.usecases.learning.scoring import Roster

LEARNT_ANEW = "the scheduler learns it anew from the stored counts, and scores what waits once it is done"
T = TypeVar("T")
_TRIES = 3  # a tick may replace the chunks between reading the manifest and reading them


@dataclass
class ShardState:
    """The columns of one shard, the chunks they came from, and the rows changed since."""

    columns: OccupancyColumns
    roster: Roster
    rows: dict[str, Chunk]
    all_changed: bool
    changed_slots: set[int]


def read_published(state: StateStore, read: Callable[[Manifest], T]) -> T | None:
    """What ``read`` makes of the manifest in force and its chunks; asked again if a tick swept them meanwhile.

    None if nothing has been scored yet.
    """
    tries = _TRIES
    while (manifest := state.manifest()) is not None:
        try:
            check_layout(manifest)
            return read(manifest)
        except StoreError:
            tries -= 1
            if not tries or manifest == state.manifest():
                raise
    return None


def manifest_in_force(ports: Ports, before: str) -> Manifest:
    """The published state's; raises Conflict if nothing has been scored yet, which is needed before something."""
    manifest = ports.state.manifest()
    if manifest is None:
        raise Conflict(f"nothing has been scored yet; import counts and score them before {before}")
    return manifest


def check_layout(manifest: Manifest) -> None:
    """Raise StateOutdated if the chunks are laid out otherwise than this program does."""
    if manifest.layout != STATE_SCHEMA:
        raise StateOutdated(
            f"the state has layout {manifest.layout}, and this Trappvakt reads {STATE_SCHEMA}: {LEARNT_ANEW}"
        )


def open_shard(
    state: StateStore, shard: Shard | None, roster: Roster, version: ModelVersion, window_minutes: int
) -> ShardState:
    """Read of a shard's chunks the series of the roster; those that it does not hold yet start as new columns."""
    known = Shard(series=[], rows={}) if shard is None else shard
    held = _read_state(state, known, roster.numbers, 24 * 60 // window_minutes)
    widened = known.series != roster.numbers.tolist()
    columns = OccupancyColumns(
        version, window_minutes, roster.kinds, roster.shares, held, surroundings=roster.surroundings
    )
    return ShardState(columns, roster, dict(known.rows), widened, set())


def read_head(state: StateStore, shard: Shard) -> NDArray[np.float32]:
    """The head of a shard alone, float32[fields, n], in the order of ``shard.series``."""
    chunk = shard.rows["head/0"]
    return _row(state.read_chunk(chunk.file, ("head",)), "head/0", chunk, (HEAD_FIELDS, len(shard.series)))


def close_shard(state: StateStore, opened: ShardState) -> Shard:
    """Write the changed rows as one chunk file and return the shard as a manifest names it."""
    held = opened.columns.state
    windows_per_day = held.bins.shape[0]
    slots = range(held.slots.shape[0]) if opened.all_changed else sorted(opened.changed_slots)
    bins = range(windows_per_day) if opened.all_changed else sorted({slot % windows_per_day for slot in slots})
    chunk = {"slots": held.slots[list(slots)], "bins": held.bins[list(bins)], "head": held.head[None]}
    file = state.write_chunk(chunk)
    rows = opened.rows | _rows(file, "slots", slots) | _rows(file, "bins", bins) | _rows(file, "head", range(1))
    return Shard(series=opened.roster.numbers.tolist(), rows=rows)


def replace_columns(opened: ShardState, series: NDArray[np.int64], replayed: OccupancyState) -> None:
    """Put the replayed state of ``series`` in the place of what the shard held of them."""
    at = np.searchsorted(opened.roster.numbers, series)
    opened.columns.state.put(at, replayed)
    opened.all_changed = True


def _rows(file: str, group: str, numbers: Iterable[int]) -> dict[str, Chunk]:
    return {f"{group}/{number}": Chunk(file, group, index) for index, number in enumerate(numbers)}


def _read_state(state: StateStore, shard: Shard, numbers: NDArray[np.int64], windows_per_day: int) -> OccupancyState:
    """Read file by file what is still in force of it: of most, one slot, while every file holds a head."""
    held, rows_of = OccupancyState.new(windows_per_day, len(numbers)), defaultdict[str, list[str]](list)
    before = np.array(shard.series, dtype=np.int64)
    kept: NDArray[np.intp] | slice = slice(None)
    at: NDArray[np.intp] | slice = slice(None)
    if not np.array_equal(before, numbers):
        kept = np.flatnonzero(np.isin(before, numbers))
        at = np.searchsorted(numbers, before[kept])
    for name, chunk in shard.rows.items():
        rows_of[chunk.file].append(name)
    for file, names in rows_of.items():
        arrays = state.read_chunk(file, {shard.rows[name].group for name in names})
        for name in names:
            group, number = name.split("/")
            target = held.head if group == "head" else getattr(held, group)[int(number)]
            row = _row(arrays, name, shard.rows[name], (len(target), len(before)))
            target[:, at] = row[:, kept]
    return held


def _row(
    file: Mapping[str, NDArray[np.float32]], name: str, chunk: Chunk, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    row = file[chunk.group][chunk.index]
    if row.shape != shape:
        raise StateOutdated(
            f"chunk {chunk.file} of state holds {name} as {row.shape}, and this Trappvakt reads {shape}: {LEARNT_ANEW}"
        )
    return np.asarray(row)


def shards_of(roster: Roster, shard_series: int) -> list[Roster]:
    """The roster cut into shards of at most ``shard_series`` series, by their numbers, so that series never move."""
    shards = np.array([shard_number(number, shard_series) for number in roster.numbers])
    return [roster.select(np.flatnonzero(shards == shard)) for shard in sorted(set(shards.tolist()))]


def shards_by_number(manifest: Manifest) -> dict[int, Shard]:
    """The shards of a manifest by their numbers."""
    return {shard_number(shard.series[0], manifest.shard_series): shard for shard in manifest.shards}


def shard_number(series: int, shard_series: int) -> int:
    """Which shard a series belongs to; series are numbered from 1."""
    return (int(series) - 1) // shard_series
