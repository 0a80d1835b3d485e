"""What people decided about episodes, in register.db."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.episodes import EpisodeDecision
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of

_COLUMNS = ", ".join(EpisodeDecision.__struct_fields__)


class SqliteEpisodeDecisionStore(SqliteStore):
    """Decisions in the order they were made."""

    def add(self, decision: EpisodeDecision) -> None:
        """Record a decision."""
        *before, reason = row_of(decision)
        before[-1] = None if decision.until is None else int(decision.until.timestamp())
        sql = f"INSERT INTO episode_decision ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        self._database.execute(sql, (*before, reason))

    def find(self, tenant: str, since: int) -> list[EpisodeDecision]:
        """Decisions about episodes that reach beyond ``since``, and mutes that do."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM episode_decision "  # noqa: S608
            "WHERE tenant = ?1 AND (end > ?2 OR until > ?2) ORDER BY id",
            (tenant, since),
        )
        return [
            struct_of(EpisodeDecision, (*before, None if until is None else datetime.fromtimestamp(until, UTC), reason))
            for *before, until, reason in rows
        ]

    def revision(self) -> int:
        """The number of the newest decision."""
        newest: int = self._database.rows("SELECT coalesce(max(id), 0) FROM episode_decision")[0][0]
        return newest
