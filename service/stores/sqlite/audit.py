"""The audit log in audit.db; triggers in the file refuse changes and deletions."""

from __future__ import annotations

from service.domain.keys import AuditEntry
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of


class SqliteAuditLog(SqliteStore):
    """Append-only record of who did what, in a file of its own."""

    def append(self, entry: AuditEntry) -> None:
        """Record one action; it is on disk when this returns."""
        self._database.execute(
            "INSERT INTO entry (time, actor, tenant, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
            row_of(entry)[1:],
        )

    def entries(self, tenant: str, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The newest entries of a tenant, newest first."""
        rows = self._database.rows(
            """
            SELECT id, time, actor, tenant, action, subject, detail FROM entry
            WHERE tenant = ? AND id < coalesce(?, 9223372036854775807) ORDER BY id DESC LIMIT ?
            """,
            (tenant, before, limit),
        )
        return [struct_of(AuditEntry, row) for row in rows]
