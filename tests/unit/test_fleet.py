"""What the fleet teaches is what the town was made of, loitering left aside."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import polygamma

from models.calendar import HOLIDAY, Calendar
from models.city import CityParameters, SimulatedCity, simulate_city
from models.kinds import KINDS, kind_number
from models.prior import FleetPrior
from models.training.dispersion import fit_dispersion
from models.training.fleet import default_prior, fit_fleet
from models.training.hours import fit_area_hours
from models.training.levels import Members, fit_levels
from models.training.profile import fit_profile
from models.training.spread import fit_slots, fit_time_of_day
from models.training.totals import SlotTotals, slot_totals, standing_out


def fit(city: SimulatedCity, parent: FleetPrior | None = None) -> FleetPrior:
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    counts = np.where(city.annotated, np.nan, city.counts)
    return fit_fleet(city.calendar, city.starts, counts, kinds, parent=parent).prior


def true_profile(city: SimulatedCity, kind: str) -> np.ndarray:
    """Mean relative rate of the town's series of a kind over the 168 ordinary hours."""
    slots = city.calendar.slots_of(city.starts)
    rate = city.rate[:, np.array(city.kinds) == kind]
    weekly = np.array([rate[slots == slot].mean() for slot in range(168)])
    return weekly / weekly.mean()


@pytest.fixture(scope="module")
def calm() -> SimulatedCity:
    return simulate_city(2, stairwells=200, weeks=8, null=True)


@pytest.fixture(scope="module")
def taught(calm) -> FleetPrior:
    return fit(calm)


def test_profile_and_level_of_common_kinds_are_found(calm, taught):
    for kind in ("stairwell", "entrance"):
        number = kind_number(kind)
        found = taught.profile[number, :7].ravel()
        assert np.corrcoef(found, true_profile(calm, kind))[0, 1] > 0.97
        series = np.array(calm.kinds) == kind
        assert taught.level[number] == pytest.approx(calm.rate[:, series].mean(), rel=0.15)


def test_level_shape_and_dispersion_are_of_the_right_size(calm, taught):
    stairwell = kind_number("stairwell")
    levels = calm.rate[:, np.array(calm.kinds) == "stairwell"].mean(axis=0)
    log_variance = polygamma(1, taught.level_shape[stairwell])
    assert log_variance == pytest.approx(np.log(levels).var(), rel=0.5)
    low, high = CityParameters().window_shape
    assert 0.5 / high < taught.dispersion[stairwell] < 1.5 / low


def test_levels_of_kinds_and_areas_are_those_that_the_counts_were_drawn_with():
    """Of thirty areas, each of forty series; the unknown has no effect, and the variance that areas have."""
    random, n = np.random.default_rng(1), 1240
    areas, kinds, sizes = np.arange(n) // 40, np.arange(n) % 2, np.zeros(n, dtype=int)
    effect = np.r_[0.0, random.normal(0.0, 0.3, 30)]
    effect[1:] -= effect[1:].mean()
    level, shape, hours = np.array([0.3, 0.06]), 3.0, random.uniform(300.0, 900.0, n)
    rate = level[kinds] * np.exp(effect[areas]) * random.gamma(shape, 1 / shape, n)
    found = fit_levels(random.poisson(rate * hours), hours, Members(kinds, areas, sizes, (31, 6)), default_prior())
    assert found.level[:2] == pytest.approx(level, rel=0.1)
    assert found.shape[:2] == pytest.approx([shape] * 2, rel=0.15)
    assert found.areas.mean[0] == 0.0
    away = (found.areas.mean - effect)[1:]
    assert np.mean(away**2 / found.areas.variance[1:]) == pytest.approx(1.0, abs=0.5)
    assert found.areas.variance[0] == pytest.approx(effect[1:].var(), rel=0.2)
    np.testing.assert_allclose(np.log(found.areas.factor), found.areas.mean + found.areas.variance / 2)
    assert found.sizes.factor == pytest.approx(1.0, abs=1e-3), "no size is known"
    large = replace(found, sizes=replace(found.sizes, mean=np.arange(6.0)))
    told = large.of(Members(np.array([1]), np.array([7]), np.array([3]), (31, 6)))
    assert told == pytest.approx(found.level[1] * np.exp(found.areas.mean[7] + 3.0))


def test_areas_of_few_series_vary_no_less():
    """Each of four series, which tell little of it."""
    random = np.random.default_rng(2)
    areas, none, effect = 1 + np.arange(120) // 4, np.zeros(120, dtype=int), random.normal(0.0, 0.6, 31)
    presences = random.poisson(100.0 * np.exp(effect[areas]) * random.gamma(3.0, 1 / 3, 120))
    found = fit_levels(presences, np.full(120, 500.0), Members(none, areas, none, (31, 6)), default_prior())
    assert found.areas.variance[0] == pytest.approx(effect[1:].var(), rel=0.4)


def test_quiet_series_keep_hours_of_their_own_too():
    """Five presences a week each; a series that is taken for busier than it is seems to keep its kind's."""
    random = np.random.default_rng(1)
    day = (1 + 0.8 * np.sin(2 * np.pi * (np.arange(24) - 8) / 24))[:, None] * random.gamma(6.0, 1 / 6, (24, 400))
    rate = np.tile(day, (56, 1)) * 0.03 * random.gamma(2.0, 0.5, 400)
    starts = 4 * 86_400 + 3_600 * np.arange(8 * 168)
    prior = fit_fleet(Calendar("UTC"), starts, random.poisson(rate).astype(float), np.zeros(400, dtype=int)).prior
    assert 0.09 < 1 / prior.time_shape[0] < 0.25
    assert 1 / prior.slot_shape[0] < 0.05, "which say nothing of single slots"
    assert prior.dispersion[0] < 0.05


def test_areas_keep_hours_of_their_own_as_far_as_they_are_heard():
    """The unknown and the unheard keep the fleet's; of one presence an hour little is believed."""
    wave = np.exp(0.4 * np.sin(2 * np.pi * (np.arange(24) - 8) / 24))
    hours = np.array([wave, wave, wave, np.zeros(24)]) * np.array([[2000.0], [2000.0], [1.0], [0.0]])
    expected = np.where(hours > 0, hours / wave, 0.0)
    found = fit_area_hours(2.0 * hours, 2.0 * expected, np.arange(4), 5)
    np.testing.assert_array_equal(found[[0, 3, 4]], 1.0)
    np.testing.assert_allclose(found.mean(axis=1), 1.0)
    np.testing.assert_allclose(found[1], wave / wave.mean(), rtol=0.01)
    believed = np.log(found[2]).std() / np.log(found[1]).std()
    assert 0.2 < believed < 0.8


def test_a_holiday_never_heard_is_a_sunday_and_a_kind_has_fridays_of_its_own():
    expected = np.full((len(KINDS), 8, 24), 500.0)
    expected[:, HOLIDAY] = 0.0
    presences = expected.copy()
    presences[:, 6, 11:14] *= 2
    presences[1, 6, 11:14] *= 2
    presences[0, 4, 20:23] *= 3
    parent = default_prior().profile
    found = fit_profile(presences.reshape(len(KINDS), -1), expected.reshape(len(KINDS), -1), parent).profile
    np.testing.assert_allclose(found[:, HOLIDAY], found[:, 6], rtol=1e-6)
    noon, evening = found[:, :, 12], found[:, :, 21]
    assert noon[1, 6] > 1.5 * noon[2, 6] > 2.5 * noon[2, 5]
    assert evening[0, 4] > 2.5
    assert np.delete(evening[0], 4).max() < 1.1
    assert evening[1:].max() < 1.2
    assert found[:, :HOLIDAY].mean(axis=(1, 2)) == pytest.approx(1.0)


@pytest.mark.parametrize("window_minutes", [30, 60])
def test_spreads_are_those_that_the_counts_were_drawn_with(window_minutes: int):
    """Of hours of the day, of slots around them and of windows; sums of some cells keep the variance of the finer."""
    calendar, random, n = Calendar("UTC", window_minutes=window_minutes), np.random.default_rng(1), 300
    by_hour, by_slot, by_window, strength = 1 / 6, 1 / 20, 0.5, 3.0  # relative variances
    starts = 4 * 86_400 + calendar.window_seconds * np.arange(8 * 7 * calendar.windows_per_day)
    hourly = calendar.slots_of(starts) * window_minutes // 60
    own = np.tile(random.gamma(1 / by_hour, by_hour, (n, 24)), 8)
    slot = random.gamma(1 / by_slot, by_slot, (n, 192))
    dispersion = by_window * random.gamma(strength, 1 / strength, n)
    mean = (own * slot)[:, hourly].T * window_minutes / 60
    counts = random.poisson(mean * random.gamma(1 / dispersion, dispersion, mean.shape)).astype(float)
    totals, kinds = slot_totals(calendar, starts, counts), np.zeros(n, dtype=int)
    ratio, hour_shape = fit_time_of_day(totals, kinds, np.ones((n, 192)), default_prior())
    slot_shape = fit_slots(totals, kinds, own, default_prior())
    windows, found_strength = fit_dispersion(totals, kinds, own * slot, default_prior())
    of_slots = by_slot + by_window / (8 * 60 / window_minutes)
    assert np.corrcoef(ratio.ravel(), own.ravel())[0, 1] > 0.85
    assert 1 / slot_shape[0] == pytest.approx(of_slots, rel=0.1)
    assert 1 / hour_shape[0] == pytest.approx(by_hour + of_slots / 7, rel=0.1)
    assert windows[0] == pytest.approx(by_window, rel=0.1)
    assert found_strength[0] == pytest.approx(strength, rel=0.25)


def test_hours_stand_out_by_what_is_too_much_and_with_the_hours_beside_them():
    """Sunday's last hour is beside Monday's first; neither nobody where many are expected is loitering, nor nearly
    three times as many, as series keep hours of their own, but nearly four times as many are."""
    hours = np.full((4, 192), 8.0)
    presences = hours.copy()
    presences[0, 167], presences[1, 50:60], presences[2, 81], presences[3, 81] = 200.0, 0.0, 50.0, 74.0
    out = standing_out(SlotTotals(presences, presences**2, hours, 1.0), np.ones((4, 192)), np.full(4, 6.0))
    assert np.flatnonzero(out[0]).tolist() == [0, 1, 165, 166, 167]
    assert not out[1:3].any()
    assert np.flatnonzero(out[3]).tolist() == [79, 80, 81, 82, 83]


def test_loitering_hardly_moves_the_profile_and_what_series_are_alike_in():
    loud = CityParameters(chronic_share=0.15, emerging_share=0.0, ended_share=0.0)
    with_loitering = fit(simulate_city(2, stairwells=150, weeks=8, parameters=loud))
    without = fit(simulate_city(2, stairwells=150, weeks=8, null=True))
    stairwell = kind_number("stairwell")
    evenings = (slice(3, 6), slice(18, 24))
    ratio = with_loitering.profile[stairwell][evenings].mean() / without.profile[stairwell][evenings].mean()
    assert 0.9 < ratio < 1.15
    assert with_loitering.time_shape[stairwell] > 0.6 * without.time_shape[stairwell]
    assert with_loitering.dispersion[stairwell] == pytest.approx(without.dispersion[stairwell], rel=0.25)


def test_absent_kinds_fall_back_to_the_parent(calm, taught):
    rows = np.array(calm.kinds) == "stairwell"
    kinds = np.zeros(rows.sum(), dtype=int)
    child = fit_fleet(calm.calendar, calm.starts, calm.counts[:, rows], kinds, parent=taught).prior
    attic = kind_number("attic")
    for table in ("level", "level_shape", "time_shape", "slot_shape", "dispersion"):
        assert getattr(child, table)[attic] == pytest.approx(getattr(taught, table)[attic])
    assert np.corrcoef(child.profile[attic].ravel(), taught.profile[attic].ravel())[0, 1] > 0.95


@pytest.mark.parametrize("missing", [0.0, np.nan])
def test_nothing_heard_leaves_the_parent_profile(missing):
    city = simulate_city(3, stairwells=4, weeks=1)
    kinds = np.array([kind_number(kind) for kind in city.kinds])
    prior = fit_fleet(city.calendar, city.starts, np.full(city.counts.shape, missing), kinds).prior
    np.testing.assert_allclose(prior.profile, default_prior().profile)


def test_little_data_still_gives_a_valid_prior():
    city = simulate_city(4, stairwells=2, weeks=1)
    prior = fit(city)
    assert prior.profile.shape == (len(KINDS), 8, 24)
    assert np.all(prior.level > 0)


def test_half_hours_and_hours_teach_the_same_rates():
    hourly = fit(simulate_city(5, stairwells=80, weeks=4, null=True))
    half_hourly = fit(simulate_city(5, stairwells=80, weeks=4, null=True, window_minutes=30))
    stairwell = kind_number("stairwell")
    assert half_hourly.level[stairwell] == pytest.approx(hourly.level[stairwell], rel=0.1)


def test_shapes_that_disagree_are_refused(calm):
    with pytest.raises(ValueError, match="windows"):
        fit_fleet(calm.calendar, calm.starts, calm.counts[1:], np.zeros(calm.counts.shape[1], dtype=int))
