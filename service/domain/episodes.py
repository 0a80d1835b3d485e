"""Episodes: adjacent anomalous windows of one series, told as one thing.

An episode is nowhere stored: it is read off the verdicts in force, so that neither a kill nor a correction can leave
the two apart. What people decide about it is kept with the windows it then had, and holds for the episode that overlaps
them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class EpisodeAction(StrEnum):
    """What a person can do about an episode."""

    ACKNOWLEDGE = "acknowledge"
    MUTE = "mute"
    CLOSE = "close"


class EpisodeStatus(StrEnum):
    """An episode is open while it reaches the newest window scored, unless a person has closed it."""

    OPEN = "open"
    CLOSED = "closed"


class MuteReason(StrEnum):
    """Why nobody needs to be told of a series for a while; there is no free text, which could name people."""

    HANDLED = "handled"
    KNOWN_CAUSE = "known_cause"
    FALSE_ALARM = "false_alarm"
    SENSOR = "sensor"


class EpisodeDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided about an episode of a series that then reached over [start, end), seconds UTC.

    A mute holds for all episodes of the series that begin before ``until``.
    """

    tenant: str
    series: int
    start: int
    end: int
    action: EpisodeAction
    decided_by: str
    decided: datetime
    until: datetime | None = None
    reason: MuteReason | None = None

    def concerns(self, start: int, end: int) -> bool:
        """Whether it holds for an episode of its series over [start, end), seconds UTC."""
        last = self.end if self.until is None else int(self.until.timestamp())
        return start < last and end > self.start
