"""What was found at an entry: told by a form without a field for words, since words could name people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import msgspec
from flask import Response, request

from service.dashboard.one_list import find, show_list
from service.dashboard.routes import Routes, Visit, to
from service.domain.hotspots import HotspotList
from service.domain.keys import VISITORS
from service.domain.outcomes import Finding, OutcomeReport, contradict_each_other
from service.errors import InvalidInput
from service.ingest.wall_clock import instants
from service.usecases.lists.outcomes import report_outcome

routes = Routes()


@dataclass(frozen=True)
class Report:
    """A report as it was written, and what is wrong with it."""

    rank: int
    visited: str
    found: list[str]
    problem: str


@routes.declare("POST", "/lists/<list_id>/entries/<int:rank>/outcomes", VISITORS)
def tell_outcome(visit: Visit, list_id: str, rank: int) -> Response:
    """Say when a listed place was visited and what was found; told again for the same minute, it is corrected."""
    found = find(visit, list_id)
    made = msgspec.json.decode(found[1], type=HotspotList).made
    written, named = request.form.get("visited", ""), request.form.getlist("found")
    times = _times(visit, written)
    if problem := _problem(visit, times, made, named):
        return show_list(
            visit, found, HTTPStatus.BAD_REQUEST, report=Report(rank, written, named, problem), problem="report"
        )
    report = OutcomeReport(visited=times[0], found=[Finding(one) for one in named])
    report_outcome(visit.ports, visit.key.tenant, list_id, rank, report, visit.key.key_id)
    return to(f"/lists/{list_id}?told=reported#rank-{rank}")


def _times(visit: Visit, written: str) -> tuple[datetime, ...]:
    """What the time can mean, earliest first; nothing where it is no time."""
    try:
        return instants(written, visit.zone)
    except ValueError:
        return ()


def _problem(visit: Visit, times: tuple[datetime, ...], made: datetime, named: list[str]) -> str:
    """What is wrong with a report, by the name of the words that say so; raises InvalidInput for odd findings."""
    if odd := set(named) - set(Finding):
        raise InvalidInput(f"there is no finding {min(odd)!r}; open the list anew")
    if not times:
        return "when"
    if not made <= times[0] <= visit.ports.clock.now():
        return "out_of_time"
    if not named:
        return "nothing_named"
    return "contradiction" if contradict_each_other(list(map(Finding, named))) else ""
