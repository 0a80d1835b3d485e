"""Simulated towns with the life of a real one: what is taken from where."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bench.hotspots import why_without_melbourne
from bench.quality.melbourne_towns import melbourne_town, spans_of
from bench.quality.panel import Panel
from bench.quality.towns import HANG_OUTS
from models.calendar import Calendar
from models.city import simulate_city
from models.kinds import kind_number
from tests.datasets import FOLDER, needs_datasets

_WEEKS = 6


@pytest.fixture(scope="module")
def melbourne() -> Panel:
    """Four sensors with people at hours of their own, and a week without the second."""
    calendar = Calendar("Australia/Melbourne", [date(2015, 1, 26)])
    starts = np.arange(1420030800, 1420030800 + 3600 * 24 * 7 * 16, 3600)  # from New Year 2015, 00:00 local
    hour = np.arange(len(starts)) % 24
    counts = np.stack([np.where(hour // 6 == sensor, 4000.0, 0.0) for sensor in range(4)], axis=1)
    counts[24 * 20 : 24 * 27, 1] = np.nan
    return Panel(calendar, starts, counts, ("entrance",) * 4, np.full(4, 0.02))


def test_each_kind_of_space_has_the_hours_of_its_sensor_and_the_level_of_its_series(melbourne: Panel) -> None:
    town = melbourne_town(melbourne, 1, 60, _WEEKS)
    simulated = simulate_city(1, 60, _WEEKS, null=True, start=date(2015, 1, 5), timezone="Australia/Melbourne")
    hour = town.calendar.local_seconds(town.starts) % 86_400 // 3600
    for series, kind in enumerate(town.kinds):
        busy = hour // 6 == 1 + kind_number(kind) % 3
        assert np.nansum(town.counts[~busy, series]) == 0
    expected = simulated.rate.mean(axis=0) * (~np.isnan(town.counts)).sum(axis=0)
    assert np.nansum(town.counts) == pytest.approx(expected.sum(), rel=0.1)


def test_what_either_town_has_not_heard_is_missing(melbourne: Panel) -> None:
    town = melbourne_town(melbourne, 2, 30, _WEEKS)
    simulated = simulate_city(2, 30, _WEEKS, null=True, start=date(2015, 1, 5), timezone="Australia/Melbourne")
    unheard = np.isnan(melbourne.counts[np.searchsorted(melbourne.starts, town.starts)])
    of_kind = np.stack([unheard[:, 1 + kind_number(kind) % 3] for kind in town.kinds], axis=1)
    assert of_kind.any()
    np.testing.assert_array_equal(np.isnan(town.counts), of_kind | np.isnan(simulated.counts))


def test_hang_outs_come_on_top_in_their_hours_alone(melbourne: Panel) -> None:
    town = melbourne_town(melbourne, 3, 30, _WEEKS, parameters=HANG_OUTS)
    nobody = town.rate == 0
    beside = np.where(nobody & (town.loitering == 0), town.counts, 0)
    inside = np.where(nobody & (town.loitering > 0), town.counts, 0)
    assert np.nansum(beside) == 0
    assert np.nansum(inside) > 100


def test_spans_follow_each_other(melbourne: Panel) -> None:
    first, second = (melbourne_town(melbourne, 4, 2, _WEEKS, span=span) for span in (0, 1))
    assert second.starts[0] - first.starts[-1] == 3600


def test_spans_are_those_that_the_counts_have_from_the_first_monday_on(melbourne: Panel) -> None:
    """Of 16 weeks from New Year on 15 and a half are left; the second span of eight weeks had too few counts."""
    assert [spans_of(melbourne, weeks) for weeks in (5, 7, 8)] == [3, 2, 1]
    last = melbourne_town(melbourne, 5, 2, 5, span=2)
    assert len(last.counts) >= 5 * 7 * 24


@needs_datasets
def test_towns_that_outlast_the_counts_are_left_out() -> None:
    """Of 104 weeks there was no span to take in turn, and the benchmark ended in a division by zero."""
    told = [why_without_melbourne(FOLDER, weeks) for weeks in (14, 103, 104)]
    assert told == ["", "", "its counts do not last for 104 weeks"]


def test_towns_without_counts_are_left_out(tmp_path: Path) -> None:
    assert why_without_melbourne(tmp_path / "none", 14) == f"there is no folder {tmp_path / 'none'}"
