"""The manifest: which chunks of state are in force, up to which watermark, under which version."""

from __future__ import annotations

from datetime import date

import msgspec

from service.domain.keys import AuditEntry


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

    ``origin`` is the first window ever scored, or the first whose counts are kept, where a replay begins;
    ``window_minutes`` and ``shard_series`` are the settings the state was laid out with.

    ``cursor`` is how far the count store's changes have been taken in, and ``annotations`` those of the annotations;
    ``digest`` is the SHA-256 of the last counts; ``previous`` is the champion before this one, which a rollback returns
    to. ``layout`` is the `models.detector.state.STATE_SCHEMA` of all chunks, those of checkpoints among them; manifests
    that say nothing of it are of the third.
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
    layout: int = 3

    @property
    def window_seconds(self) -> int:
        """Length of a window in seconds."""
        return 60 * self.window_minutes


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The state of some series as it was before the window that starts at ``time`` (seconds UTC).

    ``file`` is a chunk of whole arrays, whose columns are ``series`` in their order. Of checkpoints of one time that
    hold the same series, the last is right: a replay that passes a checkpoint writes one of the series it replays.
    """

    time: int
    series: list[int]
    file: str


class AreaDays(msgspec.Struct, frozen=True, kw_only=True):
    """The local dates that an area of a tenant keeps as holidays beside the town's, ascending."""

    tenant: str
    area: str
    days: list[date]


class TakenFor(msgspec.Struct, frozen=True, kw_only=True):
    """What a series was taken for when its state was learnt; times in seconds UTC.

    ``area_row`` and ``size_row`` are rows of the version's tables of areas and sizes of building, 0 where it has none.
    ``assumed`` are the intervals in which its liveness is assumed, ``restarts`` when it begins anew, and ``area`` is
    the place among the ledger's areas of one that keeps the same days of its own.
    """

    kind: int
    area_row: int = 0
    size_row: int = 0
    assumed: list[tuple[int, int]] = []
    restarts: list[int] = []
    area: int | None = None


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A silence too long to be calm: no window from ``start`` on is taken for zero until somebody is heard again.

    It was noticed in the window ``found``, from the counts before it. Both are starts of windows in seconds UTC.
    """

    start: int
    found: int


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What replays start from, and what is still to be replayed.

    ``pending`` tells of a series since when it is to be replayed: everything before that is as it should be, its
    checkpoints, verdicts and state after it are not. ``learnt`` is what series were taken for, at the revision
    ``places`` of the register, ``calendar`` what the settings called the days, and ``areas`` those that kept days
    of their own. ``silences`` are those that were found of a series while its liveness is assumed, by their start.
    """

    checkpoints: list[Checkpoint] = []
    pending: dict[int, int] = {}
    learnt: dict[int, TakenFor] = {}
    places: int = -1
    calendar: list[str] = []
    areas: list[AreaDays] = []
    silences: dict[int, list[Silence]] = {}


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """A second state, which is learnt under the version that is to be the next champion beside the one in force.

    ``manifest`` and ``ledger`` are its own, and mean what they would if it were in force: what is still to be replayed
    is pending. ``override`` is why gates that were not passed do not matter, ``command`` the command that waits for it.
    ``entry`` is what the audit is to be told once it is in force. ``outdated`` is why the state in force cannot be
    read, if this one is learnt for that reason, and nothing is scored until it is.
    """

    manifest: Manifest
    ledger: Ledger
    actor: str
    override: str = ""
    command: int | None = None
    entry: AuditEntry | None = None
    outdated: str = ""

    @property
    def share(self) -> float:
        """How much of it is done, 0 to 1."""
        end, origin = self.manifest.watermark, self.manifest.origin
        span = max(1, end - origin) * max(1, len(self.ledger.learnt))
        return max(0.0, 1 - sum(end - since for since in self.ledger.pending.values()) / span)


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Work queued for the scheduler, which alone changes state."""

    command_id: int
    name: str
    argument: str
    actor: str


def files_named(manifest: Manifest, ledger: Ledger) -> set[str]:
    """The chunk files that a state is made of."""
    rows = {chunk.file for shard in manifest.shards for chunk in shard.rows.values()}
    return rows | {checkpoint.file for checkpoint in ledger.checkpoints}
