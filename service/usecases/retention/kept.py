"""Since when counts and verdicts are kept: what is older is deleted, and neither learnt, judged nor corrected."""

from __future__ import annotations

from datetime import datetime, timedelta

from models.calendar import SECONDS_PER_DAY
from service.domain.retention import DataKind
from service.ports import Ports
from service.settings import Settings
from service.settings.retention import READINGS_MARGIN_DAYS

READINGS_MARGIN_SECONDS = READINGS_MARGIN_DAYS * SECONDS_PER_DAY

SETTINGS = {
    DataKind.COUNTS: "counts_days",
    DataKind.READINGS: "counts_days",
    DataKind.VERDICTS: "verdicts_days",
    DataKind.SUPERSEDED: "superseded_days",
    DataKind.LETTERS: "letters_days",
    DataKind.AUDIT: "audit_days",
}
"""The key of ``[retention]`` that each kind follows, in the order in which they are deleted."""


def days_of(settings: Settings, kind: DataKind) -> int:
    """Days that a kind is held at most; 0 is for good."""
    days: int = getattr(settings.retention, SETTINGS[kind])
    return days


def limit_of(settings: Settings, kind: DataKind, now: datetime) -> int | None:
    """The midnight, UTC, before which nothing may be held at the end of today; None if it is kept for good.

    Examples
    --------
    >>> from datetime import UTC
    >>> from service.settings import load_settings
    >>> settings = load_settings(environment={}, overrides={"retention.audit_days": 200})
    >>> limit = limit_of(settings, DataKind.AUDIT, datetime(2026, 11, 29, 16, tzinfo=UTC))
    >>> str(datetime.fromtimestamp(limit, UTC))
    '2026-05-14 00:00:00+00:00'
    """
    days = days_of(settings, kind)
    return -(-int((now - timedelta(days=days)).timestamp()) // SECONDS_PER_DAY) * SECONDS_PER_DAY if days else None


def kept_since(ports: Ports, kind: DataKind) -> int | None:
    """Everything of a kind before this instant, seconds UTC, is deleted; None if nothing is."""
    latest = ports.state.deletion(kind)
    return latest.before if latest else None


def counts_taken_since(ports: Ports) -> int | None:
    """The oldest instant that a count may still be of, seconds UTC; None if any will do.

    What is older has been deleted, or would be at once.
    """
    limit = limit_of(ports.settings, DataKind.COUNTS, ports.clock.now())
    return max((one for one in (limit, kept_since(ports, DataKind.COUNTS)) if one is not None), default=None)


def verdicts_since(ports: Ports) -> int | None:
    """No verdict is of a window before this one, seconds UTC; None if all are kept."""
    known = (kept_since(ports, kind) for kind in (DataKind.COUNTS, DataKind.VERDICTS))
    return max((one for one in known if one is not None), default=None)
