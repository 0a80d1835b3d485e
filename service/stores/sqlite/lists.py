"""Hot-spot lists in register.db; triggers in the file refuse to change a list's bytes before they expire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from service.domain.hotspots import ListRecord, ListStatus
from service.stores.lists import check_draft, check_kept
from service.stores.refusals import list_exists, list_not_found, never_approved
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of, to_text

_RECORD = ", ".join(("id", *ListRecord.__struct_fields__[1:]))


class SqliteHotspotListStore(SqliteStore):
    """Lists as the bytes they were made of and approved as, and what is decided about them beside."""

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new list; raises Conflict if the id or the number exists."""
        values = row_of(record)
        with self._database.transaction() as connection:
            inserted = connection.execute(
                f"INSERT INTO hotspot_list ({_RECORD}, document) VALUES ({'?, ' * len(values)}?) "  # noqa: S608
                "ON CONFLICT DO NOTHING",
                (*values, canonical_json),
            )
            if not inserted.rowcount:
                raise list_exists(record.tenant, record.list_id)

    def get(self, tenant: str, list_id: str, *, approved: bool = False) -> tuple[ListRecord, bytes]:
        """A list and what is decided about it; raises NotFound, Gone."""
        document = "approved_document" if approved else "document"
        rows = self._database.rows(
            f"SELECT {_RECORD}, {document} FROM hotspot_list WHERE tenant = ? AND id = ?",  # noqa: S608
            (tenant, list_id),
        )
        if not rows:
            raise list_not_found(tenant, list_id)
        record, content = _record(rows[0][:-1]), rows[0][-1]
        if content is None:
            raise never_approved(record)
        check_kept(record)
        return record, content

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """A page of lists, newest first."""
        sql = f"""
            SELECT {_RECORD} FROM hotspot_list
            WHERE tenant = ?1 AND status IN (SELECT value FROM json_each(?2))
                AND (?3 IS NULL OR number < (SELECT number FROM hotspot_list WHERE tenant = ?1 AND id = ?3))
            ORDER BY number DESC LIMIT ?4
        """  # noqa: S608
        return self._read(sql, (tenant, msgspec.json.encode(list(statuses)), after, limit))

    def newest(self, tenant: str, area: str | None, statuses: Sequence[ListStatus]) -> ListRecord | None:
        """The newest list of one area, or of none."""
        sql = f"""
            SELECT {_RECORD} FROM hotspot_list
            WHERE tenant = ? AND area IS ? AND status IN (SELECT value FROM json_each(?))
            ORDER BY number DESC LIMIT 1
        """  # noqa: S608
        found = self._read(sql, (tenant, area, msgspec.json.encode(list(statuses))))
        return found[0] if found else None

    def approve(self, decided: ListRecord, approved_json: bytes) -> None:
        """Draft to approved, and the approved one before it to superseded, in one step."""
        with self._database.transaction() as connection:
            record, _ = self.get(decided.tenant, decided.list_id)
            check_draft(record, self.newest(decided.tenant, record.area, [ListStatus.APPROVED]))
            connection.execute(
                "UPDATE hotspot_list SET status = ? WHERE tenant = ? AND area IS ? AND status = ?",
                (ListStatus.SUPERSEDED, decided.tenant, record.area, ListStatus.APPROVED),
            )
            connection.execute(
                "UPDATE hotspot_list SET approved_document = ?, status = ?, approved_by = ?, approved = ?, "
                "approved_digest = ?, held_back = ? WHERE tenant = ? AND id = ?",
                (
                    approved_json,
                    decided.status,
                    decided.approved_by,
                    to_text(decided.approved),
                    decided.approved_digest,
                    msgspec.json.encode(decided.held_back).decode(),
                    decided.tenant,
                    decided.list_id,
                ),
            )

    def expire(self, made_before: datetime, expired: datetime) -> list[ListRecord]:
        """Empty the documents of lists made before a time."""
        with self._database.transaction() as connection:
            due = self._read(
                f"SELECT {_RECORD} FROM hotspot_list WHERE made < ? AND expired IS NULL ORDER BY tenant, number",  # noqa: S608
                (to_text(made_before),),
            )
            connection.execute(
                "UPDATE hotspot_list SET expired = ?, document = x'', "
                "approved_document = CASE WHEN approved_document IS NOT NULL THEN x'' END "
                "WHERE made < ? AND expired IS NULL",
                (to_text(expired), to_text(made_before)),
            )
        return [msgspec.structs.replace(record, expired=expired) for record in due]

    def _read(self, sql: str, parameters: Sequence[object]) -> list[ListRecord]:
        return [_record(row) for row in self._database.rows(sql, parameters)]


def _record(row: Sequence[Any]) -> ListRecord:
    *before, held_back, tenants, expired = row
    return struct_of(ListRecord, (*before, msgspec.json.decode(held_back), msgspec.json.decode(tenants), expired))
