"""Drafts on schedule: when they are due, and whose are still to be made."""

from __future__ import annotations

from datetime import datetime, timedelta
from datetime import time as time_of_day
from zoneinfo import ZoneInfo

from service.domain.hotspots import ListStatus
from service.ports import Ports
from service.settings import Settings
from service.usecases.lists.hotspots import make_list

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def list_due(settings: Settings, now: datetime) -> datetime | None:
    """The moment that drafts were due at today, or this week; None if it is still to come.

    Examples
    --------
    >>> from datetime import UTC
    >>> from service.settings import load_settings
    >>> weekly = load_settings(environment={}, overrides={"hotspots.schedule": "weekly"})
    >>> list_due(weekly, datetime(2026, 11, 25, 12, tzinfo=UTC)).isoformat()
    '2026-11-23T05:00:00+01:00'
    """
    lists = settings.hotspots
    local = now.astimezone(ZoneInfo(settings.general.timezone))
    day = local.date()
    if lists.schedule == "weekly":
        day += timedelta(days=_WEEKDAYS.index(lists.make_on_weekday) - day.weekday())
    due = datetime.combine(day, time_of_day(lists.make_at_hour), local.tzinfo)
    return due if due <= now else None


def make_drafts(ports: Ports, due: datetime) -> list[str]:
    """Make a draft for every tenant, or area, that has none since it was due; the ids of those made.

    A tenant whose list fails keeps no other waiting; called again, the same drafts are tried.

    Raises
    ------
    ExceptionGroup
        If some could not be made; the others are.
    """
    made: list[str] = []
    failures: list[Exception] = []
    for tenant, area in _scopes(ports):
        try:
            if not _has_list(ports, tenant, area, due):
                made.append(make_list(ports, tenant, area=area).list_id)
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup("lists that could not be made", failures)
    return made


def _scopes(ports: Ports) -> list[tuple[str, str | None]]:
    """Tenants, or tenants and areas, that lists are made for."""
    series = ports.register.series()
    if ports.settings.hotspots.by_area:
        return sorted({(one.tenant, one.area) for one in series})
    return [(tenant, None) for tenant in sorted({one.tenant for one in series})]


def _has_list(ports: Ports, tenant: str, area: str | None, since: datetime) -> bool:
    newest = ports.lists.newest(tenant, area, tuple(ListStatus))
    return newest is not None and newest.made >= since
