"""The port of those who make and restore backups; apart from the others, because no request and no tick asks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from service.domain.backups import Backup

CopyProgress = Callable[[int, int], None]
"""Called with bytes done and bytes to do."""


class Backups(Protocol):
    """Backups of the data folder, made while the service runs."""

    def make(self, target: Path, time: datetime, progress: CopyProgress) -> Backup:
        """Write the data folder as it is at one moment to ``target``, a folder, or one file if its name ends in .tar.

        Whatever happens, ``target`` is there whole or not at all. Raises Conflict if it is there already or another
        backup is being made, StoreError if a database is damaged or busy, or the folder not restored to its end,
        StorageFull if the disk is full.
        """

    def restore(self, source: Path, into: Path, digest: str | None, progress: CopyProgress) -> Backup:
        """Put what a backup holds into ``into``, which is made or empty, once every digest has been found right.

        ``digest`` is the SHA-256 that making it told, if it is known. Raises BackupRefused for anything that is no
        backup, incomplete, foreign, altered or newer than this program, Conflict if ``into`` holds anything but what a
        restore that was cut short has left, or another process restores into it.
        """
