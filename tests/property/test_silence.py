"""A long silence is forgotten: stepping its last four weeks gives the state that stepping all of it gives."""

from __future__ import annotations

import numpy as np
import pytest

from models.detector.columns import OccupancyColumns
from models.detector.state import GROUPS
from models.shipped import shipped_version
from service.usecases.learning.batches import FORGOTTEN_SECONDS

WEEK = 168


@pytest.mark.parametrize(
    ("seed", "window_minutes"),
    [(0, 60), *(pytest.param(*of, marks=pytest.mark.long) for of in ((1, 60), (2, 30), (2, 20)))],
)
def test_state_does_not_depend_on_the_length_of_a_long_silence(seed, window_minutes):
    random = np.random.default_rng(seed)
    width, week = 40, WEEK * 60 // window_minutes
    rates = 10 ** random.uniform(-2, 3, width)
    columns = OccupancyColumns(shipped_version(), window_minutes, random.integers(0, 7, width), np.full(width, 0.02))
    for window in range(2 * week + int(random.integers(0, week))):
        loud = 1 + 5 * (window % (week // 7) > week // 8)
        columns.learn(window % week, random.poisson(rates * loud).astype(float))
    shorter = OccupancyColumns(
        shipped_version(), window_minutes, columns.kinds, columns.shares, columns.state.select(slice(None))
    )
    forgotten = FORGOTTEN_SECONDS // (window_minutes * 60)
    missing = np.full(width, np.nan)
    for window in range(forgotten):
        shorter.learn(window % week, missing)
    for window in range(-2 * week, forgotten):
        columns.learn(window % week, missing)
    for group in GROUPS:
        np.testing.assert_array_equal(getattr(columns.state, group), getattr(shorter.state, group), group)
