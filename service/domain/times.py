"""Times as the stores keep them, whole seconds since 1970-01-01 UTC, and the way to them and to words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def second_of(time: datetime | None) -> int | None:
    """Whole second at or after a time: windows start on whole seconds, so this moves none across the bound."""
    return None if time is None else -((datetime(1970, 1, 1, tzinfo=UTC) - time) // timedelta(seconds=1))


def utc_text(second: int) -> str:
    """An instant in words, to the minute.

    Examples
    --------
    >>> utc_text(1_794_963_600)
    '2026-11-18 01:00Z'
    """
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M}Z"
