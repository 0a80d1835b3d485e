"""Areas and sizes of building: what is known of a new series before it has counted anything."""

from dataclasses import replace

import numpy as np
import pytest

from bench.cold_start.__main__ import losses
from bench.cold_start.priors import by_kind
from bench.cold_start.towns import draw_fleet
from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.prior import FleetPrior
from models.shipped import shipped_version
from models.surroundings import Surroundings
from models.training.fleet import fit_fleet
from models.version import ModelVersion

CALENDAR = Calendar("UTC")
STARTS = 4 * 86_400 + 3600 * np.arange(8 * 168)  # from a Monday
AREAS, SERIES = 8, 40
BUSY, LATE, LOUD, SMALL, LARGE = "a3", "a5", "a2", 8, 100
WEEK = np.maximum(0.0, np.sin(2 * np.pi * (np.arange(24) - 8) / 24)) + 0.1
WEEK = np.tile(WEEK / WEEK.mean(), 7)


def fleet(seed: int = 1, *, alike: bool = False, loitering: bool = False):
    """Counts and surroundings: one area three times as busy, one six hours later, large buildings twice as busy."""
    random = np.random.default_rng(seed)
    names = np.repeat([f"a{k}" for k in range(AREAS)], SERIES)
    dwellings = np.where(random.random(names.size) < 0.5, SMALL, LARGE)
    factor = np.where(names == BUSY, 3.0, 1.0) * np.where(dwellings == LARGE, 2.0, 1.0)
    level = 0.1 * random.gamma(3.0, 1 / 3, names.size) * (1.0 if alike else factor)
    rate = np.tile(WEEK, 8)[:, None] * level
    if not alike:
        rate[:, names == LATE] = np.roll(rate[:, names == LATE], 6, axis=0)
    if loitering:
        hangouts = np.flatnonzero(names == LOUD)[: 15 * SERIES // 100]
        night = (np.arange(len(STARTS)) % 24 >= 21)[:, None] & np.isin(np.arange(names.size), hangouts)
        rate = rate + 0.8 * night
    return random.poisson(rate).astype(float), Surroundings(names, dwellings)


def fit(counts: np.ndarray, surroundings: Surroundings | None) -> FleetPrior:
    kinds = np.zeros(counts.shape[1], dtype=int)
    return fit_fleet(CALENDAR, STARTS, counts, kinds, surroundings=surroundings).prior


@pytest.fixture(scope="module")
def fitted() -> FleetPrior:
    return fit(*fleet())


def rates(prior: FleetPrior, area: str, dwellings: int) -> np.ndarray:
    return prior.series(np.zeros(1, dtype=int), Surroundings([area], [dwellings]))[0][0, :7]


def test_busy_areas_and_large_buildings_are_found(fitted):
    assert rates(fitted, BUSY, SMALL).mean() / rates(fitted, "a0", SMALL).mean() == pytest.approx(3.0, rel=0.35)
    assert rates(fitted, "a0", LARGE).mean() / rates(fitted, "a0", SMALL).mean() == pytest.approx(2.0, rel=0.25)


def test_an_area_that_lives_later_is_expected_later(fitted):
    later, others = (rates(fitted, area, SMALL).mean(axis=0) for area in (LATE, "a0"))
    assert np.corrcoef(later, np.roll(WEEK[:24], 6))[0, 1] > 0.9
    assert np.corrcoef(others, WEEK[:24])[0, 1] > 0.97


def test_what_nobody_told_or_saw_falls_back_to_the_kind_and_is_less_sure(fitted):
    kind = np.zeros(3, dtype=int)
    said = Surroundings(["a0", "never seen", ""], [SMALL, 0, 0])
    expected, shape = fitted.series(kind, said)
    silent, silent_shape = fitted.series(kind)
    np.testing.assert_array_equal(expected[1:], silent[1:])
    np.testing.assert_array_equal(shape[1:], silent_shape[1:])
    np.testing.assert_allclose(expected[2] / expected[2].mean(), fitted.profile[0] / fitted.profile[0].mean())
    assert shape[0] > shape[1]


def test_a_band_of_size_begins_at_its_fewest_dwellings():
    dwellings = [0, 1, 10, 11, 20, 21, 40, 41, 80, 81]
    assert Surroundings([""] * 10, dwellings).sizes.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_areas_that_are_alike_are_taken_for_alike():
    prior = fit(*fleet(alike=True))
    for name in ("area_level", "size_level", "area_hours"):
        np.testing.assert_allclose(getattr(prior.local, name), 1.0, atol=0.25)
    assert prior.local.area_variance.max() < 0.05


def test_loitering_in_15_percent_of_an_areas_series_hardly_moves_it(fitted):
    loud = fit(*fleet(loitering=True))
    with_hangouts, without = rates(loud, LOUD, SMALL), rates(fitted, LOUD, SMALL)
    assert with_hangouts.mean() == pytest.approx(without.mean(), rel=0.1)
    assert with_hangouts[:, 21:].mean() < 1.25 * without[:, 21:].mean()


def test_an_area_of_one_series_hardly_differs():
    counts, surroundings = fleet(alike=True)
    counts[:, 0] *= 4
    alone = Surroundings(
        np.where(np.arange(len(surroundings)) == 0, "alone", surroundings.areas), surroundings.dwellings
    )
    prior = fit(counts, alone)
    assert 1.0 < prior.local.area_level[1 + prior.local.areas.index("alone")] < 1.6


def test_the_same_counts_teach_the_same_whatever_holds_them(fitted):
    counts, surroundings = fleet()
    again = fit(np.ascontiguousarray(counts.T.astype(np.float32)).T, surroundings)
    for name, table in fitted.to_tables().items():
        np.testing.assert_array_equal(again.to_tables()[name], table)


def test_without_surroundings_there_are_no_tables_of_areas():
    prior = fit(fleet()[0], None)
    assert prior.local is None
    assert not any(name.startswith("area") for name in prior.to_tables())


def test_a_version_keeps_its_areas(fitted):
    version = replace(shipped_version(), prior=fitted)
    again = ModelVersion.from_tables(version.to_tables(), version.to_settings())
    assert again.prior.local.areas == fitted.local.areas
    np.testing.assert_array_equal(rates(again.prior, BUSY, LARGE), rates(fitted, BUSY, LARGE))


def test_a_version_without_areas_says_the_same_of_all():
    version = shipped_version()
    assert "areas" not in version.to_settings()
    counts = np.array([1.0, 1.0])
    columns = OccupancyColumns(version, 60, [0, 0], [0.02, 0.02], surroundings=Surroundings(["north", ""], [60, 0]))
    verdicts = columns.step(20, counts)
    assert verdicts.expected[0] == verdicts.expected[1]


def test_new_series_start_from_their_area(fitted):
    version = replace(shipped_version(), prior=fitted)
    columns = OccupancyColumns(version, 60, [0, 0], [0.02, 0.02], surroundings=Surroundings([BUSY, "a0"], [8, 8]))
    busy, other = columns.score(12, np.zeros(2)).expected
    assert busy > 2 * other


@pytest.mark.parametrize("table", ["area_level", "area_hours", "size_variance"])
def test_a_table_that_is_missing_or_misshapen_is_named(fitted, table):
    version = replace(shipped_version(), prior=fitted)
    tables = version.to_tables()
    with pytest.raises(ValueError, match=table):
        ModelVersion.from_tables({**tables, table: tables[table][1:]}, version.to_settings())
    del tables[table]
    with pytest.raises(ValueError, match=table):
        ModelVersion.from_tables(tables, version.to_settings())


def test_surroundings_of_another_number_of_series_are_refused():
    one = Surroundings(["a"], [1])
    with pytest.raises(ValueError, match="1 series"):
        OccupancyColumns(shipped_version(), 60, [0, 0], [0.02, 0.02], surroundings=one)
    with pytest.raises(ValueError, match="1 series"):
        fit(fleet()[0], one)
    with pytest.raises(ValueError, match="negative"):
        Surroundings(["a"], [-1])


def test_the_first_three_days_in_offices_are_judged_as_the_fourth_month():
    office = draw_fleet("offices", 606, stairwells=40)
    (first, *_, month), (least, *_) = losses(office, by_kind(office))
    assert first < 1.1 * month
    assert first < 1.15 * least
