"""Hot-spot lists in register.db; a trigger in the file refuses to change a list's bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from service.domain.hotspots import ListRecord, ListStatus
from service.errors import Conflict, NotFound
from service.stores.lists import check_draft, list_exists, list_not_found
from service.stores.sqlite.connection import Database
from service.stores.sqlite.times import from_text, to_text

_RECORD = "tenant, id, made, status, approved_by, approved"


class SqliteHotspotListStore:
    """Lists as the bytes they were made of, and what is decided about them beside."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new list; raises Conflict if the id exists."""
        with self._database.transaction() as connection:
            inserted = connection.execute(
                f"INSERT INTO hotspot_list ({_RECORD}, document) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
                (
                    record.tenant,
                    record.list_id,
                    to_text(record.made),
                    record.status,
                    record.approved_by,
                    to_text(record.approved),
                    canonical_json,
                ),
            )
            if not inserted.rowcount:
                raise Conflict(list_exists(record.tenant, record.list_id))

    def get(self, tenant: str, list_id: str) -> tuple[ListRecord, bytes]:
        """A list and what is decided about it; raises NotFound."""
        rows = self._database.rows(
            f"SELECT {_RECORD}, document FROM hotspot_list WHERE tenant = ? AND id = ?",  # noqa: S608
            (tenant, list_id),
        )
        if not rows:
            raise NotFound(list_not_found(tenant, list_id))
        return _record(rows[0][:-1]), rows[0][-1]

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """A page of lists, newest first."""
        sql = f"""
            SELECT {_RECORD} FROM hotspot_list
            WHERE tenant = ?1 AND status IN (SELECT value FROM json_each(?2)) AND (?3 IS NULL OR id < ?3)
            ORDER BY id DESC LIMIT ?4
        """  # noqa: S608
        rows = self._database.rows(sql, (tenant, msgspec.json.encode(list(statuses)), after, limit))
        return [_record(row) for row in rows]

    def approve(self, tenant: str, list_id: str, approved_by: str, approved: datetime) -> ListRecord:
        """Draft to approved, and the approved one before it to superseded, in one step."""
        with self._database.transaction() as connection:
            record, _ = self.get(tenant, list_id)
            check_draft(record)
            connection.execute(
                "UPDATE hotspot_list SET status = ? WHERE tenant = ? AND status = ?",
                (ListStatus.SUPERSEDED, tenant, ListStatus.APPROVED),
            )
            connection.execute(
                "UPDATE hotspot_list SET status = ?, approved_by = ?, approved = ? WHERE tenant = ? AND id = ?",
                (ListStatus.APPROVED, approved_by, to_text(approved), tenant, list_id),
            )
            return self.get(tenant, list_id)[0]


def _record(row: Sequence[Any]) -> ListRecord:
    tenant, list_id, made, status, approved_by, approved = row
    return ListRecord(
        list_id=list_id,
        tenant=tenant,
        made=from_text(made),
        status=ListStatus(status),
        approved_by=approved_by,
        approved=from_text(approved),
    )
