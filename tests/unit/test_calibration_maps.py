"""From a score to its tail: how the maps are read, and what series of other levels open under them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import Calibration, log_multiple
from models.detector.columns import OccupancyColumns
from models.detector.state import Head, row
from models.kinds import KINDS
from models.shipped import shipped_version
from models.training.calibrating import NullSeries, calibrate
from models.version import ModelVersion

SERIES, WEEKS, SETTLED_WEEKS = 300, 30, 8
BUDGET = 0.02


def small_maps() -> Calibration:
    """Log tails of -score, less one for each row of multiples: two lengths, warm-ups and rates, three multiples."""
    scores = np.array([0.0, 1.0, 2.0])
    rows = np.zeros((1, 2, 3, 2, 3)) - scores - np.arange(3.0)[:, None, None]
    return Calibration(
        window_minutes=np.array([60.0]),
        log_rates=np.log([0.1, 10.0]),
        warmup_weeks=np.array([0.0, 4.0]),
        log_multiples=np.log([1 / 3, 1.0, 3.0]),
        scores=scores,
        log_tails=rows,
    )


@pytest.mark.parametrize(
    ("average", "below"), [(3.0, 0.0), (1.0, 1.0), (3**-0.5, 1.5), (1 / 3, 2.0), (100.0, 0.0), (0.01, 2.0), (0.0, 1.0)]
)
def test_a_tail_is_read_by_how_busy_the_window_is_beside_the_week(average: float, below: float) -> None:
    """Linear between multiples, the last ones beyond; a series without an average is taken for one at its average."""
    tail = small_maps().tail(np.array([0.5]), np.array([1.0]), np.array([average]), np.array([0.0]), 60)
    assert np.log(tail) == pytest.approx(-0.5 - below)


def test_a_map_of_another_shape_is_refused() -> None:
    maps = small_maps()
    tables = maps.to_tables() | {"log_tails": maps.log_tails[:, :, :2]}
    with pytest.raises(ValueError, match="log_tails has shape"):
        Calibration.from_tables(tables)


def test_null_series_live_alike_whatever_the_length_of_a_window() -> None:
    """The same series, in the slots of their days: as many presences a day, at the hours that their kinds keep."""
    by_hour = []
    for minutes in (15, 60):
        null, per_hour = NullSeries(shipped_version(), SERIES, seed=1, window_minutes=minutes), 60 // minutes
        days = [list(null.day(day)) for day in range(7)]
        assert [slot for day in days for slot, _ in day] == list(range(168 * per_hour))
        counts = np.array([counts for day in days for _, counts in day])
        by_hour.append(counts.reshape(168, per_hour, SERIES).sum(axis=1))
    quarters, hours = (counts.sum(axis=0) for counts in by_hour)
    busy = hours > 200
    assert np.median(quarters[busy] / hours[busy]) == pytest.approx(1.0, abs=0.1)
    profile = shipped_version().prior.profile[null.kinds[busy], :7].reshape(-1, 168)
    lived = (by_hour[1][:, busy] / hours[busy] * 168).T
    assert np.corrcoef(lived.mean(axis=0), profile.mean(axis=0))[0, 1] > 0.9


def test_null_series_keep_hours_and_days_of_their_own() -> None:
    """Log-normal hours, alike as far as they are near, and days that share a factor of shape 12."""
    prior, kinds = shipped_version().prior, np.ones(len(KINDS))
    prior = replace(prior, time_shape=4.0 * kinds, slot_shape=1e6 * kinds, dispersion=1e-6 * kinds)
    null = NullSeries(replace(shipped_version(), prior=prior), 1000, seed=2)
    counts = np.array([[counts for _, counts in null.day(0)] for _ in range(100)])
    busy = counts.mean(axis=(0, 1)) > 5.0
    days = counts[:, :, busy].sum(axis=1)
    assert np.median(days.var(axis=0) / days.mean(axis=0) ** 2) == pytest.approx(1 / 12, rel=0.15)
    hours = np.log(counts[:, :, busy].sum(axis=0) / prior.profile[null.kinds[busy], 0].T)
    for apart in (1, 3, 12):
        unlike = 2 * np.log1p(1 / 4) * (1 - np.exp(-apart / 3.5))
        assert (hours[8] - hours[8 + apart]).var() == pytest.approx(unlike, rel=0.15)


def openings(
    version: ModelVersion, null: NullSeries, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Episodes that each chosen series opens once it is settled, and the mean count per hour expected of it."""
    columns = OccupancyColumns(version, 60, null.kinds[chosen], np.full(len(chosen), BUDGET))
    opened, before = np.zeros(len(chosen)), np.zeros(len(chosen), dtype=bool)
    for day in range(7 * WEEKS):
        for slot, counts in null.day(day % 7):
            scored = columns.advance(slot, counts[chosen])
            known = scored.log_odds, scored.mean, scored.average, scored.evidence_weeks
            anomalous = version.calibration.tail(*known, 60) <= BUDGET
            if day >= 7 * SETTLED_WEEKS:
                opened += anomalous & ~before
            before = anomalous
    return opened, row(columns.state.head, Head.MEAN)


@pytest.mark.long
def test_quiet_and_busy_series_keep_the_same_budget() -> None:
    """A map by the expected count alone let quiet series open half as many again as promised, busy ones too few."""
    null = NullSeries(shipped_version(), SERIES, seed=91)
    level = null._rates[:7].mean(axis=(0, 1))
    asked = np.flatnonzero(((level > 0.02) & (level < 0.4)) | (level > 1.0))
    opened, average = openings(shipped_version(), null, asked)
    for chosen in ((average > 0.02) & (average < 0.4), average > 1.0):
        per_week = opened[chosen].sum() / (chosen.sum() * (WEEKS - SETTLED_WEEKS))
        assert 0.4 * BUDGET < per_week < 1.35 * BUDGET, (per_week, int(chosen.sum()))


@pytest.mark.parametrize(("minutes", "series", "weeks"), [(30, 50, 1), (60, 100, 3)])
def test_maps_tell_the_openings_that_they_were_made_from(minutes: int, series: int, weeks: int) -> None:
    """Summed over all windows, whichever rows and columns these are read from: counted again, at some scores.

    Shorter windows are made from half as many series.
    """
    seed = 3
    version = calibrate(shipped_version(), series=100, weeks=weeks, seed=seed, window_minutes=[minutes])
    null = NullSeries(version, series, seed, minutes)
    columns = OccupancyColumns(version, minutes, null.kinds, np.zeros(series))
    scores = np.array([-6.0, -4.0, -2.0])
    told, opened, before = np.zeros(3), np.zeros(3), np.zeros((3, series), dtype=bool)
    for day in range(7 * weeks):
        for slot, counts in null.day(day % 7):
            scored = columns.advance(slot, counts)
            hours = columns.week.hours
            known = scored.mean / hours, scored.average / hours, scored.evidence_weeks
            tails = [version.calibration.tail(np.full(series, score), *known, minutes) for score in scores]
            told += np.sum(tails, axis=1) / columns.week.windows
            above = scored.log_odds >= scores[:, None]
            opened += (above & ~before).sum(axis=1)
            before = above
    often = opened > 80
    assert often.sum() >= 2
    np.testing.assert_allclose(told[often], opened[often], rtol=0.15)


def test_maps_are_those_of_their_seed() -> None:
    """And every row falls with the score, also where hardly anything was simulated; where nothing was, as before."""
    one, other, another = (
        calibrate(shipped_version(), series=20, weeks=1, seed=seed).calibration for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.log_tails, other.log_tails)
    assert not np.array_equal(one.log_tails, another.log_tails)
    one = calibrate(shipped_version(), series=20, weeks=3, seed=1).calibration
    assert (np.diff(one.log_tails, axis=-1) < 0).all()
    assert one.warmup_weeks[2:4].tolist() == [2.0, 4.0]
    assert (one.log_tails[:, 3:] == one.log_tails[:, 2:3]).all()


def test_a_multiple_is_of_an_average_window() -> None:
    multiples = log_multiple(np.array([2.0, 2.0, 0.0]), np.array([1.0, 0.0, 0.0]))
    assert multiples.tolist() == pytest.approx([np.log(2.0), 0.0, 0.0])
