"""The manifest: which chunks of state are in force, up to which watermark, under which version."""

from __future__ import annotations

import msgspec


class Chunk(msgspec.Struct, frozen=True):
    """One row of state: element ``index`` of the array ``group`` in an immutable chunk file."""

    file: str
    group: str
    index: int


class Shard(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a set of series: their numbers in column order, and a chunk per row.

    The keys of ``rows`` are ``slots/<slot>``, ``bins/<time of day>`` and ``head/0``.
    """

    series: list[int]
    rows: dict[str, Chunk]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One published state. Every window that starts before ``watermark`` (seconds UTC) is scored, learnt and stored.

    ``origin`` is the first window ever scored, where a replay begins; ``window_minutes`` and ``shard_series`` are the
    settings the state was laid out with.

    ``cursor`` is how far the count store's changes have been taken in, and ``annotations`` those of the annotations;
    ``digest`` is the SHA-256 of the last counts; ``previous`` is the champion before this one, which a rollback returns
    to.
    """

    origin: int
    watermark: int
    version: str
    previous: str | None
    window_minutes: int
    shard_series: int
    cursor: int
    digest: str
    shards: list[Shard]
    annotations: int = 0


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Work queued for the scheduler, which alone changes state."""

    command_id: int
    name: str
    argument: str
    actor: str
