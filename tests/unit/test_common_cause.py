"""The town out at once is told from any number of places that are out for reasons of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, poisson

from models.calendar import Calendar
from models.city import SimulatedCity, simulate_city
from models.detector.columns import OccupancyColumns
from models.hotspots.common_cause import FEWEST_SERIES, common_cause, series_out
from models.kinds import kind_number
from models.shipped import shipped_version
from service.domain.verdicts import MEASURES, VerdictColumns
from service.usecases.lists.ranking import presences_of

EVE = 7 * 168 + 4 * 24 + 22
PARTY = (EVE, EVE + 1, EVE + 2)


def marked(city: SimulatedCity, *held: np.ndarray) -> list[np.ndarray]:
    """Windows after the first week in which the town is out, for each of the counts that it may have."""
    kinds = [kind_number(kind) for kind in city.kinds] * len(held)
    columns = OccupancyColumns(shipped_version(), 60, kinds, np.full(len(kinds), 0.01))
    slots = city.calendar.slots_of(city.starts)
    scored = [columns.advance(int(slot), row) for slot, row in zip(slots, np.hstack(held), strict=True)]
    told = columns.tell(scored)
    found = []
    for p_value, p_above in zip(*(np.hsplit(one, len(held)) for one in (told.p_value, told.p_above)), strict=True):
        rows, series = np.nonzero(~np.isnan(p_value))
        out = common_cause(rows, p_value[rows, series], p_above[rows, series], windows=len(city.starts))
        found.append(168 + np.flatnonzero(out[168:]))
    return found


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_new_years_eve_is_marked_and_nothing_else(seed):
    """One presence in every other space and hour, in a town with its hot-spots, moving days and renovations."""
    city = simulate_city(seed, stairwells=60, weeks=8)
    added = np.random.default_rng(seed).poisson(0.5, (len(PARTY), len(city.kinds)))
    counts = city.counts.copy()
    counts[list(PARTY)] += added
    eve, ordinary = marked(city, counts, city.counts)
    assert eve.tolist() == list(PARTY)
    assert ordinary.tolist() == []


def test_under_independence_less_than_one_window_a_year_is_marked():
    """Also of sparse counts, most of whose p-values are 1."""
    random = np.random.default_rng(3)
    windows, series = 8760, 40
    mean = 10.0 ** random.uniform(-2, 1, series)
    counts = random.poisson(np.broadcast_to(mean, (windows, series)))
    p_value, p_above = poisson.sf(counts - 1, mean), poisson.sf(counts, mean)
    rows = np.repeat(np.arange(windows), series)
    assert common_cause(rows, p_value.ravel(), p_above.ravel(), windows).sum() <= 1


@pytest.mark.parametrize("mean", [0.01, 0.3, 2.0, 30.0])
def test_where_nothing_is_on_one_in_twenty_is_out_however_sparse_the_counts(mean: float):
    counts = np.arange(200)
    series, out = series_out(counts, poisson.sf(counts - 1, mean), poisson.sf(counts, mean), 200)
    assert (series == 1).all()
    assert (poisson.pmf(counts, mean) * out).sum() == pytest.approx(0.05)


def test_few_series_have_no_common_cause():
    """However far out they are: it may be one house's party."""
    few, many = FEWEST_SERIES - 1, FEWEST_SERIES
    rows = np.repeat([0, 1], [few, many])
    tiny = np.full(few + many, 1e-9)
    assert common_cause(rows, tiny, 0 * tiny, windows=3).tolist() == [False, True, False]


def test_the_fewest_out_that_are_a_cause_are_improbable_and_three_times_as_many_as_ever():
    for number in (*range(20, 60), 1010):
        out = np.arange(number + 1)
        rows, place = np.repeat(out, number), np.tile(np.arange(number), number + 1)
        tail = np.where(place < rows, 1e-9, 0.5)
        marked = common_cause(rows, 2 * tail, tail, number + 1)
        told = (binom.sf(out - 1, number, 0.05) <= 1e-4) & (out >= 0.15 * number)
        assert marked.tolist() == told.tolist()


def test_a_ranking_does_without_the_hours_when_the_town_is_out():
    """Its counts are missing then; from series that are known too little nothing is concluded."""
    windows, series = 24, FEWEST_SERIES
    rows, columns = (grid.ravel() for grid in np.mgrid[:windows, :series])
    measures = {name: np.full(rows.size, 0.4) for name in MEASURES}
    measures["p_value"], measures["p_above"] = (np.where(rows == 22, tail, 1.0) for tail in (1e-3, 1e-4))
    calendar, starts = Calendar("Europe/Stockholm"), 3600 * np.arange(windows)
    for weeks, without in ((2.0, [22]), (1.9, [])):
        verdicts = VerdictColumns(
            version="0",
            series=columns,
            starts=starts[rows],
            anomalous=rows < 0,
            **{**measures, "evidence_weeks": np.full(rows.size, weeks)},
        )
        laid = presences_of(
            calendar,
            verdicts,
            np.arange(series),
            starts,
            kinds=np.zeros(series, dtype=int),
            stairwells=[str(number) for number in range(series)],
        )
        assert np.flatnonzero(np.isnan(laid.counts).all(axis=1)).tolist() == without
        assert np.isnan(laid.counts).sum() == len(without) * series
