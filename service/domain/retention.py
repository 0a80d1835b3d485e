"""What is deleted once it is old, and what is known of the latest deletion of each kind."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class DataKind(StrEnum):
    """What has a time of its own to be kept for."""

    COUNTS = "counts"
    READINGS = "readings"
    VERDICTS = "verdicts"
    SUPERSEDED = "superseded"
    AUDIT = "audit"
    LETTERS = "letters"


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """The latest deletion of a kind: everything before ``before`` (seconds UTC), as ``setting`` was ``days``.

    It is recorded before the first row is deleted. ``rows`` are those there were to delete, by tenant. Once they are
    gone, ``ended`` is when, and ``oldest_left`` the oldest instant the store then still held (seconds UTC), as read
    from it; ``told`` is whether the audit knows.
    """

    kind: DataKind
    before: int
    setting: str
    days: int
    begun: datetime
    rows: dict[str, int]
    ended: datetime | None = None
    oldest_left: int | None = None
    told: bool = False
