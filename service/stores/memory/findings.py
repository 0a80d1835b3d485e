"""What people decided about episodes and found at listed places, in memory."""

from __future__ import annotations

from datetime import datetime

from service.domain.episodes import EpisodeDecision
from service.domain.outcomes import Outcome


class MemoryEpisodeDecisionStore:
    """Decisions in a list."""

    def __init__(self) -> None:
        self._decisions: list[EpisodeDecision] = []

    def add(self, decision: EpisodeDecision) -> None:
        """Record a decision."""
        self._decisions.append(decision)

    def find(self, tenant: str, since: int) -> list[EpisodeDecision]:
        """Decisions about episodes that reach beyond ``since``, and mutes that do."""
        return [one for one in self._decisions if one.tenant == tenant and max(_ends(one)) > since]

    def revision(self) -> int:
        """How many there are."""
        return len(self._decisions)


class MemoryOutcomeStore:
    """Outcomes in a dict by their key."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, str, int, datetime], Outcome] = {}

    def put(self, outcome: Outcome) -> None:
        """Record an outcome; one with the same key is replaced."""
        self._outcomes[outcome.tenant, outcome.list_id, outcome.rank, outcome.visited] = outcome

    def find(self, tenant: str, list_id: str) -> list[Outcome]:
        """The outcomes of a list, by (rank, visited)."""
        return [one for key, one in sorted(self._outcomes.items()) if key[:2] == (tenant, list_id)]


def _ends(decision: EpisodeDecision) -> tuple[int, int]:
    return decision.end, decision.end if decision.until is None else int(decision.until.timestamp())
