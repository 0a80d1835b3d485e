"""Chunks of state as files of plain arrays: written once, never changed, never unpickled."""

from __future__ import annotations

import uuid
import zipfile
import zlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.disk_files import disk_errors, new_file, sync_folder
from service.errors import StoreError

RESTORE = "restore state.db and the state folder from one backup, or move them away to replay the counts"
_SUFFIX = ".npz"


class ChunkFolder:
    """A folder of chunk files, which workers on several machines may share.

    Parameters
    ----------
    folder
        Created on the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, arrays: dict[str, NDArray[np.float32]]) -> str:
        """Write a chunk aside, sync it, and move it into place in one step; returns its name."""
        name = f"{uuid.uuid4().hex}{_SUFFIX}"
        aside = self._folder / f"{name}.part"
        try:
            with disk_errors(f"state chunk {aside}"):
                self._folder.mkdir(parents=True, exist_ok=True)
                with new_file(aside) as file:
                    np.savez(file, allow_pickle=False, **arrays)
                aside.rename(self._folder / name)
                sync_folder(self._folder)
        except StoreError:
            aside.unlink(missing_ok=True)  # what is half written takes the room that others need
            raise
        return name

    def read(self, name: str, groups: Collection[str] | None = None) -> dict[str, NDArray[np.float32]]:
        """The arrays of a chunk, all or those of some groups; its own checksums tell whether they are damaged."""
        path = self._folder / name
        try:
            with np.load(path, allow_pickle=False) as chunk:
                return {key: chunk[key] for key in (chunk.files if groups is None else groups)}
        except (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise StoreError(f"state chunk {path} is damaged or missing ({error}); {RESTORE}") from error

    def sweep(self, named: Collection[str], *, younger: bool = False) -> int:
        """Delete the files that are not ``named`` and older than the newest that is; returns how many.

        Those that are ``younger`` may belong to what has not been published yet, and go only when asked. The ages
        compared are all the file system's own, so no clock needs to agree with it.
        """
        if not self._folder.exists():
            return 0
        files = {}
        for path in self._folder.iterdir():
            with suppress(FileNotFoundError):  # a worker's, moved into place meanwhile
                files[path.name] = path.stat().st_mtime_ns
        newest = max((age for name, age in files.items() if name in named), default=0)
        unused = [name for name, age in files.items() if name not in named and (younger or age < newest)]
        for name in unused:
            (self._folder / name).unlink(missing_ok=True)
        return len(unused)

    def size_bytes(self) -> int:
        """Room that all files take."""
        return sum(path.stat().st_size for path in self._folder.iterdir()) if self._folder.exists() else 0
