"""Several databases as they are at one moment, read for as long as it takes while others go on writing."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from service.domain.backups import BackupFile
from service.errors import StoreError
from service.stores.sqlite.connection import BUSY_SECONDS, damage_in, errors_of, open_existing, pragma, primary_code

_PATIENCE_SECONDS = 0.2
"""For a second lock: who holds it may be waiting for the first, so that it is given up and both are tried again."""
_GIVE_UP_SECONDS = 120.0
_PAGES = 4096  # of a step of the copy, after which progress is told


@contextmanager
def read_at_one_moment(
    paths: Sequence[Path], at_that_moment: Callable[[], None]
) -> Iterator[Mapping[Path, sqlite3.Connection]]:
    """Connections that read the databases as they were at one moment, and what is done at that moment.

    For some milliseconds nobody else writes to any of the databases: what is read later is what a power cut would
    have left, which the stores are made for. From then on others write as they like; their write-ahead logs grow for
    as long as the connections are open.

    Parameters
    ----------
    paths
        Databases that exist; first the one that is waited for longest. No schema is migrated.
    at_that_moment
        Called once, while nobody writes.

    Raises
    ------
    StoreError
        If a database cannot be read, or is never free.
    """
    with ExitStack() as opened:
        readers = {path: opened.enter_context(closing(_connect(path))) for path in paths}
        with _nobody_writing(paths):
            for path, reader in readers.items():
                with errors_of(path):
                    reader.execute("BEGIN")
                    reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # only a read begins the snapshot
            at_that_moment()
        yield readers


def size_bytes(reader: sqlite3.Connection) -> int:
    """Length of the database that a connection reads."""
    return pragma(reader, "page_count") * pragma(reader, "page_size")


def copy_database(reader: sqlite3.Connection, target: Path, progress: Callable[[float], None]) -> BackupFile:
    """Copy what a connection reads into a new file by SQLite's online backup, and read the copy from end to end.

    ``progress`` is called with the share that is copied. Raises StoreError if what is read is damaged.
    """

    def tell(_status: int, left: int, total: int) -> None:
        progress(1 - left / max(total, 1))

    with errors_of(target), closing(sqlite3.connect(target)) as copy:
        reader.backup(copy, pages=_PAGES, progress=tell)
    if damage := _damage(target):
        raise StoreError(f"{target.name} is damaged: {damage}; keep the backups there are, and run `trappvakt doctor`")
    with target.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return BackupFile(size_bytes=target.stat().st_size, sha256=digest)


def _damage(file: Path) -> str | None:
    """What is wrong with a database that nobody else has opened."""
    try:
        with closing(open_existing(file, "ro&immutable=1")) as connection:
            return damage_in(connection)
    except sqlite3.Error as error:
        return str(error)


def _connect(path: Path) -> sqlite3.Connection:
    with errors_of(path):
        return open_existing(path, "rw")


@contextmanager
def _nobody_writing(paths: Sequence[Path]) -> Iterator[None]:
    """Hold the write locks of all databases; closing a connection gives its lock back."""
    with ExitStack() as held:
        writers = {path: held.enter_context(closing(_connect(path))) for path in paths}
        deadline = time.monotonic() + _GIVE_UP_SECONDS
        while (busy := _try_locks(writers)) and time.monotonic() < deadline:
            time.sleep(0.05)
        if busy:
            raise StoreError(f"{busy} was written to for {_GIVE_UP_SECONDS:.0f} s without a pause; try again later")
        yield


def _try_locks(writers: Mapping[Path, sqlite3.Connection]) -> Path | None:
    """Take all locks or none; the database that was busy, if one was."""
    patience = float(BUSY_SECONDS)
    for path, writer in writers.items():
        with errors_of(path):
            try:
                writer.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")
                writer.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if primary_code(error) != sqlite3.SQLITE_BUSY:
                    raise
                for locked in writers.values():
                    locked.rollback()
                return path
        patience = _PATIENCE_SECONDS
    return None
