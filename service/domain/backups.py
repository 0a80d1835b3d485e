"""What a backup says of itself: every file it holds, with its digest, and nothing that leads anywhere else."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

BACKUP_MANIFEST = "backup.json"
"""The file that is written last: without it there is no backup."""

RESTORING = ".restoring"
"""The folder within a data folder that is there for as long as a backup is being restored, or since that was killed."""

FORMAT = 1
_STATE_OR_VERSION = re.compile(r"state/[0-9a-f]{32}\.npz|versions/[0-9]+(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+", re.ASCII)


class BackupFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: its length and its SHA-256."""

    size_bytes: Annotated[int, Meta(ge=0)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class BackupManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a backup, ``backup.json``.

    ``made`` is when it was begun, ``made_by`` the Trappvakt that wrote it, ``store`` where counts and
    verdicts lived, ``schemas`` the version of each database's schema, and ``files`` all files by their path.
    """

    format: int
    made: datetime
    made_by: str
    store: str
    schemas: dict[str, int]
    files: dict[str, BackupFile]

    @property
    def size_bytes(self) -> int:
        """Room that all files take."""
        return sum(one.size_bytes for one in self.files.values())


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was made or restored: its manifest, and the SHA-256 of ``backup.json`` itself."""

    manifest: BackupManifest
    digest: str


def belongs_in_a_backup(path: str) -> bool:
    """Whether a path may name a chunk of state or a file of a model version; databases are known by their names.

    Examples
    --------
    >>> belongs_in_a_backup("versions/3/tables/prior.npy")
    True
    >>> belongs_in_a_backup("versions/3/../../../etc/passwd"), belongs_in_a_backup("/etc/passwd")
    (False, False)
    """
    return _STATE_OR_VERSION.fullmatch(path) is not None
