"""The fleet's dispersion, and how alike its series are in it, are those that counts were drawn with, few or many."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.dispersion import fit_dispersion
from models.training.fleet import default_prior
from models.training.totals import SlotTotals

KINDS = np.zeros(400, dtype=np.int64)
WEEKS = 16


def totals_of(counts: NDArray[np.float64]) -> SlotTotals:
    """Totals of counts [weeks, n, 192] of an hour each."""
    return SlotTotals(counts.sum(axis=0), np.square(counts).sum(axis=0), np.full(counts.shape[1:], float(WEEKS)), 1.0)


def drawn(
    seed: int, level: float, *, dispersion: float = 0.5, strength: float = 4.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rates float64[n, 192] of series that differ in level and hours, and their counts [weeks, n, 192]."""
    random, n = np.random.default_rng(seed), KINDS.size
    rate = level * random.gamma(1.5, 1 / 1.5, (n, 1)) * random.gamma(2.0, 0.5, (n, 192))
    own = dispersion * random.gamma(strength, 1 / strength, (n, 1))
    return rate, random.poisson(rate * random.gamma(1 / own, own, (WEEKS, n, 192))).astype(float)


@pytest.mark.parametrize("level", [0.1, 0.3, 1.0, 5.0])
def test_it_is_what_counts_were_drawn_with(level: float):
    rate, counts = drawn(1, level)
    found, strength = fit_dispersion(totals_of(counts), KINDS, rate, default_prior())
    assert found[0] == pytest.approx(0.5, rel=0.15)
    assert 2.5 < strength[0] < 7.0


@pytest.mark.parametrize("level", [0.1, 0.3, 1.0])
def test_series_that_are_alike_are_told_from_series_that_are_not(level: float):
    """Where few are counted, chance alone sets the series apart."""
    alike, unlike = (
        fit_dispersion(totals_of(counts), KINDS, rate, default_prior())[1][0]
        for rate, counts in (drawn(2, level, strength=50.0), drawn(2, level, strength=1.0))
    )
    assert alike > 3 * unlike
    assert alike > 5.0
    assert unlike < 2.5


def test_means_that_are_a_fifth_too_high_or_too_low_hardly_matter():
    rate, counts = drawn(3, 0.1)
    right, high, low = (
        fit_dispersion(totals_of(counts), KINDS, factor * rate, default_prior())[0][0] for factor in (1.0, 1.2, 0.8)
    )
    assert high == pytest.approx(right / 1.2**2, rel=0.15)
    assert low == pytest.approx(right / 0.8**2, rel=0.15)


def test_a_series_where_people_loiter_is_not_what_its_kind_is_like():
    rate, counts = drawn(4, 0.03)
    before, alike_before = fit_dispersion(totals_of(counts), KINDS, rate, default_prior())
    counts[8:, 7, 18:22] += 6
    after, alike_after = fit_dispersion(totals_of(counts), KINDS, rate, default_prior())
    assert after[0] == pytest.approx(before[0], rel=0.1)
    assert alike_after[0] == pytest.approx(alike_before[0], rel=0.25)


def test_series_that_were_never_heard_and_kinds_without_series_leave_the_parent():
    silent = SlotTotals(*np.zeros((3, 400, 192)), window_hours=1.0)
    found, strength = fit_dispersion(silent, KINDS, np.ones((400, 192)), default_prior())
    np.testing.assert_allclose(found, default_prior().dispersion)
    np.testing.assert_allclose(strength, default_prior().dispersion_strength)
