"""What series are held against, worked out window by window, and what is drawn from it, moment by moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from models.calendar import Calendar
from models.hotspots.blocks import Days
from models.hotspots.ground import Ground, Presences
from models.hotspots.mood import Mood
from models.hotspots.scan import Comparison
from models.hotspots.significance import draw_rates
from models.hotspots.town import Town
from models.prior import FleetPrior
from models.training.fleet import default_prior

MONDAY = datetime(2025, 9, 8, tzinfo=UTC)
HOLIDAY = date(2025, 9, 18)
KINDS = np.array([0, 2, 5, 2])


def unlike_prior() -> FleetPrior:
    """Every kind, day type and hour with a number of its own."""
    random = np.random.default_rng(1)
    tables = {name: random.uniform(0.5, 2.0, table.shape) for name, table in default_prior().to_tables().items()}
    tables["profile"] /= tables["profile"][:, :7].mean(axis=(1, 2), keepdims=True)
    return replace(default_prior(), **tables)


def two_weeks(window_minutes: int) -> Presences:
    """Four series, each with gaps, of which the first day is a half one."""
    calendar, random = Calendar("UTC", [HOLIDAY], window_minutes), np.random.default_rng(2)
    windows = (14 * 24 - 12) * 60 // window_minutes
    starts = int(MONDAY.timestamp()) + 12 * 3600 + calendar.window_seconds * np.arange(windows)
    counts = random.poisson(0.4, (windows, 4)).astype(float)
    counts[random.random(counts.shape) < 0.2] = np.nan
    return Presences(calendar, starts, counts, random.uniform(0.0, 1.0, counts.shape), KINDS, np.arange(4))


@pytest.mark.parametrize("window_minutes", [30, 60])
@pytest.mark.parametrize("peers", [None, 7, 8])
def test_a_series_is_held_against_its_peers_in_the_hours_heard_or_against_its_own_normal(
    window_minutes: int, peers: int | None
) -> None:
    """With eight peers at least; with fewer, what the model expected is nowhere less than peers at its level have."""
    presences, mood = two_weeks(window_minutes), np.random.default_rng(3).uniform(0.5, 2.0, (7, 24))
    prior = None if peers is None else unlike_prior()
    town = Town(Mood(mood.astype(np.float32), np.zeros((7, 24), dtype=np.float32)), 0.0)
    ground = Ground.of(presences, prior, 7, peers, town)
    observed, told = ground.cells(np.arange(4))
    base, seen, heard, own = np.zeros((4, 14, 24, 4))
    for start, counts, expected in zip(presences.starts, presences.counts, presences.expected, strict=True):
        time = datetime.fromtimestamp(int(start), UTC)
        day = (time - MONDAY) // timedelta(days=1)
        for series in np.flatnonzero(~np.isnan(counts)):
            cell = day, time.hour, series
            seen[cell] += counts[series]
            heard[cell] += window_minutes / 60
            own[cell] += expected[series]
            if prior is not None:
                day_type = 7 if time.date() == HOLIDAY else time.weekday()
                rate = prior.level[KINDS[series]] * prior.profile[KINDS[series], day_type, time.hour]
                base[cell] += rate * window_minutes / 60 * (mood[time.weekday(), time.hour] if day >= 7 else 1.0)
    if prior is not None and peers == 7:
        shape = prior.level_shape[KINDS]
        base *= (shape + seen.sum(axis=(0, 1))) / (shape + base.sum(axis=(0, 1)))
    if peers != 8:
        base = np.maximum(base, own)
    np.testing.assert_allclose(observed[-14:], seen)
    np.testing.assert_allclose(told.hours[-14:], heard)
    np.testing.assert_allclose(told.base[-14:], base, rtol=1e-5)
    assert not told.hours[:-14].any()
    if prior is not None:
        assert told.profile_shape.tolist() == prior.time_shape[KINDS].tolist()
        assert told.weekday_shape.tolist() == prior.slot_shape[KINDS].tolist()
        assert told.dispersion.tolist() == prior.dispersion[KINDS].tolist()
        assert told.dispersion_strength.tolist() == prior.dispersion_strength[KINDS].tolist()
    if peers == 8:
        assert told.level_shape.tolist() == prior.level_shape[KINDS].tolist()
    else:
        assert told.level_shape.tolist() == [20.0] * 4


SERIES, DAYS = 1500, Days.ending(20_347, period=7, history=21)
LEVEL, BEND, WEEKDAY, NIGHT, DISPERSION, MOOD = 100.0, 0.2, 0.15, 0.1, 0.6, 0.3  # a shape, and relative variances
RATE = 0.3


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Rates of many series alike beside what is expected at their level, float64[21, 24, series]."""
    base = np.full((len(DAYS), 24, SERIES), RATE, dtype=np.float32)
    shapes = (np.full(SERIES, one) for one in (LEVEL, 1 / BEND, 1 / WEEKDAY, DISPERSION, 1.0))
    town = Town(Mood(np.ones((7, 24), dtype=np.float32), np.full((7, 24), MOOD, dtype=np.float32)), 0.0)
    comparison = Comparison(base, np.ones_like(base), *shapes, town=town)
    expected = RATE * len(DAYS) * 24
    level = (LEVEL + expected / 2) / (LEVEL + expected)
    return draw_rates(base / 2, comparison, DAYS, np.random.default_rng(4)) / base / level


def test_draws_vary_together_as_what_they_are_made_of(drawn: np.ndarray) -> None:
    """By products of rates in two hours: what the hours share multiplies them by 1 and its variance."""
    first, past, period = drawn[:7], drawn[7:14], drawn[14:]
    assert drawn.mean() == pytest.approx(1.0, rel=0.03)
    assert period.mean() == pytest.approx(first.mean(), rel=0.05)
    another_day = (past[:-1] * first[1:]).mean()
    assert np.log(another_day) == pytest.approx(BEND, abs=0.05)
    assert (past[:-1] * period[1:]).mean() == pytest.approx(another_day, rel=0.05)
    assert np.log((period[:-1] * period[1:]).mean() / another_day) == pytest.approx(MOOD, abs=0.08)
    assert (first * past).mean() / another_day == pytest.approx(1 + WEEKDAY, rel=0.04)
    next_hour = (past[:, :-1] * past[:, 1:]).mean()
    assert next_hour / (first[:, :-1] * past[:, 1:]).mean() == pytest.approx(1 + NIGHT, rel=0.04)
    assert (past[:, :-1] ** 2).mean() / next_hour == pytest.approx(1 + DISPERSION, rel=0.08)


def test_series_are_drawn_with_a_dispersion_of_their_own(drawn: np.ndarray) -> None:
    """Of strength 1, where the median is 0.7 of the mean."""
    squares, products = (drawn[:14] ** 2).mean(axis=(0, 1)), (drawn[:14, :-1] * drawn[:14, 1:]).mean(axis=(0, 1))
    own = squares / products - 1
    assert np.median(own) < 0.85 * own.mean()
