"""One SQLite file: how it is opened, migrated and written to."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from service.domain.backups import RESTORING
from service.errors import StorageFull, StoreError

Migration = tuple[str, ...]
"""The statements that lead from one schema version to the next."""

BUSY_SECONDS = 30
_LOG_PATIENCE_MILLISECONDS = 200
_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_abandoned: list[sqlite3.Connection] = []


class Database:
    """A SQLite file in WAL mode with one connection a thread.

    Every commit is synced (``synchronous=FULL``): what was acknowledged survives a killed process and a power cut. What
    is not worth it survives a killed process only (``synchronous=NORMAL``). What is deleted is overwritten with zeros
    (``secure_delete``): in the log at first, and in the file once the log is written there.
    SQLite's locks do not survive ``fork()``, so a thread that forks closes its connection first, and a process opens
    its own on first use.

    Parameters
    ----------
    path
        The file; it and its folder are created when missing.
    migrations
        Migration ``i`` leads from schema version ``i`` to ``i + 1``; the version is kept in ``PRAGMA user_version``.
    durable
        Whether commits are synced.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration], *, durable: bool = True) -> None:
        self.path = path
        self._migrations = migrations
        self._durable = durable
        self._local = threading.local()
        _databases.add(self)

    def __reduce__(self) -> tuple[Callable[..., Database], tuple[Path, Sequence[Migration]]]:
        """Sent to another process, it is the same file; connections stay where they are."""
        return partial(Database, durable=self._durable), (self.path, self._migrations)

    def rows(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with errors_of(self.path):
            return self._connection().execute(sql, parameters).fetchall()

    def iterate(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, for those that would not fit in memory as tuples."""
        with errors_of(self.path):
            yield from self._connection().execute(sql, parameters)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run one statement, in the transaction that is open or in one of its own."""
        with self.transaction() as connection:
            return connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Sequence[object]]) -> None:
        """Run one statement for many rows, in the transaction that is open or in one of its own."""
        with self.transaction() as connection:
            connection.executemany(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all that is written inside, or none of it; inside another transaction of this thread, join it."""
        with errors_of(self.path):
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def empty_log(self) -> bool:
        """Write the log to the file and cut it to nothing; False if others read or write just now.

        While this is tried, nobody else can write, so it is not tried for long.
        """
        with errors_of(self.path):
            connection = self._connection()
            connection.execute(f"PRAGMA busy_timeout = {_LOG_PATIENCE_MILLISECONDS}")
            try:
                busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return not busy

    def close(self) -> None:
        """Close this thread's connection, unless it is in a transaction; the next use opens another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._local.pid == os.getpid() and not connection.in_transaction:
            connection.close()
            self._local.connection = None

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and self._local.pid != os.getpid():
            _abandoned.append(connection)  # the parent's: closing it here could drop its locks
            connection = None
        if connection is None:
            connection = self._local.connection = self._open()
            self._local.pid = os.getpid()
        return connection

    def _open(self) -> sqlite3.Connection:
        check_restored(self.path.parent)
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path.parent.absolute()} cannot be created: {error.strerror}; check general.data_dir"
            ) from error
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        try:
            _enter_wal(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if self._durable else 'NORMAL'}")
            connection.execute(f"PRAGMA secure_delete = {'ON' if self._durable else 'FAST'}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.create_function("sha256", 1, _sha256, deterministic=True)
            self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        known = len(self._migrations)
        if _known_schema(connection, self.path, known) == known:
            return
        connection.execute("BEGIN IMMEDIATE")
        for migration in self._migrations[_known_schema(connection, self.path, known) :]:
            for statement in migration:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {known}")
        connection.execute("COMMIT")


class SqliteStore:
    """What stores in a SQLite file have in common.

    Parameters
    ----------
    database
        The file.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit together what is written inside; other stores in the same file take part, and nobody else writes."""
        with self._database.transaction():
            yield


def check_restored(folder: Path) -> None:
    """Refuse a data folder into which a backup is being restored, as some of its files may be missing.

    Raises
    ------
    StoreError
        If it is one, or if that was cut short.
    """
    if os.access(folder / RESTORING, os.F_OK):  # what cannot be looked at is told by those who need it
        raise StoreError(
            f"{folder.absolute()} is not whole: a backup is being restored into it, or that was cut short; "
            "wait for `trappvakt restore` to end, or repeat it"
        )


def check_schema(path: Path, migrations: Sequence[Migration]) -> None:
    """Look, without writing to it, whether a newer program wrote a file; what else is wrong is told where it is used.

    Raises
    ------
    StoreError
        If one did, or the folder is not restored to its end.
    """
    check_restored(path.parent)
    with suppress(sqlite3.Error), closing(open_existing(path)) as connection:
        _known_schema(connection, path, len(migrations))


def open_existing(path: Path, mode: str = "ro") -> sqlite3.Connection:
    """A connection that makes no file, by SQLite's words for the mode; by default it cannot write either."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None)


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """A number that SQLite tells of a file."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def damage_in(connection: sqlite3.Connection) -> str | None:
    """What is wrong with a file, which is read from end to end."""
    found = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    return None if found == ["ok"] else "; ".join(found)


def _known_schema(connection: sqlite3.Connection, path: Path, known: int) -> int:
    schema = pragma(connection, "user_version")
    if schema > known:
        raise StoreError(
            f"{path} has schema {schema}, but this Trappvakt knows {known}; "
            "start the newer Trappvakt that wrote it, or restore a backup"
        )
    return schema


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Tell of SQLite's errors on a file as a StoreError that names it and what to check."""
    try:
        yield
    except sqlite3.Error as error:
        raise (StorageFull if _is_full(error) else StoreError)(f"{path}: {error}; {advice(error)}") from error


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; two processes may try at once, and SQLite does not wait for this one lock itself."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is at fault, and not its rights, its disk or others who use it."""
    return primary_code(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _is_full(error: sqlite3.Error) -> bool:
    """Whether the disk has no room, be it for rows or for the index of the write-ahead log, which is a file too."""
    return getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def advice(error: sqlite3.Error) -> str:
    """What to do about an error."""
    if is_damage(error):
        return "the file is damaged, restore it from a backup"
    if _is_full(error):
        return "free some space on the disk"
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY_ROLLBACK:
        return "a process was killed amid a change of it; start the service, which takes that back"
    match primary_code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another process has held its lock for {BUSY_SECONDS} s, wait for it to finish"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
            return "check that the user of the service may write to the folder"
        case _:
            return "check the disk and the file"


def _close_before_fork() -> None:
    for database in list(_databases):
        database.close()


os.register_at_fork(before=_close_before_fork)
