"""Outcomes: what was found at the entries of a hot-spot list."""

from __future__ import annotations

from datetime import UTC, datetime

from service.api.paging import Page, PageQuery, page_of
from service.api.routes import Routes
from service.domain.keys import LIST_READERS, VISITORS, Key
from service.domain.outcomes import Finding, Outcome, OutcomeReport
from service.errors import Gone, NotFound
from service.ports import Ports
from service.usecases.lists.outcomes import read_outcomes, report_outcome

routes = Routes("Outcomes")

_VISITED = datetime(2026, 11, 20, 21, 5, tzinfo=UTC)
_OUTCOME = Outcome(
    tenant="demo",
    list_id="2026-11-19-001",
    rank=1,
    stairwell="kvarnen-3a",
    visited=_VISITED,
    found=[Finding.DRUGS, Finding.TRACES],
    reported_by="5f0c7a1e9b2d",
    reported=datetime(2026, 11, 21, 6, tzinfo=UTC),
)


class OutcomePage(Page[Outcome], frozen=True):
    """What was found, by entry and visit."""


@routes.declare(
    "POST",
    "/v1/hotspot-lists/{list_id}/entries/{rank}/outcomes",
    roles=VISITORS,
    raises=(NotFound, Gone),
    sent=OutcomeReport(visited=_VISITED, found=[Finding.DRUGS, Finding.TRACES]),
    answered=_OUTCOME,
)
def post_outcome(ports: Ports, key: Key, list_id: str, rank: int, body: OutcomeReport) -> Outcome:
    """Say what a visit to a listed place found.

    It is used to tell how good lists are, and never to learn from. The visit itself is annotated as a patrol, so that
    it is not taken for loitering. Reported again, a visit is corrected. ``nothing`` and ``benign_cause`` stand alone.
    """
    return report_outcome(ports, key.tenant, list_id, rank, body, key.key_id)


@routes.declare(
    "GET",
    "/v1/hotspot-lists/{list_id}/outcomes",
    roles=LIST_READERS,
    raises=(NotFound, Gone),
    answered=OutcomePage([_OUTCOME]),
)
def list_outcomes(ports: Ports, key: Key, query: PageQuery, list_id: str) -> OutcomePage:
    """List what was found at the entries of an approved list, by entry and visit."""
    outcomes = read_outcomes(ports, key.tenant, list_id)
    return OutcomePage.of(*page_of(outcomes, _by_visit, query))


def _by_visit(outcome: Outcome) -> tuple[int, float]:
    return outcome.rank, outcome.visited.timestamp()
