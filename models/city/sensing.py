"""What the sensors of a simulated town report of it: gaps, death, silence, late installation, moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.city.parameters import CityParameters

_DAYS_LATE_AFTER_MOVE = 1


@dataclass(frozen=True)
class SimulatedSensor:
    """A device in one series from window ``begin`` to window ``end`` (exclusive)."""

    sensor: str
    series: int
    begin: int
    end: int


@dataclass(frozen=True)
class Sensing:
    """Which windows a sensor was there for and sent (``alive``), and where it heard nothing (``silent``)."""

    sensors: tuple[SimulatedSensor, ...]
    alive: NDArray[np.bool_]
    silent: NDArray[np.bool_]


def draw_sensing(
    random: np.random.Generator, windows: int, series: int, window_minutes: int, parameters: CityParameters
) -> Sensing:
    """Sensors of every series and their faults, shapes (windows, series)."""
    per_day = 24 * 60 // window_minutes
    sensors = _draw_sensors(random, windows, series, per_day, parameters)
    alive = np.zeros((windows, series), dtype=bool)
    for sensor in sensors:
        alive[sensor.begin : sensor.end, sensor.series] = True
    _open_gaps(random, alive, window_minutes, parameters)
    _stop(random, alive, per_day, parameters)
    silent = np.zeros((windows, series), dtype=bool)
    for column in _pick(random, series, parameters.silent_share):
        begin = int(random.integers(windows))
        silent[begin : begin + per_day * int(random.integers(7, 22)), column] = True
    return Sensing(sensors, alive, silent)


def draw_shifts(
    random: np.random.Generator, windows: int, series: int, parameters: CityParameters
) -> tuple[tuple[int, int, float], ...]:
    """Level shifts as (series, first window, factor), in the middle half of the span."""
    shifts = []
    for column in _pick(random, series, parameters.shift_share):
        factor = random.uniform(*parameters.shift_factor) ** random.choice((-1, 1))
        shifts.append((int(column), int(random.integers(windows // 4, 3 * windows // 4)), float(factor)))
    return tuple(shifts)


def _draw_sensors(
    random: np.random.Generator, windows: int, series: int, per_day: int, parameters: CityParameters
) -> tuple[SimulatedSensor, ...]:
    begin = np.zeros(series, dtype=np.int64)
    end = np.full(series, windows)
    late = _pick(random, series, parameters.late_share)
    begin[late] = random.integers(1, max(2, windows // 2), len(late))
    names = np.array([f"g{k + 1:05d}" for k in range(series)])
    still = np.setdiff1d(np.arange(series), late)
    pairs = random.permutation(still)[: 2 * round(parameters.moved_share * len(still))].reshape(-1, 2)
    for old, new in pairs:
        moved = int(random.integers(windows // 4, max(windows // 4 + 1, 3 * windows // 4)))
        end[old] = moved
        begin[new] = min(windows, moved + _DAYS_LATE_AFTER_MOVE * per_day)
        names[new] = names[old]
    return tuple(
        SimulatedSensor(str(names[k]), k, int(begin[k]), int(end[k])) for k in range(series) if begin[k] < end[k]
    )


def _open_gaps(
    random: np.random.Generator, alive: NDArray[np.bool_], window_minutes: int, parameters: CityParameters
) -> None:
    windows, series = alive.shape
    weeks = windows * window_minutes / (7 * 24 * 60)
    number = random.poisson(parameters.gaps_per_series_week * weeks * series)
    columns = random.integers(series, size=number)
    begins = random.integers(windows, size=number)
    mean_windows = max(1.0, parameters.gap_hours * 60 / window_minutes)
    lengths = random.geometric(1 / mean_windows, number)
    for column, begin, length in zip(columns, begins, lengths, strict=True):
        alive[begin : begin + length, column] = False


def _stop(random: np.random.Generator, alive: NDArray[np.bool_], per_day: int, parameters: CityParameters) -> None:
    windows, series = alive.shape
    for column in _pick(random, series, parameters.dead_share):
        begin = int(random.integers(windows))
        for_good = random.random() < 0.5
        length = windows if for_good else per_day * int(random.integers(7, 29))
        alive[begin : begin + length, column] = False


def _pick(random: np.random.Generator, series: int, share: float) -> NDArray[np.int64]:
    return random.permutation(series)[: random.binomial(series, share)]
