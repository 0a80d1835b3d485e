"""From the places register to the columns of the detector."""

from __future__ import annotations

from collections import Counter

import numpy as np

from models.calendar import Calendar
from models.kinds import kind_number
from models.version import ModelVersion
from service.domain.places import Liveness, Sensor, Series
from service.domain.versions import SHIPPED_MANIFEST
from service.ports import Ports
from service.settings import Settings, holiday_dates
from service.usecases.scoring import Roster

_ALWAYS = (-(2**62), 2**62)
_CALENDAR_YEARS = range(2000, 2051)


def calendar_of(ports: Ports, version: ModelVersion) -> Calendar:
    """The calendar frozen into a version; version 0, which belongs to no town, takes that of the settings."""
    if version.id == SHIPPED_MANIFEST.version_id:
        return settings_calendar(ports)
    return Calendar(version.timezone, version.holidays, ports.settings.window.minutes)


def settings_calendar(ports: Ports) -> Calendar:
    """The calendar that the settings describe."""
    return calendar_from_settings(ports.settings)


def calendar_from_settings(settings: Settings) -> Calendar:
    """The calendar of the town that the settings describe, for those who have no store."""
    general = settings.general
    dates = holiday_dates(general.holidays, general.extra_holidays, _CALENDAR_YEARS)
    return Calendar(general.timezone, dates, settings.window.minutes)


def full_roster(ports: Ports) -> Roster:
    """All series of the register, in the order of their numbers."""
    series = ports.register.series()
    budget = ports.settings.detector.episodes_per_100_stairwell_weeks / 100
    spaces = Counter((one.tenant, one.stairwell) for one in series)
    return Roster(
        numbers=np.array([one.number for one in series], dtype=np.int64),
        kinds=np.array([kind_number(one.kind) for one in series], dtype=np.int64),
        shares=np.array([budget / spaces[one.tenant, one.stairwell] for one in series]),
        assumed=_assumed_intervals(ports, series),
    )


def _assumed_intervals(ports: Ports, series: list[Series]) -> tuple[tuple[int, int, int], ...]:
    columns = {(one.tenant, one.stairwell, one.space): column for column, one in enumerate(series)}
    intervals = []
    for tenant in {one.tenant for one in series}:
        for stairwell in ports.register.stairwells(tenant):
            for space in stairwell.spaces:
                column = columns.get((tenant, stairwell.stairwell, space.space))
                for sensor in space.sensors:
                    if column is not None and sensor.liveness is Liveness.ASSUMED:
                        intervals.append((column, *_validity(sensor)))
    return tuple(sorted(intervals))


def _validity(sensor: Sensor) -> tuple[int, int]:
    begin, end = sensor.valid_from, sensor.valid_to
    return (
        int(begin.timestamp()) if begin else _ALWAYS[0],
        int(end.timestamp()) if end else _ALWAYS[1],
    )
