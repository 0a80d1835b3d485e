"""The port of time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, so that tests and replays can say what time it is."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
