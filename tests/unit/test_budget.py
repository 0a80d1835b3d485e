"""What a version keeps of its alarm budget, counted again from its verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.city import simulate_city
from models.detector.columns import OccupancyColumns
from models.evaluation import opened
from models.kinds import kind_number
from models.shipped import shipped_budgets, shipped_version
from models.training.budget import BUDGETS, achieved_budgets

SEED, STAIRWELLS, WEEKS = 5, 25, 10


def test_openings_are_those_of_detectors_with_these_budgets() -> None:
    """One pass for all budgets tells what a detector with each of them would have done."""
    achieved = achieved_budgets(shipped_version(), SEED, stairwells=STAIRWELLS, weeks=WEEKS)
    version = shipped_version()
    city = simulate_city(SEED, STAIRWELLS, WEEKS, null=True, timezone=version.timezone, holidays=version.holidays)
    spaces = np.bincount(city.stairwell_of_series)[city.stairwell_of_series]
    kinds = [kind_number(kind) for kind in city.kinds]
    detectors = OccupancyColumns(
        version, 60, kinds * len(BUDGETS), np.concatenate([promised / 100 / spaces for promised in BUDGETS])
    )
    scored = [
        detectors.advance(int(slot), np.tile(counts, len(BUDGETS)))
        for slot, counts in zip(city.calendar.slots_of(city.starts), city.counts, strict=True)
    ]
    openings = opened(detectors.tell(scored).anomalous).sum(axis=0).reshape(len(BUDGETS), -1).sum(axis=1)
    weeks = float((~np.isnan(city.counts) / spaces).sum()) / 168
    for promised, found in zip(BUDGETS, openings, strict=True):
        mine = [one for one in achieved if one.promised == promised]
        assert sum(one.achieved * one.stairwell_weeks for one in mine) == pytest.approx(100 * found)
        assert sum(one.stairwell_weeks for one in mine) == pytest.approx(weeks)
        assert [one.first_week for one in mine] == [1, 5, 9]


def test_the_budgets_that_ship_are_kept_within_reason() -> None:
    """After four weeks, at the default budget, between half a promise and one and a half; every budget is told."""
    shipped = shipped_budgets()
    assert [one.promised for one in shipped] == [promised for promised in BUDGETS for _ in range(3)]
    rates = [one.achieved for one in shipped if one.promised == 2.0]
    assert 0.5 <= np.mean(rates) <= 3.0, rates
    assert all(one.stairwell_weeks > 500 for one in shipped)


def test_the_report_that_ships_has_no_field_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"promised": 1.0, "first_week": 1, "last_week": 4, "achieved": 1.0, "stairwell_weeks": 9.0, "more": 0}]
    (tmp_path / "version0").mkdir()
    (tmp_path / "version0/budgets.json").write_text(json.dumps(rows), "utf-8")
    monkeypatch.setattr("models.shipped.files", lambda _package: tmp_path)
    with pytest.raises(TypeError, match="more"):
        shipped_budgets.__wrapped__()
