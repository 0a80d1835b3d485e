"""A scored town, which nobody changes, and a copy of it."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from models.city import SimulatedCity, simulate_city
from service.ports import Ports
from service.usecases.learning.advance import advance
from tests.unit.promoting.scored_town import BEGIN, WEEKS
from tests.worlds import city_points, end_of, register_city, sqlite_ports


@pytest.fixture(scope="session")
def city() -> SimulatedCity:
    return simulate_city(21, stairwells=12, weeks=WEEKS)


@pytest.fixture(scope="session")
def scored(city, tmp_path_factory) -> Path:
    """A folder in which all but the last three days is scored; the champion is version 0."""
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder)
    register_city(ports, city)
    ports.counts.append(city_points(city, slice(BEGIN, None)))
    advance(ports, end_of(city) - timedelta(days=3))
    return folder


@pytest.fixture
def ports(scored, tmp_path) -> Ports:
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    return sqlite_ports(tmp_path)
