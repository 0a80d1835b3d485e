"""A series alone is stepped in floats; its bits are those of its column among others."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.detector import elementwise
from models.detector.columns import OccupancyColumns
from models.detector.state import Head, OccupancyState
from models.shipped import shipped_version

SERIES, WEEKS, WEEK = 5, 7, 168
SHIFTED, SILENT = 3, 4  # columns
FRIDAY = 4  # the first day: the few there are at 15 minutes see a weekend and a holiday


def columns_of(series: slice, window_minutes: int = 60, state: OccupancyState | None = None) -> OccupancyColumns:
    kinds = np.arange(SERIES)[series]
    return OccupancyColumns(shipped_version(), window_minutes, kinds, np.full(len(kinds), 0.02), state)


def told_counts(windows: int) -> NDArray[np.float64]:
    """From a presence in four days to a crowd; one series becomes five times as busy, one ends, some are missing."""
    random = np.random.default_rng(11)
    rate = np.array([0.01, 0.2, 300.0, 1.0, 0.5]) * (1 + np.sin(np.arange(windows) * np.pi / 12))[:, None]
    rate[windows // 2 :, SHIFTED] *= 5.0
    counts = random.poisson(rate * random.gamma(2.0, 0.5, rate.shape)).astype(float)
    counts[random.random(counts.shape) < 0.1] = np.nan
    counts[-WEEK:, SILENT] = np.nan
    return counts


def stepped(series: slice, counts: NDArray[np.float64], columns: OccupancyColumns) -> list[bytes]:
    """The bytes of all verdicts, by series, some windows left out, some confirmed, some kept as a holiday."""
    random = np.random.default_rng(5)
    left_out, confirmed, holiday = random.random((3, *counts.shape)) < 0.03
    windows = []
    for k, row in enumerate(counts):
        if k == len(counts) - WEEK:
            columns.state.head[Head.QUIET, :] = np.inf
        windows.append(
            columns.advance(
                (k + FRIDAY * columns.week.windows_per_day) % columns.week.slots,
                row[series],
                left_out=left_out[k][series],
                confirmed=confirmed[k][series],
                holiday=holiday[k][series],
            )
        )
    told = columns.tell(windows)
    return [
        b"".join(np.ascontiguousarray(values[:, one]).tobytes() for values in vars(told).values())
        for one in range(columns.width)
    ]


def bytes_of(state: OccupancyState, column: int) -> bytes:
    return b"".join(np.ascontiguousarray(rows[..., column]).tobytes() for rows in (state.slots, state.bins, state.head))


@pytest.mark.parametrize("window_minutes", [60, 15])
def test_a_series_alone_has_the_bits_of_its_column(window_minutes: int) -> None:
    """To the sign of a zero: also after a shift of level, in a silence, and whatever people say of its counts."""
    counts = told_counts((WEEKS if window_minutes == 60 else 2) * WEEK)
    beside = columns_of(slice(None), window_minutes)
    verdicts = stepped(slice(None), counts, beside)
    if window_minutes == 60:
        assert beside.state.head[Head.EPOCH, SHIFTED] > 0
    for one in range(SERIES):
        series = slice(one, one + 1)
        alone = columns_of(series, window_minutes)
        assert stepped(series, counts, alone) == [verdicts[one]]
        assert bytes_of(alone.state, 0) == bytes_of(beside.state, one)


def test_a_view_of_one_series_is_written_in_place() -> None:
    """As any other state that is given."""
    held = OccupancyState.new(24, SERIES)
    view = OccupancyState(held.slots[..., 2:3], held.bins[..., 2:3], held.head[:, 2:3])
    columns_of(slice(2, 3), state=view).step(20, np.array([4.0]))
    assert held.head[Head.SEEN].tolist() == [0.0, 0.0, 1.0, 0.0, 0.0]


def pickled(columns: OccupancyColumns) -> OccupancyColumns:
    one: OccupancyColumns = pickle.loads(pickle.dumps(columns))  # noqa: S301 - our own
    return one


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copy_learns_for_itself(copied: Callable[[OccupancyColumns], OccupancyColumns]) -> None:
    """What a series alone is stepped by are views, which must be those of the copy's own state."""
    one = columns_of(slice(0, 1))
    one.step(20, np.array([4.0]))
    other = copied(one)
    before = bytes_of(one.state, 0)
    other.step(21, np.array([2.0]))
    assert bytes_of(one.state, 0) == before
    one.step(21, np.array([2.0]))
    assert bytes_of(one.state, 0) == bytes_of(other.state, 0)


def test_another_state_takes_the_place_of_the_first() -> None:
    """Its views are made anew."""
    columns = columns_of(slice(0, 1))
    columns.step(20, np.array([4.0]))
    columns.state = OccupancyState.new(24, 1)
    columns.step(20, np.array([4.0]))
    fresh = columns_of(slice(0, 1))
    fresh.step(20, np.array([4.0]))
    assert bytes_of(columns.state, 0) == bytes_of(fresh.state, 0)


numbers = st.floats(width=64)
positive = st.floats(1e-300, 1e300)


def assert_alike(function: Callable[..., Any], *values: float) -> None:
    alone, wide = function(*values), function(*(np.full(9, value) for value in values))
    assert type(alone) is float
    if np.isnan(alone):
        assert np.isnan(wide).all()
    else:
        assert np.array([alone]).tobytes() * 9 == wide.tobytes()


@given(one=numbers, other=numbers)
@example(one=0.0, other=-0.0)
@example(one=-0.0, other=0.0)
def test_floats_are_chosen_among_as_arrays_are(one: float, other: float) -> None:
    assert_alike(elementwise.maximum, one, other)
    assert_alike(elementwise.minimum, one, other)
    assert elementwise.is_given(one) == elementwise.is_given(np.array([one]))[0]  # type: ignore[arg-type]
    if one <= other:
        for value in (one, other, 0.0, -0.0, np.nan, np.inf):
            assert_alike(elementwise.clip, value, one, other)


@given(value=positive)
def test_functions_of_a_float_have_the_bits_of_arrays(value: float) -> None:
    for function in (elementwise.log, elementwise.log1p, elementwise.sqrt, elementwise.square):
        with np.errstate(over="ignore", under="ignore"):
            assert_alike(function, value)
    for function in (elementwise.exp, elementwise.expm1, elementwise.ndtri):
        assert_alike(function, value / (1.0 + value) * 0.999)
    assert_alike(elementwise.logaddexp, value, 1.0)
