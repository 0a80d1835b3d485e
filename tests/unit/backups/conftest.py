"""A scored town and its backups, which nobody changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.ports import Ports
from tests.unit.backups.small_town import NOW, back_up, half_scored
from tests.worlds import sqlite_ports


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder nobody changes."""
    folder = tmp_path_factory.mktemp("scored") / "data"
    half_scored(folder)
    return folder


@pytest.fixture
def ports(scored: Path, tmp_path: Path) -> Ports:
    """A copy of it to go on with."""
    return sqlite_ports(shutil.copytree(scored, tmp_path / "data"), NOW, advance__commit_windows=24)


@pytest.fixture(scope="session")
def backups(scored: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup as the folder ``b`` and as the file ``b.tar``; nobody changes them."""
    folder = tmp_path_factory.mktemp("backups")
    for name in ("b", "b.tar"):
        back_up(sqlite_ports(scored, NOW), folder / name)
    return folder


@pytest.fixture(params=["b", "b.tar"])
def backup(request: pytest.FixtureRequest, backups: Path) -> Path:
    """One after the other."""
    return backups / str(request.param)
