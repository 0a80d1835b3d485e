"""The town, scored, which nobody changes, and a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.ports import Ports
from tests.unit.correcting.quiet_town import (
    copied,
    scored,
)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything is scored, with a checkpoint on every Monday."""
    folder = tmp_path_factory.mktemp("town")
    scored(folder)
    return folder


@pytest.fixture
def ports(town: Path, tmp_path: Path) -> Ports:
    return copied(town, tmp_path)
