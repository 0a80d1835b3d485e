"""The files beneath the stores, looked at without changing them."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from itertools import chain
from pathlib import Path

from filelock import FileLock, Timeout

from service.domain.backups import RESTORING
from service.domain.installation import SCHEDULER_LOCK, DatabaseFile, DataFolder, Disk
from service.stores.sqlite.connection import Migration, advice, damage_in, is_damage, open_existing, pragma

_OTHERS = 0o007
_BLOCK_BYTES = 512  # of st_blocks, by POSIX


class LocalInstallation:
    """The data folder on this machine.

    Parameters
    ----------
    folder
        The data folder.
    schemas
        The migrations of each database, by the name of its file.
    check_writing
        Asks a server, where there is one, whether it may be written to.
    """

    def __init__(
        self, folder: Path, schemas: Mapping[str, Sequence[Migration]], check_writing: Callable[[], None]
    ) -> None:
        self._folder = folder
        self._schemas = schemas
        self.check_writing = check_writing

    def look(self) -> Disk:
        """Look at every file once; one that goes away meanwhile is none, nor is one that is being restored."""
        folder = _seen(self._folder) if self._folder.is_dir() else None
        names = () if folder and folder.restoring else sorted(self._schemas)
        there = {name: self._folder / name for name in names if (self._folder / name).is_file()}
        return Disk(
            folder=folder,
            databases=[_examined(path, len(self._schemas[name])) for name, path in there.items()],
            version_folders=[path.name for path in self._folder.glob("versions/*") if path.name.isdecimal()],
            scheduler_runs=_is_locked(self._folder / SCHEDULER_LOCK),
        )


def _seen(folder: Path) -> DataFolder:
    below = (Path(parent, name) for parent, *names in os.walk(folder) for name in chain(*names))
    stats = {path: stat for path in (folder, *below) if (stat := _stat(path))}
    return DataFolder(
        path=str(folder.absolute()),
        read_only=bool(os.statvfs(folder).f_flag & os.ST_RDONLY),
        denied=sorted(str(path) for path in stats if path.exists() and not os.access(path, os.R_OK | os.W_OK)),
        open_to_others=bool(stats[folder].st_mode & _OTHERS),
        restoring=os.access(folder / RESTORING, os.F_OK),
        used_bytes=sum(stat.st_blocks * _BLOCK_BYTES for stat in stats.values()),
        free_bytes=shutil.disk_usage(folder).free,
    )


def _is_locked(file: Path) -> bool:
    """Try the lock, and leave it at once if it was free."""
    if not os.access(file, os.R_OK | os.W_OK):  # it is not there, or among what is denied
        return False
    try:
        with FileLock(file, timeout=0):
            return False
    except Timeout:
        return True


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _examined(path: Path, known_schema: int) -> DatabaseFile:
    schema, damage, unread = 0, None, None
    try:
        with closing(open_existing(path)) as connection:
            schema, damage = pragma(connection, "user_version"), damage_in(connection)
    except sqlite3.Error as error:
        if is_damage(error):
            damage = str(error)
        else:
            unread = f"{error}; {advice(error)}"
    return DatabaseFile(name=path.name, schema=schema, known_schema=known_schema, damage=damage, unread=unread)
