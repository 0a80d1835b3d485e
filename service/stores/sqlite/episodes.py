"""What people decided about episodes, in register.db."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from service.domain.episodes import EpisodeAction, EpisodeDecision, MuteReason
from service.stores.sqlite.connection import Database
from service.stores.sqlite.times import from_text, to_text


class SqliteEpisodeDecisionStore:
    """Decisions in the order they were made."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, decision: EpisodeDecision) -> None:
        """Record a decision."""
        until = None if decision.until is None else int(decision.until.timestamp())
        self._database.execute(
            """
            INSERT INTO episode_decision (tenant, series, start, end, action, decided_by, decided, until, reason)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                decision.tenant,
                decision.series,
                decision.start,
                decision.end,
                decision.action,
                decision.decided_by,
                to_text(decision.decided),
                until,
                decision.reason,
            ),
        )

    def find(self, tenant: str, since: int) -> list[EpisodeDecision]:
        """Decisions about episodes that reach beyond ``since``, and mutes that do."""
        rows = self._database.rows(
            """
            SELECT tenant, series, start, end, action, decided_by, decided, until, reason
            FROM episode_decision WHERE tenant = ?1 AND (end > ?2 OR until > ?2) ORDER BY id
            """,
            (tenant, since),
        )
        return [_decision(row) for row in rows]


def _decision(row: Sequence[Any]) -> EpisodeDecision:
    tenant, series, start, end, action, decided_by, decided, until, reason = row
    return EpisodeDecision(
        tenant=tenant,
        series=series,
        start=start,
        end=end,
        action=EpisodeAction(action),
        decided_by=decided_by,
        decided=from_text(decided),
        until=None if until is None else datetime.fromtimestamp(until, UTC),
        reason=None if reason is None else MuteReason(reason),
    )
