"""The port of those who look beneath the stores; apart from the others, because no request and no tick asks it."""

from __future__ import annotations

from typing import Protocol

from service.domain.installation import Disk


class Installation(Protocol):
    """Looks at what lies beneath the stores, and changes none of it."""

    def look(self) -> Disk:
        """Look at every file once; databases are opened for reading only, so that no migration is run."""

    def check_writing(self) -> None:
        """Raise StoreError unless counts and verdicts may be written where they live; nothing is written."""
