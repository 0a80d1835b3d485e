"""The audit log in audit.db; triggers in the file refuse changes and deletions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.domain.keys import AuditEntry
from service.stores.sqlite.connection import Database
from service.stores.sqlite.times import from_text, to_text


class SqliteAuditLog:
    """Append-only record of who did what, in a file of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entry: AuditEntry) -> None:
        """Record one action; it is on disk when this returns."""
        self._database.execute(
            "INSERT INTO entry (time, actor, tenant, action, subject, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (to_text(entry.time), entry.actor, entry.tenant, entry.action, entry.subject, entry.detail),
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
        return [_entry(row) for row in rows]


def _entry(row: Sequence[Any]) -> AuditEntry:
    number, time, actor, tenant, action, subject, detail = row
    return AuditEntry(
        entry=number,
        time=from_text(time),
        actor=actor,
        tenant=tenant,
        action=action,
        subject=subject,
        detail=detail,
    )
