"""The town as it is copied for each test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.ports import Ports
from service.usecases.learning.advance import advance
from tests.unit.retention.aged_town import (
    END,
    SHORT,
    SPACES,
    WEEKS,
    copied,
    opened,
    place,
    points,
)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Months of three spaces of two companies, scored, one of them corrected; and what people did meanwhile."""
    folder = tmp_path_factory.mktemp("town")
    ports = opened(folder)
    ports.register.put(place(space) for space in range(SPACES))
    for space in range(SPACES):
        ports.counts.append(points(space, np.arange(24 * space, WEEKS * 168)))
    advance(ports, END)
    for week in (1, 5):
        ports.counts.append(points(1, [week * 168 + 7], count=5))
        advance(ports, END)
    return folder


@pytest.fixture
def ports(town: Path, tmp_path: Path) -> Ports:
    """The town, where what is old is to be deleted."""
    return copied(town, tmp_path / "short", SHORT)


@pytest.fixture
def whole(town: Path, tmp_path: Path) -> Ports:
    """The same town, where all is kept."""
    return copied(town, tmp_path / "whole")
