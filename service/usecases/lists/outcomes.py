"""Outcomes: what was found where a list sent somebody. They evaluate lists; no model ever reads them."""

from __future__ import annotations

from datetime import UTC

import msgspec

from service.domain.annotations import PatrolVisit
from service.domain.hotspots import HotspotEntry, HotspotList
from service.domain.outcomes import Finding, Outcome, OutcomeReport, contradict_each_other
from service.domain.retention import DataKind
from service.errors import InvalidInput, NotFound
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.learning.annotations import make_annotation
from service.usecases.lists.reading import shared_list
from service.usecases.retention.kept import kept_since


def report_outcome(  # noqa: PLR0917 - in the order of the sentence
    ports: Ports, tenant: str, list_id: str, rank: int, report: OutcomeReport, actor: str
) -> Outcome:
    """Record what a visit to an entry found; the visit itself is annotated, so that it does not feed the next list.

    An entry of a joint list is that of its tenant's own list. A visit reported again is corrected. Of a visit whose
    counts are deleted there is nothing to annotate.

    Raises
    ------
    NotFound
        If no list with this id was approved, or it has no such entry.
    Gone
        If the list has been deleted at the end of its retention.
    InvalidInput
        If the visit was before the list or is to come, or the findings contradict each other.
    """
    listed, entry = _entry(ports, tenant, list_id, rank)
    _check(ports, listed, report)
    owner, own_list, own_rank = _own(tenant, list_id, entry)
    if report.visited.timestamp() >= (kept_since(ports, DataKind.COUNTS) or 0):
        visit = PatrolVisit(stairwell=entry.stairwell, arrived=report.visited)
        make_annotation(ports, owner, visit.annotation(), actor)
    outcome = Outcome(
        tenant=owner,
        list_id=own_list,
        rank=own_rank,
        stairwell=entry.stairwell,
        visited=report.visited.astimezone(UTC),
        found=sorted(set(report.found), key=list(Finding).index),
        reported_by=actor,
        reported=ports.clock.now(),
    )
    ports.outcomes.put(outcome)
    detail = f"visited {outcome.visited.isoformat()}: {', '.join(outcome.found)}"
    record(ports, actor, owner, "outcome.report", f"{own_list} entry {own_rank}", detail)
    return outcome


def read_outcomes(ports: Ports, tenant: str, list_id: str) -> list[Outcome]:
    """What was found at the entries of an approved list, by (rank, visited); errors as of :func:`report_outcome`."""
    listed = _approved(ports, tenant, list_id)
    ranks = {_own(tenant, list_id, entry): entry.rank for entry in listed.entries}
    found = [
        msgspec.structs.replace(outcome, list_id=list_id, rank=ranks[owner, own_list, outcome.rank])
        for owner, own_list in {key[:2] for key in ranks}
        for outcome in ports.outcomes.find(owner, own_list)
        if (owner, own_list, outcome.rank) in ranks
    ]
    return sorted(found, key=lambda outcome: (outcome.rank, outcome.visited))


def _own(tenant: str, list_id: str, entry: HotspotEntry) -> tuple[str, str, int]:
    """Tenant, list and rank of an entry on its tenant's own list."""
    if entry.source is None:
        return tenant, list_id, entry.rank
    return entry.tenant, entry.source.list_id, entry.source.rank


def _entry(ports: Ports, tenant: str, list_id: str, rank: int) -> tuple[HotspotList, HotspotEntry]:
    listed = _approved(ports, tenant, list_id)
    for entry in listed.entries:
        if entry.rank == rank:
            return listed, entry
    raise NotFound(f"hot-spot list {list_id!r} has no entry {rank}")


def _approved(ports: Ports, tenant: str, list_id: str) -> HotspotList:
    return msgspec.json.decode(shared_list(ports, tenant, list_id, approved=True)[1], type=HotspotList)


def _check(ports: Ports, listed: HotspotList, report: OutcomeReport) -> None:
    if contradict_each_other(report.found):
        raise InvalidInput(f"{' and '.join(report.found)} contradict each other; name what was found, or nothing")
    if not listed.made <= report.visited <= ports.clock.now():
        raise InvalidInput(
            f"visited is {report.visited.isoformat()}, but a visit to a list's place is after the list was made, "
            f"{listed.made.isoformat()}, and not to come"
        )
