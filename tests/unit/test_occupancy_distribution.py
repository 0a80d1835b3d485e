"""The count distribution against scipy's."""

import numpy as np
import pytest
from scipy.stats import nbinom

from models.detector.distribution import Predictive, log_zero, quantile

CASES = [(0.003, 0.4), (0.05, 2.0), (0.7, 0.1), (4.0, 0.6), (60.0, 0.05), (2_500.0, 0.3), (20_000.0, 0.01)]


@pytest.mark.parametrize(("mean", "excess"), CASES)
def test_tail_is_the_negative_binomials(mean: float, excess: float) -> None:
    """P(Y >= y) agrees with scipy over the bulk and the tail."""
    truth = nbinom(1 / excess, 1 / (1 + excess * mean))
    counts = np.unique(np.floor(np.concatenate([np.arange(5.0), mean * np.array([0.1, 0.5, 1.0, 1.5, 3.0])])))
    tail, above = Predictive.of(np.full(counts.size, mean), np.full(counts.size, excess)).tails(counts)
    np.testing.assert_allclose(tail, truth.sf(counts - 1), rtol=1e-8)
    np.testing.assert_allclose(above, truth.sf(counts), rtol=1e-8)


@pytest.mark.parametrize(("mean", "excess"), CASES)
@pytest.mark.parametrize("probability", [0.025, 0.5, 0.975])
def test_quantile_is_the_smallest_count_that_reaches_it(mean: float, excess: float, probability: float) -> None:
    """The quantile agrees with scipy from a presence in two weeks to 20,000 a window."""
    found = quantile(probability, np.array([mean]), np.array([excess]))[0]
    assert found == nbinom(1 / excess, 1 / (1 + excess * mean)).ppf(probability)


def test_log_ratio_and_log_zero_are_the_distributions() -> None:
    """Closed forms agree with differences of log probabilities."""
    mean, other, excess = np.array([0.2, 9.0]), np.array([0.9, 30.0]), np.array([0.5, 0.1])
    count = np.array([3.0, 12.0])
    shape = 1 / excess
    before, after = nbinom(shape, 1 / (1 + excess * mean)), nbinom(shape, 1 / (1 + excess * other))
    expected = after.logpmf(count) - before.logpmf(count)
    known = Predictive.of(mean, excess)
    np.testing.assert_allclose(known.log_likelihood_ratio(count, other), expected, rtol=1e-10)
    for of_nobody in (known.log_zero(), log_zero(mean, excess)):
        np.testing.assert_allclose(of_nobody, before.logpmf(0), rtol=1e-12)
