"""The program on an empty folder, and on a scored one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.program import COUNTS, PLACES, Trappvakt


@pytest.fixture
def trappvakt(tmp_path: Path) -> Trappvakt:
    return Trappvakt(tmp_path)


@pytest.fixture
def filled(trappvakt: Trappvakt) -> Trappvakt:
    """Two weeks of one series, scored."""
    trappvakt("places", "import", trappvakt.file("places.csv", PLACES))
    trappvakt("import", trappvakt.file("counts.csv", COUNTS))
    trappvakt("score", "--to", "2026-06-15T00:00Z")
    return trappvakt
