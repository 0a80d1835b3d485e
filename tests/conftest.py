"""What several rooms of tests share: the demo, brought up once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.programs import Demo, demo_served


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, served: its address, its data folder and a key for each role."""
    with demo_served(tmp_path_factory.mktemp("demo") / "data") as served:
        yield served
