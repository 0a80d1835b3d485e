"""Days that people keep as holidays: the country's, the town's own, and those of single areas beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated

import holidays
import msgspec
from msgspec import Meta

from service.errors import SettingsError

_Name = Annotated[str, Meta(min_length=1)]


class AreaCalendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an area of a tenant keeps beside the town's holidays: those of its region, and local dates of its own."""

    tenant: _Name
    area: _Name
    region: str = ""
    extra_holidays: tuple[date, ...] = ()


def check_areas(country: str, areas: Sequence[AreaCalendar]) -> None:
    """Check that each area is named once, and that its region has a calendar.

    Raises
    ------
    SettingsError
        If not. An area without a place is none: places may come later.
    """
    names = [(one.tenant, one.area) for one in areas]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        tenant, area = twice[0]
        raise SettingsError(f"general.areas names area {area!r} of {tenant!r} twice; put its dates together")
    for one in areas:
        own_dates(country, one, range(2026, 2027))


def own_dates(country: str, area: AreaCalendar, years: range) -> frozenset[date]:
    """Local dates that an area keeps beside the town's.

    Raises
    ------
    SettingsError
        If the region is unknown.
    """
    extra = frozenset(area.extra_holidays)
    if not area.region:
        return extra
    return extra | _regional_dates(country, area.region, years).difference(holiday_dates(country, (), years))


@cache
def holiday_dates(country: str, extra: tuple[date, ...], years: range) -> tuple[date, ...]:
    """Local dates of day type 7: public holidays, the eves people keep, and the town's own dates.

    The eves of Midsummer, Christmas and New Year are public holidays in no law, but Swedes keep them as such.

    Raises
    ------
    SettingsError
        If the country is unknown.
    """
    if country == "none":
        return tuple(sorted(extra))
    try:
        public = holidays.country_holidays(country, years=list(years))
    except NotImplementedError as error:
        raise SettingsError(
            f"general.holidays is {country!r}, a country without a known calendar; use an ISO code or 'none'"
        ) from error
    dates = set(public)
    if country == "SE":
        dates |= {date(year, 12, 24) for year in years} | {date(year, 12, 31) for year in years}
        dates |= {_midsummer_eve(year) for year in years}
    return tuple(sorted(dates | set(extra)))


@cache
def _regional_dates(country: str, region: str, years: range) -> frozenset[date]:
    known = () if country == "none" else holidays.country_holidays(country).subdivisions
    if region not in known:
        where = f"use one of {', '.join(known)}" if known else "leave it out and name dates in extra_holidays"
        raise SettingsError(f"general.areas: {country!r} has no region {region!r} with holidays of its own; {where}")
    return frozenset(holidays.country_holidays(country, subdiv=region, years=list(years)))


def _midsummer_eve(year: int) -> date:
    """The Friday between 19 and 25 June."""
    nineteenth = date(year, 6, 19)
    return nineteenth.replace(day=19 + (4 - nineteenth.weekday()) % 7)
