"""Examples of properties are the same on every machine; and what tests of any kind may ask for."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # for workers, which share the cores: threads would spin

settings.register_profile(
    "house", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture
def quick_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are held against few draws and peers as shipped: for tests of when a list is made, not of what it says."""
    monkeypatch.setattr("models.hotspots.significance._DRAWS", 100)
    monkeypatch.setattr(
        "service.usecases.lists.ranking.fit_fleet", lambda *_counts, parent: SimpleNamespace(prior=parent)
    )
