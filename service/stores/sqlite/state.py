"""The manifest and the commands in state.db; chunks as files beside it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.domain.retention import DataKind, Deletion
from service.domain.state import Command, Ledger, Manifest, Promotion, files_named
from service.errors import NotFound, StorageFull, StoreError
from service.stores.sqlite.chunks import RESTORE, ChunkFolder
from service.stores.sqlite.connection import Database, SqliteStore
from service.stores.sqlite.rows import struct_of

T = TypeVar("T")
_manifest = msgspec.json.Decoder(Manifest)
_ledger = msgspec.msgpack.Decoder(Ledger)
_promotion = msgspec.msgpack.Decoder(Promotion)


class SqliteStateStore(SqliteStore):
    """What the scheduler publishes. A chunk is a file nobody looks at until a manifest in state.db names it."""

    def __init__(self, database: Database, chunks: ChunkFolder) -> None:
        super().__init__(database)
        self._chunks = chunks

    def manifest(self) -> Manifest | None:
        """The state in force."""
        return self._document("manifest", _manifest.decode, f"the manifest cannot be read ({{}}); {RESTORE}")

    def write_chunk(self, arrays: dict[str, NDArray[np.float32]]) -> str:
        """Write a chunk file; it is on disk when this returns."""
        return self._chunks.write(arrays)

    def read_chunk(self, file: str, groups: Collection[str] | None = None) -> dict[str, NDArray[np.float32]]:
        """The arrays of a chunk file, all or those of some groups; raises StoreError if what is read is damaged."""
        return self._chunks.read(file, groups)

    def publish(self, manifest: Manifest) -> None:
        """Put a manifest in force."""
        self._database.execute("REPLACE INTO manifest VALUES (1, ?)", (msgspec.json.encode(manifest),))

    def revision(self) -> str:
        """A word that triggers in the file draw anew."""
        return str(self._database.rows("SELECT word FROM revision")[0][0])

    def ledger(self) -> Ledger:
        """The ledger in force."""
        ledger = self._document("ledger", _ledger.decode, f"the ledger cannot be read ({{}}); {RESTORE}")
        return Ledger() if ledger is None else ledger

    def publish_ledger(self, ledger: Ledger) -> None:
        """Put a ledger in force."""
        self._database.execute("REPLACE INTO ledger VALUES (1, ?)", (msgspec.msgpack.encode(ledger),))

    def promotion(self) -> Promotion | None:
        """The second state, if one is being learnt."""
        damaged = "the promotion that was begun cannot be read ({}); promote again"
        return self._document("promotion", _promotion.decode, damaged)

    def publish_promotion(self, promotion: Promotion | None) -> None:
        """Keep how far a second state has come, or that there is none any longer."""
        if promotion is None:
            self._database.execute("DELETE FROM promotion")
        else:
            self._database.execute("REPLACE INTO promotion VALUES (1, ?)", (msgspec.msgpack.encode(promotion),))

    def drop_promotion(self) -> None:
        """Delete what was written and is named nowhere, then the second state's row, then the files that it named.

        Cut short, it leaves no row that names files which are gone. Where the disk has no room for the row to go, they
        go before it.
        """
        self._sweep(self.promotion(), younger=True)
        try:
            self.publish_promotion(None)
        except StorageFull:
            self._sweep(None, younger=True)
            self.publish_promotion(None)
        self._sweep(None, younger=True)

    def deletion(self, kind: DataKind) -> Deletion | None:
        """The latest deletion of a kind."""
        rows = self._database.rows("SELECT document FROM deletion WHERE kind = ?", (kind,))
        return msgspec.json.decode(rows[0][0], type=Deletion) if rows else None

    def publish_deletion(self, deletion: Deletion) -> None:
        """Record a deletion; the file's trigger lets verdicts before it go without keeping them as superseded."""
        row = (deletion.kind, deletion.before, msgspec.json.encode(deletion))
        self._database.execute("REPLACE INTO deletion (kind, before, document) VALUES (?, ?, ?)", row)

    def sweep(self) -> int:
        """Delete chunk files that neither the state in force nor a second one has a use for."""
        return self._sweep(self.promotion())

    def _sweep(self, second: Promotion | None, *, younger: bool = False) -> int:
        """Delete chunk files but those of the state in force and of a second one, the younger ones only when asked."""
        manifest = self.manifest()
        if manifest is None:
            return 0
        named = files_named(second.manifest, second.ledger) if second else set()
        return self._chunks.sweep(named | files_named(manifest, self.ledger()), younger=younger)

    def size_bytes(self) -> int:
        """Room that all chunk files take."""
        return self._chunks.size_bytes()

    def enqueue(self, name: str, argument: str, actor: str) -> int:
        """Queue a command; returns its id."""
        sql = "INSERT INTO command (name, argument, actor) VALUES (?, ?, ?)"
        return cast(int, self._database.execute(sql, (name, argument, actor)).lastrowid)

    def commands(self) -> list[Command]:
        """Commands not yet finished, oldest first."""
        rows = self._database.rows("SELECT id, name, argument, actor FROM command WHERE NOT finished ORDER BY id")
        return [struct_of(Command, row) for row in rows]

    def finish(self, command_id: int, error: str | None = None) -> None:
        """Mark a command as finished; a second time changes nothing."""
        self.outcome(command_id)
        self._database.execute(
            "UPDATE command SET finished = 1, error = ? WHERE id = ? AND NOT finished", (error, command_id)
        )

    def outcome(self, command_id: int) -> tuple[bool, str | None]:
        """Whether a command is finished, and its error; raises NotFound if there is no such command."""
        rows = self._database.rows("SELECT finished, error FROM command WHERE id = ?", (command_id,))
        if not rows:
            raise NotFound(f"there is no command {command_id}; it was never queued")
        finished, error = rows[0]
        return bool(finished), error

    def _document(self, table: str, decode: Callable[[bytes], T], damaged: str) -> T | None:
        """The one document of a table, if there is one; ``damaged`` says what to do where it cannot be read."""
        rows = self._database.rows(f"SELECT document FROM {table}")  # noqa: S608 - the table is this module's
        try:
            return decode(rows[0][0]) if rows else None
        except msgspec.MsgspecError as error:
            raise StoreError(f"{self._database.path}: {damaged.format(error)}") from error
