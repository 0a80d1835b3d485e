"""What several rooms of tests share: the demo, brought up once; and examples that are the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.e2e.programs import Demo, demo_served

settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, served: its address, its data folder and a key for each role."""
    with demo_served(tmp_path_factory.mktemp("demo") / "data") as served:
        yield served
