"""What series are taken for: kinds and surroundings, liveness, where they begin anew, and the days that people keep.

State and verdicts rest on it as they rest on counts. When the register or the settings say otherwise than before, the
series that it touches are replayed since the first window that it touches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time

import msgspec

from models.prior import FleetPrior
from service.domain.state import AreaDays, Ledger, TakenFor
from service.domain.versions import SHIPPED_MANIFEST
from service.ports import Ports
from service.settings import Settings
from service.usecases.learning.rosters import days_of_areas, full_roster
from service.usecases.learning.scoring import Roster

_EVER = -(2**62)


def relearnt(ports: Ports, ledger: Ledger, version_id: str) -> tuple[Ledger, dict[int, int]]:
    """The ledger with what series are taken for now, and since when each is taken for something else, seconds UTC.

    The ledger given is returned if nothing has changed. A series that is new to it has nothing to replay. The settings
    name the town's days for version 0 only: every other version has a calendar of its own. What areas keep beside it
    the settings say for every version.
    """
    places, areas = ports.register.revision(), _areas_named(ports.settings)
    calendar = _calendar_named(ports.settings) if version_id == SHIPPED_MANIFEST.version_id else []
    if (places, calendar, areas) == (ledger.places, ledger.calendar, ledger.areas):
        return ledger, {}
    learnt = _learnt_of(full_roster(ports), areas, ports.registry.load(version_id).prior)
    renamed = renamed_since(ledger.calendar, calendar)
    changed = {}
    for number in learnt.keys() & ledger.learnt.keys():
        before, now = ledger.learnt[number], learnt[number]
        otherwise = _days_differing_since(_own_days(ledger.areas, before), _own_days(areas, now))
        instants = (renamed, differing_since(before, now), otherwise)
        if said := [one for one in instants if one is not None]:
            changed[number] = min(said)
    return msgspec.structs.replace(ledger, learnt=learnt, places=places, calendar=calendar, areas=areas), changed


def _calendar_named(settings: Settings) -> list[str]:
    """What the settings say of the days: time zone, country of the holidays, and local dates beside them."""
    general = settings.general
    return [general.timezone, general.holidays, *sorted(map(str, general.extra_holidays))]


def _areas_named(settings: Settings) -> list[AreaDays]:
    """What the settings say of the areas that keep days of their own."""
    days = days_of_areas(settings)
    return [AreaDays(tenant=tenant, area=area, days=sorted(days[tenant, area])) for tenant, area in sorted(days)]


def renamed_since(before: list[str], now: list[str]) -> int | None:
    """The first instant that may have another slot, seconds UTC; None if there is none, or nobody named the days.

    Examples
    --------
    >>> school_break = ["Europe/Stockholm", "SE", "2026-05-15"]
    >>> renamed_since(["Europe/Stockholm", "SE"], school_break) == 1_778_803_200 - 86_400
    True
    """
    if not before or not now or before == now:
        return None
    if before[:2] != now[:2]:
        return _EVER
    return _days_differing_since(*({date.fromisoformat(day) for day in days[2:]} for days in (before, now)))


def _days_differing_since(before: Collection[date], now: Collection[date]) -> int | None:
    """The first instant of a day that is kept by one and not by the other, seconds UTC; None if there is none."""
    differing = set(before) ^ set(now)
    if not differing:
        return None
    midnight = datetime.combine(min(differing), time(), UTC)
    return int(midnight.timestamp()) - 86_400  # somewhere the day begins hours earlier


def _learnt_of(roster: Roster, areas: Sequence[AreaDays], prior: FleetPrior) -> dict[int, TakenFor]:
    """What each series of a roster is taken for under a prior, by number; areas of the same days are taken for one."""
    assumed: dict[int, list[tuple[int, int]]] = {}
    restarts: dict[int, list[int]] = {}
    for column, begin, end in roster.assumed:
        assumed.setdefault(column, []).append((begin, end))
    for column, start in roster.restarts:
        restarts.setdefault(column, []).append(start)
    place = {frozenset(one.days): k for k, one in enumerate(areas)}
    area = {column: place[days] for column, days in roster.own_days}
    area_rows, size_rows = prior.rows(len(roster), roster.surroundings)
    return {
        int(number): TakenFor(
            kind=int(roster.kinds[k]),
            area_row=int(area_rows[k]),
            size_row=int(size_rows[k]),
            assumed=sorted(assumed.get(k, [])),
            restarts=sorted(restarts.get(k, [])),
            area=area.get(k),
        )
        for k, number in enumerate(roster.numbers)
    }


def _own_days(areas: Sequence[AreaDays], learnt: TakenFor) -> list[date]:
    return [] if learnt.area is None else areas[learnt.area].days


def differing_since(before: TakenFor, now: TakenFor) -> int | None:
    """The first instant at which it matters what a series is taken for, seconds UTC; None if it does not.

    Examples
    --------
    >>> differing_since(TakenFor(kind=1, assumed=[(0, 900)]), TakenFor(kind=1, assumed=[(0, 300), (300, 500)]))
    500
    >>> differing_since(TakenFor(kind=1), TakenFor(kind=1, restarts=[700]))
    700
    """
    if (before.kind, before.area_row, before.size_row) != (now.kind, now.area_row, now.size_row):
        return _EVER
    restarts = set(before.restarts) ^ set(now.restarts)
    return min([*restarts, *_held_otherwise(before.assumed, now.assumed)], default=None)


def _held_otherwise(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> Iterable[int]:
    """Instants from which on one set of intervals holds and the other does not."""
    for instant in sorted({bound for interval in (*one, *other) for bound in interval}):
        if _holds(one, instant) != _holds(other, instant):
            yield instant


def _holds(intervals: Sequence[tuple[int, int]], instant: int) -> bool:
    return any(begin <= instant < end for begin, end in intervals)
