"""The files of a backup, in a folder or in one tar file, read and written without ever following a path or a link."""

from __future__ import annotations

import hashlib
import os
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from service.disk_files import OWNER_ALONE, new_file, walk_plain_files
from service.domain.backups import BACKUP_MANIFEST, BackupFile, BackupManifest
from service.errors import BackupRefused, VersionRefused

_CHUNK_BYTES = 2**20
_GREATEST_MANIFEST_BYTES = 2**28


@contextmanager
def open_backup(source: Path) -> Iterator[BackupFiles]:
    """A backup as a folder or a tar file.

    Raises
    ------
    BackupRefused
        If it is neither, cannot be read, or holds links, devices, or one name twice.
    """
    with ExitStack() as opened:
        try:
            files = _opened(source, opened)
        except (tarfile.TarError, OSError, EOFError, VersionRefused) as error:
            raise _unreadable(source, error) from error
        try:
            yield files
        except tarfile.TarError as error:
            raise _unreadable(source, error) from error


class BackupFiles(ABC):
    """What a backup holds: names and lengths, whether in a folder or in a tar file."""

    def __init__(self, source: Path, sizes: Mapping[str, int]) -> None:
        self._source = source
        self._sizes = sizes

    def manifest(self) -> bytes:
        """The bytes of ``backup.json``; it is written last, so a backup that was cut short has none."""
        if self._sizes.get(BACKUP_MANIFEST, 2 * _GREATEST_MANIFEST_BYTES) > _GREATEST_MANIFEST_BYTES:
            raise BackupRefused(f"{self._source} has no {BACKUP_MANIFEST}: it is no backup, or one that was cut short")
        with self.open(BACKUP_MANIFEST) as content:
            return content.read()

    def check(self, manifest: BackupManifest) -> None:
        """Raise BackupRefused unless there are exactly the files of the manifest, with their lengths."""
        told = {name: one.size_bytes for name, one in manifest.files.items()}
        found = {name: size for name, size in self._sizes.items() if name != BACKUP_MANIFEST}
        if wrong := sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name)):
            raise BackupRefused(
                f"{self._source}: missing, foreign or of another length: {', '.join(map(repr, wrong[:3]))}"
                f"{f' and {len(wrong) - 3} more' if len(wrong) > 3 else ''}; take another backup"
            )

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """A file of the manifest."""


class _InFolder(BackupFiles):
    def open(self, name: str) -> BinaryIO:
        """The file; one that became a link since it was listed is refused."""
        return os.fdopen(os.open(self._source / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


class _InTar(BackupFiles):
    def __init__(self, source: Path, archive: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo]) -> None:
        super().__init__(source, {name: member.size for name, member in members.items()})
        self._archive = archive
        self._members = members

    def open(self, name: str) -> BinaryIO:
        """The member; nothing is ever extracted by the name that the archive gives it."""
        return cast(BinaryIO, self._archive.extractfile(self._members[name]))


def write_copy(content: BinaryIO, target: Path, most_bytes: int | None = None) -> BackupFile:
    """Copy to a new file durably; what was copied. Not much is read beyond ``most_bytes``."""
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_file(target) as file:
        while block := content.read(_CHUNK_BYTES):
            file.write(block)
            digest.update(block)
            size += len(block)
            if most_bytes is not None and size > most_bytes:
                break
    return BackupFile(size_bytes=size, sha256=digest.hexdigest())


def pack(folder: Path, names: Sequence[str], target: Path) -> None:
    """Move the files of a folder into a tar file, in this order, each deleted as it is packed.

    The file is readable by its owner alone, and moved into place once it is on the disk.
    """
    aside = target.with_name(f".{target.name}.part.tar")
    aside.unlink(missing_ok=True)
    try:
        with (
            new_file(aside, OWNER_ALONE) as file,
            tarfile.open(fileobj=file, mode="w:", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name in names:
                _append(archive, folder / name, name)
        aside.rename(target)
    finally:
        aside.unlink(missing_ok=True)


def _opened(source: Path, opened: ExitStack) -> BackupFiles:
    if source.is_dir():
        return _InFolder(source, {name: (source / name).lstat().st_size for name in walk_plain_files(source)})
    archive = opened.enter_context(tarfile.open(source, "r:"))  # noqa: SIM115 - it is closed by the stack
    return _InTar(source, archive, _members(source, archive))


def _unreadable(source: Path, error: Exception) -> BackupRefused:
    return BackupRefused(f"{source} cannot be read as a backup: {error}; take another one")


def _append(archive: tarfile.TarFile, path: Path, name: str) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = path.stat().st_size, 0o600, int(path.stat().st_mtime)
    with path.open("rb") as content:
        archive.addfile(member, content)
    path.unlink()


def _members(source: Path, archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    members: dict[str, tarfile.TarInfo] = {}
    for member in archive:
        if not member.isreg() or member.issparse() or member.name in members:
            raise BackupRefused(f"{source} holds {member.name!r} twice, or as no plain file; it is no backup")
        members[member.name] = member
    return members
