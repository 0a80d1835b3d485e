"""Outcomes in register.db, beside the lists they are of."""

from __future__ import annotations

import msgspec

from service.domain.outcomes import Outcome
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of

_COLUMNS = ", ".join(Outcome.__struct_fields__)


class SqliteOutcomeStore(SqliteStore):
    """Outcomes by list, rank and time of the visit."""

    def put(self, outcome: Outcome) -> None:
        """Record an outcome; one with the same key is replaced."""
        sql = f"REPLACE INTO outcome ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        self._database.execute(sql, row_of(outcome))

    def find(self, tenant: str, list_id: str) -> list[Outcome]:
        """The outcomes of a list, by (rank, visited)."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM outcome WHERE tenant = ? AND list_id = ? ORDER BY rank, visited",  # noqa: S608
            (tenant, list_id),
        )
        return [
            struct_of(Outcome, (*before, msgspec.json.decode(found), reported_by, reported))
            for *before, found, reported_by, reported in rows
        ]
