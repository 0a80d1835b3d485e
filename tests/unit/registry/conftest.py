"""A registry with the shipped version and challengers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from models.shipped import shipped_version
from service.registry import FolderVersionRegistry
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import REGISTER
from service.stores.sqlite.versions import SqliteVersionRecords
from tests.unit.registry.challengers import MANIFEST, version


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """A folder with register.db, and version 1 in versions/: written once, since every file is synced."""
    made = tmp_path_factory.mktemp("made")
    database = Database(made / "register.db", REGISTER)
    artefacts = {"prior": shipped_version().prior.to_tables()}
    registry = FolderVersionRegistry(made / "versions", SqliteVersionRecords(database))
    registry.add(version("1"), MANIFEST, artefacts, {"report.json": b"{}"})
    database.close()
    return made


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "versions"


@pytest.fixture
def database(tmp_path):
    return Database(tmp_path / "register.db", REGISTER)


@pytest.fixture
def registry(made, tmp_path, folder, database):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return FolderVersionRegistry(folder, SqliteVersionRecords(database))
