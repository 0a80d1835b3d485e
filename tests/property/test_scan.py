"""Properties of the scan over any counts: what it sums, what it names, and what it does not take for evidence."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hotspots.blocks import BLOCK_HOURS, Days
from models.hotspots.mood import Mood
from models.hotspots.scan import BestBlocks, Comparison, scan_blocks
from models.hotspots.significance import false_discovery_control
from models.hotspots.town import Town

DAYS = Days.ending(20_347, period=14, history=28)


def scan(counts: np.ndarray, base: np.ndarray) -> BestBlocks:
    return scan_blocks(counts.astype(np.float32), against(base), DAYS)


def against(base: np.ndarray) -> Comparison:
    """A comparison of series that were heard all the time."""
    n = base.shape[2]
    shapes = (np.full(n, shape) for shape in (20.0, 10.0, 40.0))
    return Comparison(
        base.astype(np.float32),
        np.ones(base.shape, dtype=np.float32),
        *shapes,
        np.full(n, 0.5),
        np.full(n, 2.0),
        Town.as_ever(),
    )


def draw(seed: int, rate: float, n: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    base = rate * rng.uniform(0.5, 1.5, (len(DAYS), 24, n))
    return rng.poisson(base).astype(float), base


seeds = st.integers(0, 2**32 - 1)
rates = st.floats(0.01, 0.5)


@settings(max_examples=20)
@given(seeds, rates)
def test_named_blocks_have_presences_on_two_nights_and_more_than_expected(seed, rate):
    counts, _ = draw(seed, rate)
    found = scan(counts, np.full_like(counts, rate))
    hours = counts.reshape(-1, counts.shape[2])
    for series in np.flatnonzero(found.evidence > -np.inf):
        nights = []
        for day in np.flatnonzero(DAYS.in_period):
            if int(found.weekdays[series]) >> int(DAYS.weekdays[day]) & 1:
                begin = day * 24 + int(found.from_hour[series])
                nights.append(hours[begin : begin + int(found.length[series]), series].sum())
        assert sum(nights) > found.expected[series] > 0
        assert np.count_nonzero(nights) >= 2


@settings(max_examples=10)
@given(seeds, rates, st.integers(1, 39))
def test_series_are_judged_alone_to_the_last_bit(seed, rate, split):
    counts, base = draw(seed, rate, n=40)
    whole = scan(counts, base)
    parts = [scan(counts[:, :, part], base[:, :, part]) for part in (slice(split), slice(split, None))]
    for name, column in vars(whole).items():
        assert np.concatenate([getattr(part, name) for part in parts]).tobytes() == column.tobytes()


@pytest.mark.filterwarnings("error")
def test_a_period_of_a_friday_and_a_saturday_names_no_other_day():
    """Weekdays that a short period does not have add nothing, not even a division by zero."""
    days = Days.ending(20_351, period=2, history=28)
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.3, (len(days), 24, 20)).astype(np.float32)
    base = np.full_like(counts, 0.3)
    found = scan_blocks(counts, against(base), days)
    assert (found.evidence > -np.inf).any()
    assert not (found.weekdays[found.evidence > -np.inf] & ~0b0110000).any()


@settings(max_examples=20)
@given(seeds, rates)
def test_no_presence_or_one_night_alone_is_no_evidence(seed, rate):
    counts, base = draw(seed, rate)
    counts[:] = 0
    counts[-3, 18:24, 0] = 9
    assert scan(counts, base).evidence.tolist() == [-np.inf, -np.inf]


@settings(max_examples=10)
@given(seeds, rates)
def test_loitering_added_to_some_evenings_raises_the_evidence(seed, rate):
    counts, base = draw(seed, rate)
    louder = counts.copy()
    evenings = np.flatnonzero(DAYS.in_period & (DAYS.weekdays >= 3))  # four of the seven
    louder[evenings, 20:23] += 2
    assert np.all(scan(louder, base).evidence > scan(counts, base).evidence)


def test_weekdays_and_hours_of_the_excess_are_named():
    counts = np.zeros((len(DAYS), 24, 1))
    base = np.full_like(counts, 0.05)
    loud = DAYS.in_period & np.isin(DAYS.weekdays, [1, 4])
    counts[loud, 20:22, 0] = 2.0
    found = scan(counts, base)
    assert int(found.weekdays[0]) == 1 << 1 | 1 << 4
    assert (int(found.from_hour[0]), int(found.length[0])) == (20, BLOCK_HOURS[0])
    assert not found.chronic[0]


def test_where_people_come_in_company_as_many_are_expected_and_say_less():
    counts, base = np.zeros((len(DAYS), 24, 1)), np.full((len(DAYS), 24, 1), 0.1)
    counts[DAYS.in_period & np.isin(DAYS.weekdays, [1, 4]), 20:23] = 2.0
    alone, accompanied = (
        scan_blocks(counts.astype(np.float32), replace(against(base), town=Town(Mood.as_ever(), company)), DAYS)
        for company in (0.0, 0.4)
    )
    assert accompanied.expected == pytest.approx(alone.expected, rel=0.3)
    assert accompanied.evidence < 0.7 * alone.evidence


def test_the_same_excess_says_less_in_the_morning():
    """By 2 in the log of the odds."""
    counts, base = np.zeros((len(DAYS), 24, 2)), np.full((len(DAYS), 24, 2), 0.05)
    for series, from_hour in enumerate([8, 20]):
        evenings = DAYS.in_period & np.isin(DAYS.weekdays, [1, 4])
        counts[np.ix_(evenings, range(from_hour, from_hour + 3), [series])] = 1.0
    found = scan(counts, base)
    assert found.from_hour.tolist() == [8, 20]
    assert found.evidence[1] - found.evidence[0] == pytest.approx(2.0, abs=0.3)


def test_what_is_on_since_the_first_day_is_chronic_and_what_has_ended_is_no_evidence():
    counts = np.random.default_rng(3).poisson(0.05, (len(DAYS), 24, 2)).astype(float)
    counts[np.isin(DAYS.weekdays, [1, 3, 4]), 20:23, 0] += 1
    counts[~DAYS.in_period & np.isin(DAYS.weekdays, [1, 3, 4]), 20:23, 1] += 1
    found = scan(counts, np.full_like(counts, 0.05))
    assert found.chronic[0]
    assert found.evidence[0] > 10
    assert found.evidence[1] < 0


@settings(max_examples=10)
@given(seeds, st.floats(0.05, 0.5))
def test_a_busy_weekday_and_a_late_riser_are_no_loitering(seed, rate):
    """A level of its own on a weekday, or another hour for the whole week, is normal life."""
    rng = np.random.default_rng(seed)
    base = np.full((len(DAYS), 24, 2), rate)
    lived = base * 1.0
    lived[DAYS.weekdays == 5, :, 0] *= 2.0
    lived[:, :, 1] *= 1 + 0.5 * np.cos(2 * np.pi * (np.arange(24) - 22) / 24)
    assert (scan(rng.poisson(lived).astype(float), base).evidence < 4).all()


@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_a_saturday_three_times_as_busy_by_day_speaks_against_loitering_on_it(rate):
    """Its hours outside a block tell how busy the day is: otherwise half of such places seemed to have some."""
    lived = (
        np.full((len(DAYS), 24, 30), rate) * np.where((np.arange(24) >= 7) & (np.arange(24) < 23), 1.0, 0.2)[:, None]
    )
    base = lived.copy()
    lived[DAYS.weekdays == 5, 8:22] *= 3.0
    assert np.median(scan(np.random.default_rng(4).poisson(lived).astype(float), base).evidence) < -0.5


@settings(max_examples=25)
@given(st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=50))
def test_false_discovery_control_is_the_definition(p_values):
    p = np.array(p_values)
    ordered = np.sort(p)
    within = np.flatnonzero(ordered <= 0.05 * np.arange(1, len(p) + 1) / len(p))
    limit = ordered[within[-1]] if len(within) else -1.0
    assert (false_discovery_control(np.log(p), 0.05) == (p <= limit)).all()


@pytest.mark.filterwarnings("error")
def test_nights_after_saturday_that_are_louder_than_saturday_are_weighed():
    """Hours past midnight belong to the evening before, of whose own day they are more than all."""
    counts = np.zeros((len(DAYS), 24, 1))
    counts[DAYS.weekdays == 6, 0:5] = 12.0
    found = scan(counts, np.full_like(counts, 0.05))
    assert np.isfinite(found.evidence).all()
    assert found.weekdays[0] >> 5 & 1


@pytest.mark.parametrize("presences", [255, 65_535])
def test_a_sensor_stuck_for_an_hour_weeks_ago_makes_no_hot_spot_elsewhere(presences):
    counts, base = draw(seed=11, rate=0.05, n=60)
    wild = counts.copy()
    wild[2, np.arange(60) % 24, np.arange(60)] = presences
    before, after = scan(counts, base).evidence, scan(wild, base).evidence
    assert (after < np.maximum(before, 0.0) + 6.0).all()


@pytest.mark.parametrize("day", [2, 5, 9])
def test_a_wild_night_weeks_ago_amid_loitering_says_the_same_however_wild(day):
    """It hides nothing: the block is where it was, and what is expected there hardly more."""
    counts = np.random.default_rng(3).poisson(0.05, (len(DAYS), 24, 1)).astype(float)
    counts[np.ix_(DAYS.in_period & np.isin(DAYS.weekdays, [1, 3, 4]), range(20, 23))] += 1
    counts = np.repeat(counts, 4, axis=2)
    counts[day, 21] += [0, 20, 255, 65_535]
    found = scan(counts, np.full_like(counts, 0.05))
    assert found.evidence[1:] == pytest.approx(found.evidence[0], abs=3.0)
    assert found.evidence[2:] == pytest.approx(found.evidence[1], abs=0.5)
    assert found.from_hour.tolist() == [20] * 4
    assert found.expected[1:] == pytest.approx(found.expected[0], rel=0.4)


@pytest.mark.parametrize("times", [300, 1_000, 10_000])
def test_a_place_much_busier_than_its_kind_with_hours_of_its_own_is_no_hot_spot(times):
    hour = np.arange(24)
    usual = 0.07 * (1.0 + 0.9 * np.cos(2 * np.pi * (hour - 17) / 24))
    rate = times * np.roll(usual, 1)[None, :, None] * np.ones((len(DAYS), 1, 20))
    levels_differ = replace(against(np.broadcast_to(usual[None, :, None], rate.shape)), level_shape=np.full(20, 1.5))
    counts = np.random.default_rng(12).poisson(rate).astype(np.float32)
    assert (scan_blocks(counts, levels_differ, DAYS).evidence < 6.0).all()
