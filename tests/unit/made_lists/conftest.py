"""The town, scored, and a list of it, which nobody changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.domain.hotspots import HotspotList
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.lists.hotspots import make_list
from tests.unit.made_lists.hot_town import END, counts, rows, town
from tests.worlds import TENANT, sqlite_ports


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The town's data folder, scored, without a list."""
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder, now=END)
    ports.register.put(rows())
    ports.counts.append(counts(ports))
    advance(ports, END)
    return folder


@pytest.fixture
def ports(scored: Path, tmp_path: Path) -> Ports:
    """The town in a folder of its own."""
    return town(scored, tmp_path)


@pytest.fixture(scope="session")
def made_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where that list is made."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(scope="session")
def made(scored: Path, made_town: Path) -> HotspotList:
    """The town's first list, for tests that read it."""
    return make_list(town(scored, made_town), TENANT)
