"""From the places register to the columns of the detector."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from typing import NamedTuple

import numpy as np

from models.calendar import Calendar
from models.kinds import kind_number
from models.surroundings import Surroundings
from models.version import ModelVersion
from service.domain.places import UNKNOWN, Liveness, Sensor, Series, Stairwell
from service.domain.versions import SHIPPED_MANIFEST
from service.ports import Ports
from service.ports.places import PlacesRegister
from service.settings import Settings
from service.settings.calendars import holiday_dates, own_dates
from service.usecases.learning.scoring import Roster
from service.usecases.register_views import RegisterView


class _Placed(NamedTuple):
    """A sensor in a space over [begin, end), seconds UTC."""

    begin: int
    end: int
    column: int
    name: tuple[str, str]
    sensor: Sensor


_ALWAYS = (-(2**62), 2**62)
_CALENDAR_YEARS = range(2000, 2051)


def calendar_of(ports: Ports, version: ModelVersion) -> Calendar:
    """The calendar frozen into a version; version 0, which belongs to no town, takes that of the settings."""
    if version.id == SHIPPED_MANIFEST.version_id:
        return settings_calendar(ports.settings)
    return Calendar(version.timezone, version.holidays, ports.settings.window.minutes)


def settings_calendar(settings: Settings) -> Calendar:
    """The calendar of the town that the settings describe."""
    general = settings.general
    dates = holiday_dates(general.holidays, general.extra_holidays, _CALENDAR_YEARS)
    return Calendar(general.timezone, dates, settings.window.minutes)


def days_of_areas(settings: Settings) -> dict[tuple[str, str], frozenset[date]]:
    """Local dates that areas keep as holidays beside the town's, by tenant and area, whatever the version."""
    general = settings.general
    return {(one.tenant, one.area): own_dates(general.holidays, one, _CALENDAR_YEARS) for one in general.areas}


def full_roster(ports: Ports) -> Roster:
    """All series of the register, in the order of their numbers; every window that is scored asks for them."""
    return _rosters.of(ports.register, ports.settings)


def _read_roster(register: PlacesRegister, settings: Settings) -> Roster:
    series = register.series()
    budget = settings.detector.episodes_per_100_stairwell_weeks / 100
    spaces = Counter((one.tenant, one.stairwell) for one in series)
    stairwells = [one for tenant in {one.tenant for one in series} for one in register.stairwells(tenant)]
    placed, days = _placed_sensors(series, stairwells), days_of_areas(settings)
    return Roster(
        numbers=np.array([one.number for one in series], dtype=np.int64),
        kinds=np.array([kind_number(one.kind) for one in series], dtype=np.int64),
        shares=np.array([budget / spaces[one.tenant, one.stairwell] for one in series]),
        assumed=_assumed_intervals(placed),
        restarts=_restarts(placed, settings.window_seconds),
        own_days=tuple(
            (column, days[one.tenant, one.area]) for column, one in enumerate(series) if (one.tenant, one.area) in days
        ),
        surroundings=_surroundings(series, stairwells),
    )


_rosters = RegisterView(_read_roster)


def _surroundings(series: list[Series], stairwells: list[Stairwell]) -> Surroundings:
    """Area and building of each series; an area's name is its tenant's, and no name holds a tab."""
    dwellings = {(one.building.tenant, one.stairwell): one.building.dwellings or 0 for one in stairwells}
    return Surroundings(
        ["" if one.area == UNKNOWN else f"{one.tenant}\t{one.area}" for one in series],
        [dwellings.get((one.tenant, one.stairwell), 0) for one in series],
    )


def _placed_sensors(series: list[Series], stairwells: list[Stairwell]) -> list[_Placed]:
    """All sensors of the series given, by when they were put there."""
    columns = {(one.tenant, one.stairwell, one.space): column for column, one in enumerate(series)}
    placed = []
    for stairwell in stairwells:
        tenant = stairwell.building.tenant
        for space in stairwell.spaces:
            column = columns.get((tenant, stairwell.stairwell, space.space))
            if column is not None:
                placed += [_Placed(*_validity(one), column, (tenant, one.sensor), one) for one in space.sensors]
    return sorted(placed, key=lambda one: one[:4])


def _assumed_intervals(placed: list[_Placed]) -> tuple[tuple[int, int, int], ...]:
    assumed = [one for one in placed if one.sensor.liveness is Liveness.ASSUMED]
    return tuple(sorted((one.column, one.begin, one.end) for one in assumed))


def _restarts(placed: list[_Placed], window_seconds: int) -> tuple[tuple[int, int], ...]:
    """When series begin anew: a sensor comes to a space that the one before it was moved away from.

    A space that still has a sensor goes on, and so does one whose sensor was replaced: the old device went nowhere
    else, and another level is learnt as a shift.
    """
    homes: defaultdict[tuple[str, str], list[_Placed]] = defaultdict(list)
    for one in placed:
        homes[one.name].append(one)
    restarts, latest = set(), dict[int, _Placed]()
    for one in placed:
        before = latest.get(one.column)
        if before and before.end <= one.begin and any(_is_moved(before, home) for home in homes[before.name]):
            restarts.add((one.column, -(-one.begin // window_seconds) * window_seconds))
        if before is None or one.end >= before.end:
            latest[one.column] = one
    return tuple(sorted(restarts))


def _is_moved(sensor: _Placed, home: _Placed) -> bool:
    """Whether ``home`` is another space that the same sensor came to afterwards."""
    return home.column != sensor.column and home.begin >= sensor.end


def _validity(sensor: Sensor) -> tuple[int, int]:
    begin, end = sensor.valid_from, sensor.valid_to
    return (
        int(begin.timestamp()) if begin else _ALWAYS[0],
        int(end.timestamp()) if end else _ALWAYS[1],
    )
