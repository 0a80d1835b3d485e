"""What is told to be stored outlives a power cut: it was synced, and then the folder that names it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

from service.registry import FolderVersionRegistry
from service.stores.backup_files import pack, write_copy
from service.stores.session_secret import FileSessionSecret
from service.stores.sqlite.chunks import ChunkFolder
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import REGISTER
from service.stores.sqlite.versions import SqliteVersionRecords
from tests.unit.registry.challengers import MANIFEST, version


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes of what is synced, in order: a file keeps its own when it is moved into place."""
    inodes = list[int]()
    sync = os.fsync

    def note(descriptor: int) -> None:
        sync(descriptor)
        inodes.append(os.fstat(descriptor).st_ino)

    monkeypatch.setattr(os, "fsync", note)
    return inodes


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_chunk_of_state(tmp_path: Path, synced: list[int]) -> None:
    """A manifest that is committed names nothing that is lost."""
    name = ChunkFolder(tmp_path).write({"head": np.zeros((2, 3), dtype=np.float32)})
    assert synced == [inode(tmp_path / name), inode(tmp_path)]


def test_a_model_version(tmp_path: Path, synced: list[int]) -> None:
    """Every file of it, then every folder, and last the one that it was moved into."""
    records = SqliteVersionRecords(Database(tmp_path / "register.db", REGISTER))
    FolderVersionRegistry(tmp_path / "versions", records).add(version("1"), MANIFEST, {})
    inside = list((tmp_path / "versions" / "1").rglob("*"))
    files = {inode(path) for path in inside if path.is_file()}
    folders = {inode(path.parent) for path in inside}
    assert (set(synced[: len(files)]), set(synced[len(files) : -1])) == (files, folders)
    assert synced[-1] == inode(tmp_path / "versions")


def test_files_of_a_backup(tmp_path: Path, synced: list[int]) -> None:
    """Copied, and packed: what is packed is deleted only where it lay."""
    write_copy(io.BytesIO(b"counts"), tmp_path / "aside" / "counts.db")
    assert synced == [inode(tmp_path / "aside" / "counts.db")]
    pack(tmp_path / "aside", ["counts.db"], tmp_path / "b.tar")
    assert synced[1:] == [inode(tmp_path / "b.tar")]


def test_the_secret_of_sessions(tmp_path: Path, synced: list[int]) -> None:
    """One of no bytes would keep everybody out until somebody deletes it."""
    FileSessionSecret(tmp_path / "secret").read()
    assert synced == [inode(tmp_path / "secret")]
