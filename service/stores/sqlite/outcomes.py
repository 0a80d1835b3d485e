"""Outcomes in register.db, beside the lists they are of."""

from __future__ import annotations

import msgspec

from service.domain.outcomes import Finding, Outcome
from service.stores.sqlite.connection import Database
from service.stores.sqlite.times import from_text, to_text

_COLUMNS = "tenant, list_id, rank, visited, stairwell, found, reported_by, reported"


class SqliteOutcomeStore:
    """Outcomes by list, rank and time of the visit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, outcome: Outcome) -> None:
        """Record an outcome; one with the same key is replaced."""
        row = (
            outcome.tenant,
            outcome.list_id,
            outcome.rank,
            to_text(outcome.visited),
            outcome.stairwell,
            msgspec.json.encode(outcome.found).decode(),
            outcome.reported_by,
            to_text(outcome.reported),
        )
        self._database.execute(f"REPLACE INTO outcome ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def find(self, tenant: str, list_id: str) -> list[Outcome]:
        """The outcomes of a list, by (rank, visited)."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM outcome WHERE tenant = ? AND list_id = ? ORDER BY rank, visited",  # noqa: S608
            (tenant, list_id),
        )
        return [
            Outcome(
                tenant=tenant,
                list_id=list_id,
                rank=rank,
                visited=from_text(visited),
                stairwell=stairwell,
                found=msgspec.json.decode(found, type=list[Finding]),
                reported_by=reported_by,
                reported=from_text(reported),
            )
            for tenant, list_id, rank, visited, stairwell, found, reported_by, reported in rows
        ]
