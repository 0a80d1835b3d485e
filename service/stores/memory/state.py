"""Manifest, verdicts, chunks and commands in dicts."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import WindowCounts
from service.domain.retention import DataKind, Deletion
from service.domain.state import Command, Ledger, Manifest, Promotion, files_named
from service.domain.verdicts import MEASURES, PValues, Verdict, VerdictColumns, VerdictQuery
from service.errors import NotFound, StoreError
from service.stores.windows import counts_judged


@dataclass
class MemoryTables:
    """What one transaction covers: both states, verdicts in force by (start, series), and those that were."""

    manifest: Manifest | None = None
    ledger: Ledger = field(default_factory=Ledger)
    promotion: Promotion | None = None
    verdicts: dict[tuple[int, int], Verdict] = field(default_factory=dict)
    revisions: list[Verdict] = field(default_factory=list)
    deletions: dict[DataKind, Deletion] = field(default_factory=dict)

    def drop_verdicts(self, keys: Collection[object]) -> None:
        """Delete verdicts by (start, series), without keeping them as superseded."""
        self.verdicts = {key: one for key, one in self.verdicts.items() if key not in keys}

    def drop_revisions(self, places: Collection[object]) -> None:
        """Delete superseded verdicts by their place in the list."""
        self.revisions = [one for place, one in enumerate(self.revisions) if place not in places]


class MemoryVerdictStore:
    """Verdicts in a dict; takes part in the transaction of the state store with the same tables."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables

    def write(self, verdicts: VerdictColumns) -> None:
        """Put verdicts in force."""
        columns = [getattr(verdicts, name).tolist() for name in ("starts", "series", *MEASURES, "anomalous")]
        for start, series, *measures, anomalous in zip(*columns, strict=True):
            stated = dict(zip(MEASURES, measures, strict=True))
            new = Verdict(series=series, start=start, version=verdicts.version, anomalous=anomalous, **stated)
            old = self._tables.verdicts.get((start, series))
            if old is not None and old != new:
                self._tables.revisions.append(old)
            self._tables.verdicts[start, series] = new

    def supersede(self, series: NDArray[np.int64], start: int, end: int) -> None:
        """Move the series' verdicts in [start, end) to the revisions."""
        gone = set(series.tolist())
        for key in [key for key in self._tables.verdicts if start <= key[0] < end and key[1] in gone]:
            self._tables.revisions.append(self._tables.verdicts.pop(key))

    def find(self, query: VerdictQuery) -> list[Verdict]:
        """A page of verdicts."""
        wanted = frozenset(query.series)
        found = (
            verdict
            for key, verdict in sorted(self._tables.verdicts.items())
            if verdict.series in wanted and _matches(query, key, verdict)
        )
        return [verdict for verdict, _ in zip(found, range(query.limit), strict=False)]

    def judged(self, series: NDArray[np.int64], start: int, end: int) -> WindowCounts:
        """The counts of the verdicts in force."""
        return counts_judged(self.columns(series, start, end))

    def p_values(self, series: NDArray[np.int64], starts: NDArray[np.int64]) -> PValues:
        """How unlikely the counts of the verdicts in force were."""
        found = self.columns(series, min(starts, default=0), max(starts, default=0) + 1)
        asked = found.where(np.isin(found.starts, starts))
        return PValues(asked.starts, asked.p_value, asked.p_above, asked.evidence_weeks)

    def columns(
        self, series: NDArray[np.int64], start: int, end: int, measures: Collection[str] = MEASURES
    ) -> VerdictColumns:
        """All verdicts in force of the series in [start, end)."""
        wanted = set(series.tolist())
        found = [
            verdict
            for key, verdict in sorted(self._tables.verdicts.items())
            if start <= key[0] < end and verdict.series in wanted
        ]
        return VerdictColumns(
            version=found[-1].version if found else "",
            series=np.array([verdict.series for verdict in found], dtype=np.int64),
            starts=np.array([verdict.start for verdict in found], dtype=np.int64),
            anomalous=np.array([verdict.anomalous for verdict in found], dtype=np.bool_),
            **{name: np.array([getattr(verdict, name) for verdict in found], dtype=np.float64) for name in MEASURES},
        ).only(measures)


def _matches(query: VerdictQuery, key: tuple[int, int], verdict: Verdict) -> bool:
    return (
        (query.start is None or key[0] >= query.start)
        and (query.end is None or key[0] < query.end)
        and (verdict.anomalous or not query.anomalous_only)
        and (query.min_score is None or verdict.score >= query.min_score)
        and (query.after is None or key > query.after)
    )


class MemoryStateStore:
    """Manifest, chunks and commands in dicts."""

    def __init__(self, tables: MemoryTables) -> None:
        self._tables = tables
        self._chunks: dict[str, dict[str, NDArray[np.float32]]] = {}
        self._written = 0
        self._published = 0
        self._commands: dict[int, Command] = {}
        self._outcomes: dict[int, str | None] = {}

    def manifest(self) -> Manifest | None:
        """The state in force."""
        return self._tables.manifest

    def write_chunk(self, arrays: dict[str, NDArray[np.float32]]) -> str:
        """Keep a copy of the arrays; returns its name."""
        self._written += 1
        name = f"{self._written:08}"
        self._chunks[name] = copy.deepcopy(arrays)
        return name

    def read_chunk(self, file: str, groups: Collection[str] | None = None) -> dict[str, NDArray[np.float32]]:
        """A copy of the arrays, all or those of some groups; raises StoreError if there are none."""
        if file not in self._chunks:
            raise StoreError(f"state chunk {file} is damaged or missing; replay the counts")
        chunk = self._chunks[file]
        return {group: chunk[group].copy() for group in (chunk if groups is None else groups)}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Undo what was published and written inside, unless it ends well."""
        tables = self._tables
        verdicts, revisions = dict(tables.verdicts), list(tables.revisions)
        deletions = dict(tables.deletions)
        before = MemoryTables(tables.manifest, tables.ledger, tables.promotion, verdicts, revisions, deletions)
        try:
            yield
        except BaseException:
            vars(self._tables).update(vars(before))
            raise

    def publish(self, manifest: Manifest) -> None:
        """Put a manifest in force."""
        self._tables.manifest = manifest
        self._published += 1

    def revision(self) -> str:
        """How often anything was published."""
        return str(self._published)

    def ledger(self) -> Ledger:
        """The ledger in force."""
        return self._tables.ledger

    def publish_ledger(self, ledger: Ledger) -> None:
        """Put a ledger in force."""
        self._tables.ledger = ledger
        self._published += 1

    def promotion(self) -> Promotion | None:
        """The second state, if one is being learnt."""
        return self._tables.promotion

    def publish_promotion(self, promotion: Promotion | None) -> None:
        """Keep how far a second state has come, or that there is none any longer."""
        self._tables.promotion = promotion

    def deletion(self, kind: DataKind) -> Deletion | None:
        """The latest deletion of a kind."""
        return self._tables.deletions.get(kind)

    def publish_deletion(self, deletion: Deletion) -> None:
        """Record a deletion."""
        self._tables.deletions[deletion.kind] = deletion
        self._published += 1

    def drop_promotion(self) -> None:
        """Delete every chunk but those of the state in force, then forget the second state."""
        if self._tables.manifest:
            named = self._named()
            self._chunks = {name: chunk for name, chunk in self._chunks.items() if name in named}
        self._tables.promotion = None

    def size_bytes(self) -> int:
        """Room that all chunks take."""
        return sum(array.nbytes for chunk in self._chunks.values() for array in chunk.values())

    def _named(self) -> set[str]:
        manifest = self._tables.manifest
        return files_named(manifest, self._tables.ledger) if manifest else set()

    def _named_by_promotion(self) -> set[str]:
        promotion = self._tables.promotion
        return files_named(promotion.manifest, promotion.ledger) if promotion else set()

    def sweep(self) -> int:
        """Delete chunks older than the newest named that neither the state in force nor a second one names."""
        named = self._named() | self._named_by_promotion() if self._tables.manifest else set()
        unused = [name for name in self._chunks if name not in named and name < max(named, default="")]
        for name in unused:
            del self._chunks[name]
        return len(unused)

    def enqueue(self, name: str, argument: str, actor: str) -> int:
        """Queue a command; returns its id."""
        command_id = len(self._commands) + 1
        self._commands[command_id] = Command(command_id=command_id, name=name, argument=argument, actor=actor)
        return command_id

    def commands(self) -> list[Command]:
        """Commands not yet finished, oldest first."""
        return [command for number, command in self._commands.items() if number not in self._outcomes]

    def finish(self, command_id: int, error: str | None = None) -> None:
        """Mark a command as finished; a second time changes nothing."""
        self.outcome(command_id)
        self._outcomes.setdefault(command_id, error)

    def outcome(self, command_id: int) -> tuple[bool, str | None]:
        """Whether a command is finished, and its error; raises NotFound if there is no such command."""
        if command_id not in self._commands:
            raise NotFound(f"there is no command {command_id}; it was never queued")
        return command_id in self._outcomes, self._outcomes.get(command_id)
