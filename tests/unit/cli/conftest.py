"""The program on an empty folder, and on a scored one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.cli.program import COUNTS, PLACES, Trappvakt


@pytest.fixture
def trappvakt(tmp_path: Path) -> Trappvakt:
    return Trappvakt(tmp_path)


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is copied for each test."""
    trappvakt = Trappvakt(tmp_path_factory.mktemp("scored"))
    trappvakt("places", "import", trappvakt.file("places.csv", PLACES))
    trappvakt("import", trappvakt.file("counts.csv", COUNTS))
    trappvakt("score", "--to", "2026-06-15T00:00Z")
    return trappvakt.folder


@pytest.fixture
def filled(scored: Path, trappvakt: Trappvakt) -> Trappvakt:
    """Two weeks of one series, scored."""
    shutil.copytree(scored, trappvakt.folder, dirs_exist_ok=True)
    return trappvakt
