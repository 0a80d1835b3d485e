"""What the fleet teaches is what the town was made of, loitering left aside."""

import numpy as np
import pytest
from scipy.special import polygamma

from models.city import CityParameters, SimulatedCity, simulate_city
from models.kinds import KINDS, kind_number
from models.prior import FleetPrior
from models.training.fleet import default_prior, fit_fleet


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


def test_profile_and_level_of_common_kinds_are_found(calm):
    prior = fit(calm)
    for kind in ("stairwell", "entrance"):
        number = kind_number(kind)
        found = prior.profile[number, :7].ravel()
        assert np.corrcoef(found, true_profile(calm, kind))[0, 1] > 0.97
        series = np.array(calm.kinds) == kind
        assert prior.level[number] == pytest.approx(calm.rate[:, series].mean(), rel=0.15)


def test_level_shape_and_dispersion_are_of_the_right_size(calm):
    prior = fit(calm)
    stairwell = kind_number("stairwell")
    levels = calm.rate[:, np.array(calm.kinds) == "stairwell"].mean(axis=0)
    log_variance = polygamma(1, prior.level_shape[stairwell])
    assert log_variance == pytest.approx(np.log(levels).var(), rel=0.5)
    low, high = CityParameters().window_shape
    assert 0.5 / high < prior.dispersion[stairwell] < 1.5 / low


def test_loitering_hardly_moves_the_profile():
    loud = CityParameters(chronic_share=0.15, emerging_share=0.0, ended_share=0.0)
    with_loitering = fit(simulate_city(2, stairwells=150, weeks=8, parameters=loud))
    without = fit(simulate_city(2, stairwells=150, weeks=8, null=True))
    stairwell = kind_number("stairwell")
    evenings = (slice(3, 6), slice(18, 24))
    ratio = with_loitering.profile[stairwell][evenings].mean() / without.profile[stairwell][evenings].mean()
    assert 0.9 < ratio < 1.15


def test_absent_kinds_fall_back_to_the_parent(calm):
    parent = fit(calm)
    rows = np.array(calm.kinds) == "stairwell"
    kinds = np.zeros(rows.sum(), dtype=int)
    child = fit_fleet(calm.calendar, calm.starts, calm.counts[:, rows], kinds, parent=parent).prior
    attic = kind_number("attic")
    for table in ("level", "level_shape", "time_shape", "slot_shape", "dispersion"):
        assert getattr(child, table)[attic] == pytest.approx(getattr(parent, table)[attic])
    assert np.corrcoef(child.profile[attic].ravel(), parent.profile[attic].ravel())[0, 1] > 0.95


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
