"""Backups of the data folder: made at one moment while the service runs, restored once every digest is right."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from service.disk_files import disk_errors, sync_folder, write_synced
from service.domain.backups import (
    BACKUP_MANIFEST,
    FORMAT,
    RESTORING,
    Backup,
    BackupFile,
    BackupManifest,
    belongs_in_a_backup,
)
from service.errors import BackupRefused, Conflict, InvalidInput, StorageFull
from service.ports.backups import CopyProgress
from service.stores.backup_files import BackupFiles, open_backup, pack, write_copy
from service.stores.sqlite.connection import Migration, check_restored, pragma
from service.stores.sqlite.snapshot import copy_database, read_at_one_moment, size_bytes

LEFT_OUT = frozenset({"requests.db"})
"""Databases that are worth a minute."""

_FIRST = "state.db"
"""Its commits take longest, so its lock is the one to wait for."""
_LOCK = "backup.lock"
_PINNED = ".backup"
_FOLDERS = ("state", "versions")


class LocalBackups:
    """Backups of a data folder on this machine.

    What goes into one is named: databases, chunks of state and files of model versions. So whatever else lies in the
    folder, a settings file or a secret, is never in a backup.

    Parameters
    ----------
    folder
        The data folder.
    schemas
        The migrations of each database, by the name of its file.
    store
        Where counts and verdicts live, ``store.kind``.
    """

    def __init__(self, folder: Path, schemas: Mapping[str, Sequence[Migration]], store: str) -> None:
        self._folder = folder
        self._schemas = {name: one for name, one in schemas.items() if name not in LEFT_OUT}
        self._store = store

    def make(self, target: Path, time: datetime, progress: CopyProgress) -> Backup:
        """Pin what is immutable and snapshot what is not at one moment, then copy both at leisure."""
        self._check_target(target)
        check_restored(self._folder)
        databases = [self._folder / name for name in sorted(self._schemas, key=lambda name: (name != _FIRST, name))]
        databases = [path for path in databases if path.is_file()]
        if not databases:
            raise InvalidInput(f"{self._folder.absolute()} holds no database; name the data folder with --data")
        aside, pins = target.with_name(f".{target.name}.part"), self._folder / _PINNED
        with _only_one(self._folder), disk_errors(f"backup {target}"):
            _remove(aside, pins)  # what a killed one has left
            aside.mkdir(mode=0o700)
            try:
                with read_at_one_moment(databases, self._pin) as readers:
                    manifest = self._copy(readers, aside, time, progress)
                described = msgspec.json.format(msgspec.json.encode(manifest))
                write_synced(aside / BACKUP_MANIFEST, described)
                if target.suffix == ".tar":
                    pack(aside, [*manifest.files, BACKUP_MANIFEST], target)
                else:
                    _sync_below(aside)
                    aside.rename(target)
                sync_folder(target.parent)
            finally:
                _remove(aside, pins)
        return Backup(manifest=manifest, digest=hashlib.sha256(described).hexdigest())

    def restore(self, source: Path, into: Path, digest: str | None, progress: CopyProgress) -> Backup:
        """Copy everything aside while its digest is taken, and move it into place when all of them are right."""
        self._check_into(into)
        with open_backup(source) as files:
            described = files.manifest()
            found = hashlib.sha256(described).hexdigest()
            if digest is not None and found != digest.lower():
                raise BackupRefused(
                    f"{source} is another backup, or was altered: the SHA-256 of its {BACKUP_MANIFEST} is {found}"
                )
            manifest = self._decoded(source, described)
            files.check(manifest)
            with disk_errors(f"{into}"):
                self._restore_files(files, manifest, into, progress)
        return Backup(manifest=manifest, digest=found)

    def _check_target(self, target: Path) -> None:
        if target.exists():
            raise Conflict(f"{target} is there already; a backup is never overwritten, choose another name")
        if not target.parent.is_dir():
            raise InvalidInput(f"there is no folder {target.parent}; create it first")
        if target.resolve().is_relative_to(self._folder.resolve()):
            raise InvalidInput(f"{target} is in the data folder, and would be lost with it; choose another disk")

    def _check_into(self, into: Path) -> None:
        """Refuse a folder that holds anything but what a restore that was cut short has left."""
        if not into.exists():
            return
        found = {path.name for path in into.iterdir()} - {_LOCK} if into.is_dir() else {into.name}
        if found and not (RESTORING in found and found <= {RESTORING, *self._schemas, *_FOLDERS}):
            raise Conflict(f"{into} is not an empty folder; name one that is empty or new")

    def _restore_files(self, files: BackupFiles, manifest: BackupManifest, into: Path, progress: CopyProgress) -> None:
        existed, aside = into.exists(), into / RESTORING
        into.mkdir(mode=0o700, exist_ok=True)
        try:
            with _only_one(into):
                self._check_into(into)  # again, now that nobody else can be restoring into it
                try:
                    self._clear(into)
                    aside.mkdir(mode=0o700)
                    _check_room(into, manifest.size_bytes)
                    _copy_aside(files, manifest, aside, progress)
                    for entry in sorted(aside.iterdir(), key=lambda path: path.is_file()):
                        entry.rename(into / entry.name)
                    aside.rmdir()
                except BaseException:
                    self._clear(into)
                    raise
                finally:
                    (into / _LOCK).unlink()
                sync_folder(into)
        except BaseException:
            if not existed:
                with suppress(OSError):
                    into.rmdir()
            raise

    def _clear(self, into: Path) -> None:
        """Delete what one that was cut short has left, and last of all what tells of it."""
        _remove(*(into / name for name in (*self._schemas, *_FOLDERS, RESTORING)))

    def _pin(self) -> None:
        """Link chunks and version files, which never change, so that nobody who deletes them takes them away."""
        for source in (path for name in _FOLDERS for path in (self._folder / name).rglob("*")):
            name = source.relative_to(self._folder).as_posix()
            if belongs_in_a_backup(name) and source.is_file() and not source.is_symlink():
                _link(source, self._folder / _PINNED / name)

    def _copy(
        self, readers: Mapping[Path, sqlite3.Connection], aside: Path, time: datetime, progress: CopyProgress
    ) -> BackupManifest:
        """Copy databases and pinned files; what they are."""
        pins = self._folder / _PINNED
        pinned = {path.relative_to(pins).as_posix(): path for path in sorted(pins.rglob("*")) if path.is_file()}
        sizes = {path.name: size_bytes(reader) for path, reader in readers.items()}
        tally = _Tally(sum(sizes.values()) + sum(path.stat().st_size for path in pinned.values()), progress)
        _check_room(aside, tally.total)
        files: dict[str, BackupFile] = {}
        for path, reader in readers.items():
            files[path.name] = copy_database(reader, aside / path.name, partial(tally.part, sizes[path.name]))
            tally.add(sizes[path.name])
        for name, path in pinned.items():
            with path.open("rb") as content:
                files[name] = write_copy(content, aside / name)
            tally.add(files[name].size_bytes)
        return BackupManifest(
            format=FORMAT,
            made=time,
            made_by=version("trappvakt"),
            store=self._store,
            schemas={path.name: pragma(reader, "user_version") for path, reader in readers.items()},
            files=files,
        )

    def _decoded(self, source: Path, described: bytes) -> BackupManifest:
        """The manifest, if this program may restore what it names and it names nothing else."""
        try:
            manifest = msgspec.json.decode(described, type=BackupManifest)
        except msgspec.DecodeError as error:
            raise BackupRefused(f"{source}: {BACKUP_MANIFEST} cannot be read: {error}; take another backup") from error
        if manifest.format > FORMAT or any(
            schema > len(self._schemas.get(name, ())) for name, schema in manifest.schemas.items()
        ):
            raise BackupRefused(
                f"{source} was made by Trappvakt {manifest.made_by}, which is newer than this one; install that"
            )
        if foreign := sorted(
            name for name in manifest.files if name not in self._schemas and not belongs_in_a_backup(name)
        ):
            raise BackupRefused(f"{source} names files that no backup holds: {', '.join(map(repr, foreign[:3]))}")
        if not manifest.schemas or not manifest.schemas.keys() <= manifest.files.keys():
            raise BackupRefused(f"{source}: {BACKUP_MANIFEST} names databases that the backup does not hold")
        return manifest


class _Tally:
    """Bytes done of all there are."""

    def __init__(self, total: int, progress: CopyProgress) -> None:
        self.total = total
        self._done = 0
        self._progress = progress

    def add(self, size: int) -> None:
        self._done += size
        self._progress(self._done, self.total)

    def part(self, size: int, share: float) -> None:
        """A share of a file is done."""
        self._progress(self._done + int(share * size), self.total)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Make or restore the one backup there is at a time."""
    try:
        with FileLock(folder / _LOCK, timeout=0):
            yield
    except Timeout as error:
        raise Conflict(f"another backup of {folder} is being made or restored; wait for it to end") from error


def _copy_aside(files: BackupFiles, manifest: BackupManifest, aside: Path, progress: CopyProgress) -> None:
    tally = _Tally(manifest.size_bytes, progress)
    for name, told in manifest.files.items():
        with files.open(name) as content:
            if write_copy(content, aside / name, told.size_bytes) != told:
                raise BackupRefused(f"{name} in the backup was altered or is damaged; take another backup")
        tally.add(told.size_bytes)
    _sync_below(aside)


def _check_room(folder: Path, size: int) -> None:
    if (free := shutil.disk_usage(folder).free) < size:
        raise StorageFull(f"{folder}: {size / 1e6:,.0f} MB are needed and {free / 1e6:,.0f} MB free; make room")


def _link(source: Path, pin: Path) -> None:
    """Link a file, or copy it where the file system knows no links; one that is deleted just now belongs to nothing."""
    pin.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, pin)
    except FileNotFoundError:
        return
    except OSError:
        shutil.copyfile(source, pin)


def _sync_below(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
    sync_folder(folder)


def _remove(*paths: Path) -> None:
    for path in paths:
        if path.is_file():
            path.unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
