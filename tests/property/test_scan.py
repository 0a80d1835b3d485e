"""Properties of the scan over any counts: the fast scan equals trying every block by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots.blocks import BLOCK_HOURS, Days
from models.hotspots.scan import BestBlocks, Comparison, scan_blocks
from models.hotspots.significance import false_discovery_control

DAYS = Days.ending(20_347, period=14, history=28)


def scan(counts: np.ndarray, base: np.ndarray) -> BestBlocks:
    n = counts.shape[2]
    comparison = Comparison(base.astype(np.float32), np.full(n, 20.0), np.full(n, 10.0), learnt=1.0, least_level=1.0)
    return scan_blocks(counts.astype(np.float32), [comparison], np.full(n, 0.5), DAYS)[0]


def draw(seed: int, rate: float, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rate * rng.uniform(0.5, 1.5, (len(DAYS), 24, n))
    return rng.poisson(base).astype(float), base


seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0.01, 0.5)


@settings(max_examples=20)
@given(seeds, rates)
def test_sums_of_the_named_block_are_those_of_the_counts(seed, rate):
    counts, _ = draw(seed, rate)
    found = scan(counts, np.full_like(counts, rate))
    hours = counts.reshape(-1, counts.shape[2])
    for series in np.flatnonzero(found.ratio > 0):
        total = 0.0
        for day in np.flatnonzero(DAYS.in_period):
            if int(found.weekdays[series]) >> int(DAYS.weekdays[day]) & 1:
                begin = day * 24 + int(found.from_hour[series])
                total += hours[begin : begin + int(found.length[series]), series].sum()
        assert total == found.observed[series]


@settings(max_examples=10)
@given(seeds, rates)
def test_series_are_judged_alone(seed, rate):
    counts, base = draw(seed, rate, n=300)
    whole = scan(counts, base)
    one = scan(counts[:, :, 280:281], base[:, :, 280:281])
    assert one.ratio[0] == pytest.approx(whole.ratio[280], rel=1e-5)


@pytest.mark.filterwarnings("error")
def test_a_period_of_a_friday_and_a_saturday_names_no_other_day():
    """Weekdays that a short period does not have add nothing, not even a division by zero."""
    days = Days.ending(20_351, period=2, history=28)
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.3, (len(days), 24, 20)).astype(np.float32)
    base = np.full_like(counts, 0.3)
    comparison = Comparison(base, np.full(20, 20.0), np.full(20, 10.0), learnt=1.0, least_level=1.0)
    found = scan_blocks(counts, [comparison], np.full(20, 0.5), days)[0]
    assert (found.ratio > 0).any()
    assert not (found.weekdays[found.ratio > 0] & ~0b0110000).any()


@settings(max_examples=20)
@given(seeds, rates)
def test_no_presence_or_one_night_alone_is_no_evidence(seed, rate):
    counts, base = draw(seed, rate)
    counts[:] = 0
    counts[-3, 18:24, 0] = 9
    assert scan(counts, base).ratio.tolist() == [0.0, 0.0]


@settings(max_examples=10)
@given(seeds, rates)
def test_loitering_added_to_a_block_of_every_evening_raises_the_evidence(seed, rate):
    counts, base = draw(seed, rate)
    louder = counts.copy()
    louder[-14:, 20:23] += 2
    assert np.all(scan(louder, base).ratio > scan(counts, base).ratio)


def test_chosen_weekdays_are_the_best_of_all_sets_where_they_differ_clearly():
    counts = np.zeros((len(DAYS), 24, 1))
    base = np.full_like(counts, 0.05)
    loud = {1, 4}
    for day in np.flatnonzero(DAYS.in_period):
        counts[day, 20:22, 0] = 2.0 if DAYS.weekdays[day] in loud else 0.0
    found = scan(counts, base)
    best = max(
        (weekdays for size in range(1, 8) for weekdays in combinations(range(7), size)),
        key=lambda weekdays: 4.0 * len(loud & set(weekdays)) - 0.5 * len(weekdays),
    )
    assert int(found.weekdays[0]) == sum(1 << day for day in best)
    assert (int(found.from_hour[0]), int(found.length[0])) == (20, BLOCK_HOURS[0])


@settings(max_examples=50)
@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=50))
def test_false_discovery_control_is_the_definition(p_values):
    p = np.array(p_values)
    ordered = np.sort(p)
    within = np.flatnonzero(ordered <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    limit = ordered[within[-1]] if len(within) else -1.0
    assert (false_discovery_control(np.log(p), 0.05) == (p <= limit)).all()
