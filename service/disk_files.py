"""Files that are made once: plain files only, no link is followed, and what is written is on the disk."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from service.errors import StorageFull, StoreError, VersionRefused

OWNER_ALONE = 0o600
"""The mode of a file that nobody else may read."""


def walk_plain_files(folder: Path) -> set[str]:
    """The files of a folder, by their paths from it.

    Raises
    ------
    VersionRefused
        If anything in it, or itself, is neither a plain file nor a folder: a link could lead anywhere.
    """
    found = set()
    for path in [folder, *folder.rglob("*")]:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            found.add(path.relative_to(folder).as_posix())
        elif not stat.S_ISDIR(mode):
            raise VersionRefused(f"{path} is a link or another special file; a model version has plain files only")
    return found


def read_plain_file(path: Path) -> bytes:
    """The content of a file that is neither a link nor a device; raises OSError."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(None, "it is not a plain file")
        return file.read()


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file, and the folders it is in, durably; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as file:
        file.write(content)


@contextmanager
def new_file(path: Path, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write that is not there yet, on the disk in the end; raises OSError."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def move_into_place(aside: Path, target: Path) -> None:
    """Rename a folder so that it outlives a power cut; raises OSError, also if there is something at its target."""
    for folder in {path.parent for path in aside.rglob("*")}:
        sync_folder(folder)
    aside.rename(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or deleted in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Tell of errors of the disk as a StoreError."""
    try:
        yield
    except OSError as error:
        raise disk_error(what, error) from error


def disk_error(what: str, error: OSError) -> StoreError:
    """What to say of an error of the disk: that it is full, or what to check."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (StorageFull if full else StoreError)(
        f"{what} cannot be written: {error.strerror or error}; "
        + ("free some space on the disk" if full else "check the path, its rights and the disk")
    )
