"""What is said of a block is the sum over everything that may be: sets of weekdays, rates, factors and beginnings."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import nbinom

from models.hotspots.evidence import RATES, Blocks, weigh

BLOCKS, SPANS = 6, 3
SETS = np.array(list(product([False, True], repeat=7)))
OF_SET = np.where(SETS, 0.6, 0.4).prod(axis=1)  # loitering keeps to a weekday with chance 0.6
FACTOR_VARIANCE, ENDED = 0.015, 0.06
NODES, WEIGHTS = np.array([-(3**0.5), 0.0, 3**0.5]), np.array([1, 4, 1]) / 6  # of a normal deviate


def blocks(seed: int) -> Blocks:
    """Calm blocks, and blocks in which somebody loiters on some weekdays: now, always, or before the period only."""
    random = np.random.default_rng(seed)
    hours = random.uniform(2.0, 12.0, (SPANS, 7, BLOCKS))
    base = 0.1 * hours * random.uniform(0.5, 2.0, BLOCKS)
    loud = np.zeros((SPANS, 7, BLOCKS))
    for block, spans in ((1, [0]), (2, [0, 1, 2]), (3, [1, 2]), (4, [1])):
        loud[np.ix_(spans, random.permutation(7)[:3], [block])] = 0.7
    counts = random.poisson(base + loud * hours)
    shapes, variance = random.uniform(2.0, 9.0, base.shape), random.uniform(0.01, 0.3, BLOCKS)
    return Blocks(*(np.asarray(table, dtype=np.float32) for table in (counts, base, hours, shapes, variance)))


def by_hand(given: Blocks, block: int) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """Log odds, those of each beginning, chance of each weekday and presences expected, all terms written out."""
    counts, base, hours, shapes = (
        table[:, :, block].astype(float) for table in (given.counts, given.base, given.hours, given.shapes)
    )
    deviation = np.sqrt(float(given.variance[block]) + FACTOR_VARIANCE)
    calm, ended, since, weekdays, expected = 0.0, 0.0, np.zeros(SPANS), np.zeros(7), np.zeros(7)
    runs = [(first, last) for first in range(1, SPANS) for last in range(first + 1, SPANS + 1)]
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        usual = base * np.exp(deviation * node)

        def chance(mean: np.ndarray) -> np.ndarray:
            return nbinom.pmf(counts, shapes, shapes / (shapes + mean))

        calm += weight * chance(usual).prod()
        for rate in RATES:
            loitering, without = chance(usual + rate * hours), chance(usual)

            def of_sets(first: int, last: int) -> np.ndarray:
                """Chance of the counts and of each set, if somebody loiters in spans from the first to the last."""
                spans = ((np.arange(SPANS) >= first) & (np.arange(SPANS) < last))[:, None] & SETS[:, None, :]
                return OF_SET * np.where(spans, loitering, without).prod(axis=(1, 2))  # noqa: B023

            ended += weight * np.mean([of_sets(*run).sum() for run in runs]) / len(RATES)
            for beginning in range(SPANS):
                sets = weight * of_sets(0, beginning + 1) / len(RATES)
                since[beginning] += sets.sum()
                weekdays += sets @ SETS
                expected += sets.sum() * usual[0]
    odds = since.mean() / (calm + ENDED * ended)
    return float(np.log(odds)), since, weekdays / since.sum(), expected / since.sum()


@pytest.mark.parametrize("seed", [1, 2])
def test_evidence_is_the_sum_over_all_that_may_be(seed: int) -> None:
    given = blocks(seed)
    told = weigh(given)
    for block in range(BLOCKS):
        log_odds, since, weekdays, expected = by_hand(given, block)
        assert told.log_odds[block] == pytest.approx(log_odds, abs=1e-3)
        assert told.chronic[block] == (since[-1] >= since.max())
        np.testing.assert_allclose(told.weekdays[:, block], weekdays, atol=1e-3)
        np.testing.assert_allclose(told.expected[:, block], expected, rtol=1e-3)
    assert told.chronic.any()
    assert not told.chronic.all()
    assert told.log_odds.min() < 0.0 < told.log_odds.max()
