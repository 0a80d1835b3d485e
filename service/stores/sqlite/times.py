"""Instants as the files keep them: ISO 8601 in UTC, readable with any SQLite tool."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def to_text(time: datetime) -> str: ...
@overload
def to_text(time: None) -> None: ...
def to_text(time: datetime | None) -> str | None:
    """An aware time as text; None stays None."""
    return None if time is None else time.astimezone(UTC).isoformat()


@overload
def from_text(text: str) -> datetime: ...
@overload
def from_text(text: None) -> None: ...
def from_text(text: str | None) -> datetime | None:
    """The aware time, UTC, that was stored; None stays None."""
    return None if text is None else datetime.fromisoformat(text)
