"""A service that learns places, and one that refuses unknown ones; in memory and in SQLite."""

from pathlib import Path

import pytest

from service.ports import Ports
from tests.unit.ingest_counts.senders import ports_of


@pytest.fixture(params=["memory", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ports(kind: str, tmp_path: Path) -> Ports:
    return ports_of(kind, tmp_path)


@pytest.fixture
def strict(kind: str, tmp_path: Path) -> Ports:
    return ports_of(kind, tmp_path, mode="strict")
