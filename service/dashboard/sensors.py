"""Sensors, the worst first: what is wrong, why it is taken to be, and what to do."""

from __future__ import annotations

from collections import Counter

from flask import Response, request

from service.dashboard.rendering import show
from service.dashboard.routes import Routes, Visit
from service.domain.keys import FINDING_READERS
from service.domain.sensors import SensorState
from service.errors import InvalidInput
from service.usecases.findings.queries import read_stairwell
from service.usecases.sensors.reading import SensorFilter, SensorView, find_sensors

routes = Routes()
_WORST_FIRST = (
    SensorState.SILENT,
    SensorState.DEAF,
    SensorState.STUCK,
    SensorState.AWAITED,
    SensorState.SATURATED,
    SensorState.DUPLICATED,
    SensorState.CLOCK_SKEWED,
    SensorState.LEVEL_SHIFTED,
    SensorState.LOW_BATTERY,
    SensorState.OK,
)
"""By how little is heard of the place: nothing, the wrong thing, soon nothing."""
_SEVERITY = {state: rank for rank, state in enumerate(_WORST_FIRST)}
_MOST = 100_000
_PAGE = 100


@routes.declare("GET", "/sensors", FINDING_READERS)
def sensors(visit: Visit) -> Response:
    """Show the sensors that are in a space now, a page at a time."""
    found, _ = find_sensors(visit.ports, visit.key.tenant, SensorFilter(limit=_MOST))
    start = _start(request.args.get("from", "0"))
    page = sorted(found, key=_worst_first)[start : start + _PAGE]
    faulty = [one for one in page if one.states != [SensorState.OK]]
    return show(
        visit,
        "sensors.html",
        faulty=faulty,
        sound=page[len(faulty) :],
        addresses=_addresses(visit, page),
        counts=Counter(state for one in found for state in one.states),
        states=_WORST_FIRST,
        following=start + _PAGE if start + _PAGE < len(found) else None,
        first=start == 0,
    )


def _addresses(visit: Visit, sensors: list[SensorView]) -> dict[str, str]:
    named = {one.stairwell for one in sensors}
    return {name: read_stairwell(visit.ports, visit.key.tenant, name).building.address for name in named}


def _worst_first(one: SensorView) -> tuple[int, float, str, str]:
    since = one.since.timestamp() if one.since else 0.0
    return min(_SEVERITY[state] for state in one.states), since, one.stairwell, one.space


def _start(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise InvalidInput(f"'from' is {text!r}, not the number of a sensor; go on from the page before")
    return int(text)
