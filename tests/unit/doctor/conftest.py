"""Its data folder, and a copy of it to harm."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.domain.keys import Role
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.unit.doctor.small_town import CITY, NOW
from tests.worlds import TENANT, city_points, register_city, sqlite_ports


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two weeks of a small town, scored."""
    folder = tmp_path_factory.mktemp("scored") / "data"
    ports = sqlite_ports(folder, NOW)
    register_city(ports, CITY)
    ports.counts.append(city_points(CITY))
    advance(ports)
    create_key(ports, Role.OPERATOR, TENANT, "test")
    folder.chmod(0o700)
    return folder


@pytest.fixture
def folder(scored: Path, tmp_path: Path) -> Path:
    """A copy of it to harm."""
    return shutil.copytree(scored, tmp_path / "data")
