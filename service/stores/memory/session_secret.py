"""The secret of sessions in memory."""

from __future__ import annotations

import secrets


class MemorySessionSecret:
    """Of one process, gone with it."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def read(self) -> bytes:
        """The secret."""
        return self._secret

    def is_made(self) -> bool:
        """Always."""
        return True
