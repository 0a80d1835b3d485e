"""What is held of each kind of data since when, beside what the settings say, and what was last deleted of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from models.calendar import SECONDS_PER_DAY
from service.domain.retention import DataKind
from service.ports import Ports
from service.usecases.retention.due import due
from service.usecases.retention.kept import SETTINGS, days_of, limit_of

_PATIENCE = timedelta(days=2)
"""The scheduler deletes once a day; what a correction has superseded since may be old from the first."""


class Retained(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of data; ``days`` is 0 where it is kept for good.

    ``overdue`` is whether something is held longer than that, and ``waits`` what it waits for, if it has to.
    ``store_days`` is after how many days the store itself deletes it, None if it never does. ``deleted`` is when the
    latest deletion ended, ``before`` up to where it went, and ``rows`` how many there were, of all tenants.
    """

    kind: DataKind
    setting: str
    days: int
    oldest: datetime | None
    overdue: bool
    waits: str | None
    store_days: int | None
    deleted: datetime | None = None
    before: datetime | None = None
    rows: int | None = None

    @property
    def store_disagrees(self) -> bool:
        """Whether the store deletes what the settings keep."""
        return self.store_days is not None and (not self.days or self.store_days < self.days)


def read_retention(ports: Ports) -> list[Retained]:
    """Every kind of data that has a time of its own to be kept for."""
    return [_read(ports, kind) for kind in SETTINGS]


def _read(ports: Ports, kind: DataKind) -> Retained:
    data, latest, now = ports.aging[kind], ports.state.deletion(kind), ports.clock.now()
    oldest, limit, store = data.oldest(), limit_of(ports.settings, kind, now), data.limit_seconds()
    old = oldest is not None and limit is not None and oldest < limit - SECONDS_PER_DAY
    lately = latest is not None and latest.ended is not None and latest.ended > now - _PATIENCE
    return Retained(
        kind=kind,
        setting=f"retention.{SETTINGS[kind]}",
        days=days_of(ports.settings, kind),
        oldest=_time(oldest),
        overdue=old and not lately,
        waits=due(ports, kind).waits,
        store_days=None if store is None else store // SECONDS_PER_DAY,
        deleted=latest.ended if latest else None,
        before=_time(latest.before) if latest else None,
        rows=sum(latest.rows.values()) if latest else None,
    )


def _time(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
