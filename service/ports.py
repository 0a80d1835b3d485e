"""Ports: where there is I/O, time or chance, and nowhere else. Adapters are named <Technology><Port>.

All methods raise :class:`service.errors.StoreError` when the store behind them cannot be reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.delivery_ports import DeliveryStore, MailServer, WebhookSender
from service.domain.annotations import Annotation, AnnotationChanges, AnnotationQuery
from service.domain.counts import Changes, CountPoints, CountSpan, ReadingPoints, WindowCounts
from service.domain.episodes import EpisodeDecision
from service.domain.hotspots import ListRecord, ListStatus
from service.domain.keys import AuditEntry, Key
from service.domain.outcomes import Outcome
from service.domain.places import Kind, PlaceRow, Sensor, Series, Stairwell
from service.domain.state import Command, Ledger, Manifest, Promotion
from service.domain.verdicts import Verdict, VerdictColumns, VerdictQuery
from service.job_ports import JobStore
from service.sensor_ports import SensorStore
from service.settings import Settings
from service.version_ports import VersionRegistry


class Clock(Protocol):
    """Time, so that tests and replays can say what time it is."""

    def now(self) -> datetime:
        """The present, aware, UTC."""


class PlacesRegister(Protocol):
    """Tenants, places, spaces and the sensors in them; hands out the numbers of series, never reused."""

    def put(self, rows: Iterable[PlaceRow]) -> int:
        """Add or update spaces (and their sensors) in one transaction; returns how many rows were taken.

        A space keeps its series number for ever. What a row leaves blank about a building stays as it is known. A
        stairwell that was learnt under ``unknown`` may be put into its building. Raises Conflict, and takes nothing, if
        a stairwell would move from one building to another or two validity intervals of one sensor overlap.
        """

    def learn(self, tenant: str, stairwell: str, space: str, kind: Kind) -> Series:
        """The series of a space, registered under area, property and building ``unknown`` if it is new."""

    def learn_all(self, tenant: str, spaces: Iterable[tuple[str, str, Kind]]) -> None:
        """:meth:`learn` for many (stairwell, space, kind) in one transaction; read their numbers from :meth:`index`."""

    def index(self, tenant: str) -> Mapping[tuple[str, str], int]:
        """Series number of each (stairwell, space) of a tenant: one look-up a batch, one dict access a row."""

    def sensor_number(self, tenant: str, sensor: str) -> int:
        """A sensor's number for :attr:`CountPoints.sources`, handed out when first asked for; above 0, never reused."""

    def sensor_name(self, number: int) -> str:
        """The sensor that a number was handed out to; raises NotFound."""

    def revision(self) -> int:
        """A number that grows whenever anything in the register changes: what a cache is checked against."""

    def series(self, tenant: str | None = None) -> list[Series]:
        """All series of one tenant, or of all, by number."""

    def stairwells(self, tenant: str, after: str | None = None, limit: int | None = None) -> list[Stairwell]:
        """Stairwells with their buildings, spaces and sensors, by id; ``after`` is the last id of the page before."""

    def stairwell(self, tenant: str, stairwell: str) -> Stairwell:
        """One stairwell; raises NotFound."""

    def sensors(self, series: int) -> list[Sensor]:
        """The sensors a series has had, by start of validity."""


class CountStore(Protocol):
    """Counts. A point written again with the same key (series, source, time) replaces what was there."""

    def append(self, points: CountPoints) -> None:
        """Store all points, durably, in one step: all of them or none."""

    def replace(self, points: CountPoints, spans: Sequence[CountSpan]) -> None:
        """Make ``points`` all that the spans, which hold them, hold, durably, in one step.

        What is so already is left alone, and no change is told of it.
        """

    def read(self, start: int, end: int, window_seconds: int, series: NDArray[np.int64] | None = None) -> WindowCounts:
        """Presences per window for windows in [start, end), seconds UTC, both on the window grid."""

    def extent(self, since: int = 0) -> tuple[int, int] | None:
        """First and last instant with a point, seconds UTC, from the hour of ``since`` on; None if there is none."""

    def changes(self, cursor: int) -> Changes:
        """What was appended after ``cursor`` (0: ever), so that late and corrected counts are found.

        Read it *before* the windows of a tick: what arrives in between is then reported again next time rather than
        missed.
        """

    def note_changes(self, earliest: Mapping[int, int]) -> None:
        """Record changes that were made past this store: for each series, the earliest instant, seconds UTC."""

    def forget_changes(self, cursor: int) -> None:
        """Drop the record of changes up to ``cursor``; the counts stay."""


class ReadingStore(Protocol):
    """Readings whose counts depend on their neighbours, as they came: counts are derived from them, again and again."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is put inside is kept together, or not at all; meanwhile nobody else puts anything.

        So what is derived inside is derived from all readings there are.
        """

    def put(self, readings: ReadingPoints) -> None:
        """Keep readings, replacing those with the same key; inside :meth:`transaction`."""

    def read(self, series: int, source: int, start: int, end: int) -> list[tuple[int, int]]:
        """(time, value) of one sensor in one series in [start, end), by time."""

    def neighbours(self, series: int, source: int, start: int, end: int) -> tuple[int | None, int | None]:
        """The time of the last reading before ``start``, and of the first from ``end`` on."""


class VerdictStore(Protocol):
    """Verdicts, unique by (series, start, version). For one (series, start) the newest written is in force."""

    def write(self, verdicts: VerdictColumns) -> None:
        """Store verdicts, whose measures are all finite, replacing those with the same key.

        Inside :meth:`StateStore.transaction` a store in the state's own file takes part in the transaction; a remote
        one writes at once, and since a tick that was interrupted is done again, it ends with the same verdicts.
        """

    def supersede(self, series: NDArray[np.int64], start: int, end: int) -> None:
        """Move the series' verdicts with start in [start, end) to the revision table, before corrected ones come."""

    def find(self, query: VerdictQuery) -> list[Verdict]:
        """Verdicts in force that match, by (start, series), at most ``query.limit``."""

    def columns(self, series: NDArray[np.int64], start: int, end: int) -> VerdictColumns:
        """All verdicts in force of the series in [start, end), by (start, series).

        ``version`` is that of the newest of them (the empty string when there are none).
        """

    def judged(self, series: NDArray[np.int64], start: int, end: int) -> WindowCounts:
        """The counts that the verdicts in force of the series in [start, end) are about."""


class StateStore(Protocol):
    """The manifest and the chunks it names. Only the scheduler writes."""

    def manifest(self) -> Manifest | None:
        """The state in force, or None before the first tick."""

    def write_chunk(self, arrays: dict[str, NDArray[np.float32]]) -> str:
        """Write an immutable chunk file of named arrays, durably; returns its name."""

    def read_chunk(self, file: str) -> dict[str, NDArray[np.float32]]:
        """The arrays of a chunk file; raises StoreError if it is damaged."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything published and every verdict written inside is committed together, or not at all."""

    def publish(self, manifest: Manifest) -> None:
        """Put a manifest in force; inside :meth:`transaction`."""

    def revision(self) -> str:
        """Another word after every commit that published anything, also after a backup was restored."""

    def ledger(self) -> Ledger:
        """What replays start from and what is still to be replayed; an empty one before the first."""

    def publish_ledger(self, ledger: Ledger) -> None:
        """Put a ledger in force; inside :meth:`transaction`."""

    def promotion(self) -> Promotion | None:
        """The second state, if one is being learnt."""

    def publish_promotion(self, promotion: Promotion | None) -> None:
        """Keep how far a second state has come, or that there is none any longer."""

    def drop_promotion(self) -> None:
        """Delete the chunk files that only the second state names, and forget it: first of all that makes room."""

    def sweep(self) -> int:
        """Delete chunk files that neither the state in force nor a second one names; returns how many."""

    def size_bytes(self) -> int:
        """Room that all chunk files take."""

    def enqueue(self, name: str, argument: str, actor: str) -> int:
        """Queue a command for the scheduler; returns its id."""

    def commands(self) -> list[Command]:
        """Commands not yet finished, oldest first."""

    def finish(self, command_id: int, error: str | None = None) -> None:
        """Mark a command as done, or as failed with a message."""

    def outcome(self, command_id: int) -> tuple[bool, str | None]:
        """Whether a command is finished, and its error message if it failed."""


class HotspotListStore(Protocol):
    """Lists: their bytes never change, what is decided about them lives beside, and stays when the bytes expire."""

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new draft; raises Conflict if the id or the number exists."""

    def get(self, tenant: str, list_id: str, *, approved: bool = False) -> tuple[ListRecord, bytes]:
        """What is decided about a list, and the list as it was made, or as it was approved.

        Raises NotFound if there is no such list, or it never was approved; Gone if its bytes have expired.
        """

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """Lists with one of the statuses, greatest number first; ``after`` is the last id of the page before."""

    def newest(self, tenant: str, area: str | None, statuses: Sequence[ListStatus]) -> ListRecord | None:
        """The list with the greatest number that is confined to ``area``, or to none, and has one of the statuses."""

    def approve(self, decided: ListRecord, approved_json: bytes) -> None:
        """Draft to what is decided; the approved list of the same area before it becomes superseded, in one step.

        Raises NotFound, and Conflict if the list is no draft.
        """

    def expire(self, made_before: datetime, expired: datetime) -> list[ListRecord]:
        """Delete the bytes of lists made before a time, for good; their records, which are returned, stay."""


class AnnotationStore(Protocol):
    """Annotations by tenant and id. A version is never changed: a new one, or a retraction, comes after it."""

    def put(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Put annotations in force, in one transaction, in the place of those with the same tenant and id.

        What is in force already, and says the same, stays as it is; returns the others.
        """

    def retract(self, tenant: str, annotation_id: str, retracted_by: str, retracted: datetime) -> Annotation:
        """Take an annotation back; raises NotFound if there is none in force."""

    def get(self, tenant: str, annotation_id: str) -> Annotation:
        """The newest version of an annotation, in force or retracted; raises NotFound."""

    def find(self, query: AnnotationQuery) -> list[Annotation]:
        """Annotations in force that match, by (start, id)."""

    def revision(self) -> int:
        """A number that grows with every version."""

    def changes(self, cursor: int) -> AnnotationChanges:
        """What was put and retracted after ``cursor`` (0: ever), so that the series touched are replayed.

        Read it *before* the annotations of a tick, as with the changes of counts.
        """


class EpisodeDecisionStore(Protocol):
    """What people decided about episodes, which are themselves read off the verdicts. Append-only."""

    def add(self, decision: EpisodeDecision) -> None:
        """Record a decision."""

    def find(self, tenant: str, since: int) -> list[EpisodeDecision]:
        """Decisions that concern episodes reaching beyond ``since``, seconds UTC; oldest decision first."""


class OutcomeStore(Protocol):
    """What was found at entries of lists, by (tenant, list, rank, time of the visit)."""

    def put(self, outcome: Outcome) -> None:
        """Record an outcome; one with the same key is replaced."""

    def find(self, tenant: str, list_id: str) -> list[Outcome]:
        """The outcomes of a list, by (rank, visited)."""


class KeyStore(Protocol):
    """Keys by digest."""

    def add(self, key: Key) -> None:
        """Store a new key; raises Conflict if there is one with its id or digest."""

    def by_digest(self, digest: bytes) -> Key | None:
        """The key with this SHA-256 digest, revoked or not."""

    def all(self) -> list[Key]:
        """All keys, oldest first."""

    def revoke(self, key_id: str, revoked: datetime) -> Key:
        """Revoke a key; raises NotFound."""


class RequestCounter(Protocol):
    """How often keys ask, over all processes. What it holds is worth a minute, and may be lost."""

    def count(self, key_id: str, policy: str, window: int) -> int:
        """Count one request of a key in a numbered window of time; how many there are in it, this one included."""


class AuditLog(Protocol):
    """Append-only record of who did what."""

    def append(self, entry: AuditEntry) -> None:
        """Record one action, durably."""

    def entries(self, tenant: str, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """Numbered, newest first; ``before`` is the number of the last entry of the page before."""


@dataclass(frozen=True)
class Ports:
    """Everything a use case may reach, put together once by :mod:`service.bootstrap`."""

    settings: Settings
    clock: Clock
    register: PlacesRegister
    counts: CountStore
    readings: ReadingStore
    sensors: SensorStore
    verdicts: VerdictStore
    state: StateStore
    lists: HotspotListStore
    annotations: AnnotationStore
    episodes: EpisodeDecisionStore
    outcomes: OutcomeStore
    deliveries: DeliveryStore
    mail: MailServer
    webhooks: WebhookSender
    keys: KeyStore
    requests: RequestCounter
    audit: AuditLog
    registry: VersionRegistry
    jobs: JobStore
