"""Builds a version's calibration maps by simulating series in which nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, log_multiple
from models.detector.columns import OccupancyColumns
from models.detector.distribution import Floats
from models.kinds import KINDS
from models.version import ModelVersion

_LOG_RATES = np.log(np.geomspace(0.001, 1000.0, 19))
_WARMUP_WEEKS = np.array([0.0, 1.0, 2.0, 4.0, 8.0, 16.0])  # memory and long tails fill until about four months
_LOG_MULTIPLES = np.log([1 / 9, 1 / 3, 1.0, 3.0])  # of the expected count of an average window of the week
_SCORES = np.arange(-10.0, 40.5, 0.5)
_ALIKE_HOURS = 3.5  # as the hyper-parameter hour_variance has it
_DAY_SHAPE = 12.0  # days differ: part of the overdispersion is shared by all windows of a day
_SPARSE_SHARE = 0.7
_SPARSE_LEVELS = (0.003, 1.5)  # presences per hour
_DENSE_LEVELS = (1.5, 500.0)
_FEWEST = 20.0  # openings below which the tail is extrapolated
_ENOUGH = 400.0  # openings at the lowest score below which neighbouring rates are pooled
_SLOPES = (-1.5, -0.25)  # of an extrapolated log tail


def uncalibrated() -> Calibration:
    """Maps to start from: an exponential tail."""
    shape = (1, _WARMUP_WEEKS.size, _LOG_MULTIPLES.size, _LOG_RATES.size, _SCORES.size)
    tails = np.broadcast_to(2.0 - 0.7 * (_SCORES + 10.0), shape)
    return Calibration(np.array([60.0]), _LOG_RATES, _WARMUP_WEEKS, _LOG_MULTIPLES, _SCORES, tails)


def calibrate(
    version: ModelVersion,
    *,
    series: int,
    weeks: int,
    seed: int,
    window_minutes: Collection[int] = (60,),
    progress: Callable[[float], None] | None = None,
) -> ModelVersion:
    """The version with maps of its score's tail.

    Parameters
    ----------
    version
        Its prior draws the series, its hyper-parameters score them; its own maps are not used.
    series, weeks
        How many series and how long; half as many series at windows below an hour, which tell more each.
    seed
        Of the random generator.
    window_minutes
        Lengths of window to make maps for.
    progress
        Called with the share done.
    """
    lengths = sorted(window_minutes)
    tails = []
    for number, minutes in enumerate(lengths):
        report = _part_of(progress, number, len(lengths))
        fewer = max(1, series if minutes == 60 else series // 2)
        tails.append(_log_tails(version, minutes, report, series=fewer, weeks=weeks, seed=seed))
    maps = Calibration(
        np.array(lengths, dtype=np.float64), _LOG_RATES, _WARMUP_WEEKS, _LOG_MULTIPLES, _SCORES, np.stack(tails)
    )
    return replace(version, calibration=maps)


def _log_tails(
    version: ModelVersion, minutes: int, progress: Callable[[float], None], *, series: int, weeks: int, seed: int
) -> NDArray[np.float64]:
    """The map of one length of window, float64[warmups, multiples, rates, scores]."""
    null = NullSeries(version, series, seed, minutes)
    columns = OccupancyColumns(version, minutes, null.kinds, np.zeros(series))
    openings = _Openings(columns.week.windows)
    for day in range(7 * weeks):
        for slot, counts in null.day(day % 7):
            scored = columns.advance(slot, counts)
            rate, average = scored.mean / columns.week.hours, scored.average / columns.week.hours
            openings.add(rate, average, scored.evidence_weeks, scored.log_odds)
        progress((day + 1) / (7 * weeks))
    return openings.log_tails()


def _part_of(progress: Callable[[float], None] | None, part: int, parts: int) -> Callable[[float], None]:
    return (lambda share: progress((part + share) / parts)) if progress else (lambda _: None)


class NullSeries:
    """Series in which nothing happens: levels of every size, the rest drawn from a version's own prior.

    Parameters
    ----------
    version
        Whose prior to draw from.
    series
        How many.
    seed
        Of the random generator.
    window_minutes
        Length of a window; divides 60.
    """

    def __init__(self, version: ModelVersion, series: int, seed: int, window_minutes: int = 60) -> None:
        prior = version.prior
        random = np.random.default_rng(seed)
        self.kinds = random.integers(len(KINDS), size=series)
        sparse, dense = _log_uniform(random, _SPARSE_LEVELS, series), _log_uniform(random, _DENSE_LEVELS, series)
        levels = np.where(random.random(series) < _SPARSE_SHARE, sparse, dense)
        times = _profiles(random, prior.time_shape[self.kinds])
        days = _gamma(random, prior.slot_shape[self.kinds], (8, 1, series))
        self._windows_per_hour = 60 // window_minutes
        self._rates = levels / self._windows_per_hour * np.moveaxis(prior.profile[self.kinds], 0, -1) * times * days
        dispersion = prior.dispersion[self.kinds] * _gamma(random, prior.dispersion_strength[self.kinds], (series,))
        self._window_shape = 1.0 / np.maximum(dispersion, 1e-3)
        self._random = random

    def day(self, day_type: int) -> Iterator[tuple[int, Floats]]:
        """Slot and counts of every window of one day."""
        by_day = _gamma(self._random, np.full_like(self._window_shape, _DAY_SHAPE), self._window_shape.shape)
        for window in range(24 * self._windows_per_hour):
            by_window = _gamma(self._random, self._window_shape, self._window_shape.shape)
            rates = self._rates[day_type, window // self._windows_per_hour]
            counts = self._random.poisson(rates * by_day * by_window)
            yield day_type * 24 * self._windows_per_hour + window, counts.astype(np.float64)


@dataclass
class _Openings:
    """Upward crossings of each score, by warm-up, multiple and rate, and the windows in which they could happen."""

    windows_per_week: int

    def __post_init__(self) -> None:
        self._cells = (_WARMUP_WEEKS.size, _LOG_MULTIPLES.size, _LOG_RATES.size)
        self._opened = np.zeros((*self._cells, _SCORES.size + 1))
        self._windows = np.zeros(self._cells)
        self._before: NDArray[np.intp] | None = None

    def add(self, rate: Floats, average: Floats, warmup_weeks: Floats, score: Floats) -> None:
        """Count one window of every series, shared between the nearest rates and multiples; presences per hour."""
        warmup = np.searchsorted(_WARMUP_WEEKS, warmup_weeks, side="right") - 1
        now = np.searchsorted(_SCORES, score, side="right")
        before = np.zeros_like(now) if self._before is None else self._before
        rising = now > before
        opened, windows = self._opened.reshape(-1, _SCORES.size + 1), self._windows.reshape(-1)
        multiples = _shared(_LOG_MULTIPLES, log_multiple(rate, average))
        for (high, of_rate), (many, of_multiple) in product(_shared(_LOG_RATES, np.log(rate)), multiples):
            cell = (warmup * _LOG_MULTIPLES.size + many) * _LOG_RATES.size + high
            weight = of_rate * of_multiple
            windows += np.bincount(cell, weight, windows.size)
            np.add.at(opened, (cell[rising], now[rising]), weight[rising])
            np.add.at(opened, (cell[rising], before[rising]), -weight[rising])
        self._before = now

    def log_tails(self) -> NDArray[np.float64]:
        """Natural logarithm of the openings per series-week at each score or above."""
        opened = _sum_from_above(self._opened)[..., 1:]
        highest = np.maximum.accumulate(opened[..., ::-1], axis=-1)[..., ::-1]
        tails = np.empty_like(opened)
        for warmup, multiple, rate in np.ndindex(self._cells):
            if warmup and not self._windows[warmup].any():  # simulated for fewer weeks: as it was before
                tails[warmup, multiple, rate] = tails[warmup - 1, multiple, rate]
                continue
            pooled, windows = _enough(highest[warmup], self._windows[warmup], multiple, rate)
            tails[warmup, multiple, rate] = _log_tail(pooled, windows / self.windows_per_week)
        return tails - 1e-6 * np.arange(_SCORES.size)


def _shared(grid: Floats, value: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
    """The two nearest numbers of a grid, and how far a value belongs to each."""
    place = np.clip(np.interp(value, grid, np.arange(grid.size)), 0.0, grid.size - 1.001)
    low = place.astype(np.intp)
    return [(low, 1.0 - (place - low)), (low + 1, place - low)]


def _gamma(random: np.random.Generator, shape: Floats, size: tuple[int, ...]) -> Floats:
    """Gamma draws of mean 1."""
    return np.asarray(random.standard_gamma(shape, size) / shape)


def _profiles(random: np.random.Generator, shape: Floats) -> Floats:
    """Ratios of mean 1 by hour of the day, float64[24, n]: log-normal, an hour like the hours beside it."""
    apart = np.abs(np.subtract.outer(np.arange(24), np.arange(24)))
    alike = np.exp(-np.minimum(apart, 24 - apart) / _ALIKE_HOURS)
    variance = np.log1p(1.0 / shape)
    deviates = np.linalg.cholesky(alike) @ random.standard_normal((24, shape.size))
    return np.asarray(np.exp(np.sqrt(variance) * deviates - 0.5 * variance))


def _log_uniform(random: np.random.Generator, bounds: tuple[float, float], size: int) -> Floats:
    low, high = np.log(bounds).tolist()
    return np.exp(random.uniform(low, high, size))


def _sum_from_above(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[..., ::-1].cumsum(axis=-1)[..., ::-1]


def _enough(
    opened: NDArray[np.float64], windows: NDArray[np.float64], multiple: int, rate: int
) -> tuple[NDArray[np.float64], float]:
    """Openings and windows of a cell and of as many neighbours as it takes to say something of the tail."""
    for reach in range(_LOG_RATES.size):
        near = slice(max(0, rate - reach), rate + reach + 1)
        alike = slice(max(0, multiple - reach // 2), multiple + reach // 2 + 1)
        pooled, total = opened[alike, near].sum(axis=(0, 1)), windows[alike, near].sum()
        if pooled[0] >= _ENOUGH:
            break
    return pooled, float(total)


def _log_tail(opened: NDArray[np.float64], weeks: float) -> NDArray[np.float64]:
    """Log tail, log-linear from where openings become few."""
    known = np.flatnonzero(opened >= _FEWEST)
    last = int(known[-1]) if known.size else 0
    log_tail = np.log(np.maximum(opened, 1e-3) / max(weeks, 1e-3))
    first = int(np.flatnonzero(opened >= min(8.0 * _FEWEST, opened[0]))[-1])
    slope = (log_tail[last] - log_tail[first]) / (_SCORES[last] - _SCORES[first]) if last > first else -0.7
    slope = float(np.clip(slope, *_SLOPES))
    return np.where(np.arange(_SCORES.size) <= last, log_tail, log_tail[last] + slope * (_SCORES - _SCORES[last]))
