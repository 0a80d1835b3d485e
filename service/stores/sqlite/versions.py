"""What is recorded of model versions, in register.db, which is never computed anew."""

from __future__ import annotations

from datetime import datetime

from service.domain.versions import VersionRecord
from service.errors import Conflict
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of, to_text

_SELECT = "SELECT id, digest, recorded, in_force, pruned FROM model_version"


class SqliteVersionRecords(SqliteStore):
    """A row a version; the file's triggers keep it from being altered or deleted."""

    def add(self, record: VersionRecord) -> None:
        """Record a new version; raises Conflict if there is one with its id."""
        added = self._database.execute(
            "INSERT INTO model_version VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row_of(record)
        )
        if not added.rowcount:
            raise Conflict(f"model version {record.version_id} is recorded already; versions are never changed")

    def get(self, version_id: str) -> VersionRecord | None:
        """The record of a version."""
        rows = self._database.rows(f"{_SELECT} WHERE id = ?", (version_id,))
        return struct_of(VersionRecord, rows[0]) if rows else None

    def all(self) -> list[VersionRecord]:
        """All records, in the order they were made."""
        return [struct_of(VersionRecord, row) for row in self._database.rows(f"{_SELECT} ORDER BY rowid")]

    def note_in_force(self, version_id: str, time: datetime) -> None:
        """Record that a version is put in force."""
        self._note("UPDATE model_version SET in_force = ? WHERE id = ? AND in_force IS NULL", version_id, time)

    def note_pruned(self, version_id: str, time: datetime) -> None:
        """Record that a version's folder is deleted."""
        self._note("UPDATE model_version SET pruned = ? WHERE id = ? AND pruned IS NULL", version_id, time)

    def _note(self, statement: str, version_id: str, time: datetime) -> None:
        self._database.execute(statement, (to_text(time), version_id))
