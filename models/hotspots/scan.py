"""Scan of the week: the weekdays and hours in which a series has most presences beyond what was to be expected.

A *block* is a set of weekdays and 2 to 8 adjoining hours; it may wrap midnight and belongs to the day it starts. All
blocks of all series are compared at once: hours by cumulative sums, and of the 127 sets of weekdays only the seven that
can win, those that hold the weekdays with the highest ratio of presences to expectation (linear-time subset scanning,
Neill 2012, J. R. Stat. Soc. B 74:337).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import BLOCK_HOURS, Cells, Days, block_sums, by_weekday, evenings, total

_NIGHT_VARIANCE = 0.1  # relative variance that the hours of one evening share: guests, weather, a party
_FULLEST_NIGHT = np.float32(1.5)  # how many times the next fullest night the fullest may count: no one wild night
_LEAST_EXCESS = 0.3  # presences an hour; without it a quiet place's few stays become one
_MORNING_HOURS = range(6, 14)
_MORNING_DOUBT = 2.0  # log odds: an excess in the morning is more often post, cleaning or school than loitering
_MORNING_SHARE = np.array(
    [
        [sum((begin + hour) % 24 in _MORNING_HOURS for hour in range(length)) / length]
        for begin in range(24)
        for length in BLOCK_HOURS
    ],
    dtype=np.float32,
)
_PAST_DAYS = (14, 28)  # of the days before the period: loitering may have begun amid them; all are looked at as well
_MOST_PAST = 3.0  # times the period's own evidence: what has ended is no hot-spot
PROFILE_TAIL = 0.6  # profiles stray with heavier tails than their mean shape tells
_PERIOD, _ALL_PAST = 0, 1 + len(_PAST_DAYS)  # spans
_SPANS = _ALL_PAST + 1
_TINY = np.float32(1e-9)


@dataclass(frozen=True)
class Comparison:
    """What counts are held against, and how far that is to be trusted.

    Parameters
    ----------
    base
        float32[days, 24, n]: presences expected before the series' level outside the block is looked at; 0 where
        nothing was heard.
    level_shape
        float64[n]: gamma shape of that level around the base's; the level outside the block corrects it.
    profile_shape
        float64[n]: gamma shape of the share of the week that a block holds, around the base's.
    learnt
        How many more days than the scan's the base itself was learnt from, for each of them; 0 if from other series.
    least_level
        Least correction of the level: 1 where a quiet week must not make an ordinary evening stand out.
    """

    base: Cells
    level_shape: NDArray[np.float64]
    profile_shape: NDArray[np.float64]
    learnt: float
    least_level: float

    def select(self, series: NDArray[np.int64]) -> Comparison:
        """The comparison of some series."""
        return Comparison(
            np.ascontiguousarray(self.base[:, :, series]),
            self.level_shape[series],
            self.profile_shape[series],
            self.learnt,
            self.least_level,
        )


@dataclass(frozen=True)
class BestBlocks:
    """The best block of each series, all of shape (n,).

    ``weekdays`` is a bit mask (Monday 1); ``observed`` counts every presence; ``expected`` is the corrected base;
    ``ratio`` is the evidence, 0 where no block has more than expected.
    """

    weekdays: NDArray[np.int64]
    from_hour: NDArray[np.int64]
    length: NDArray[np.int64]
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    ratio: NDArray[np.float64]


def scan_blocks(
    observed: Cells, comparisons: Sequence[Comparison], dispersion: NDArray[np.float64], days: Days
) -> list[BestBlocks]:
    r"""Find each series' best block against each comparison.

    A block with :math:`C` presences in the period is scored by the negative binomial expectation-based likelihood ratio
    (Neill 2009, Int. J. Health Geogr. 8:20)

    .. math:: C \log(T / E) - (C + s) \log((T + s) / (E + s)), \quad T = \max(C, E + \delta)

    where :math:`E` is the base in the block times the level of the series outside the block, relative to its base
    there (over all days or over the period's, the larger, so that a shift of level is no hot-spot), times a factor of
    the block's hours of at least 1, learnt from the other weekdays: who is always late is late on every evening, and
    loitering shows against the evenings without. :math:`\delta` is the least that loitering adds, and :math:`1/s` adds
    up the relative variances of dispersion, of the level and of the profile. Blocks in the morning are doubted. The
    fullest night counts at most half as much again as the next fullest: presences on one night alone count nothing. The
    same ratio of the days before the period is added, of the last two or four weeks of them or of all, whichever says
    most, but no more than three times the period's own: the past supports the evidence, and is none by itself.

    Parameters
    ----------
    observed
        float32[days, 24, n]: presences.
    comparisons
        What they are held against.
    dispersion
        float64[n]: extra-Poisson variance of an hour, var = m + dispersion m^2.
    days
        The days; blocks are sought in the period, the level is taken from all.
    """

    counts = _count_sums(observed, days)
    totals = (total(observed[days.in_period]), total(observed))
    return [_scan(_Week.fold(counts, totals, each.base, days), each, dispersion) for each in comparisons]


def _scan(week: _Week, comparison: Comparison, dispersion: NDArray[np.float64]) -> BestBlocks:
    ratios = week.sums.count[_PERIOD] / (week.sums.base[_PERIOD] + _TINY)
    fullest_first = np.where(week.sums.nights > 0, -ratios, np.inf)
    order = np.argsort(fullest_first, axis=0, kind="stable")  # weekdays the period does not have come last
    judge = _Judge.of(week, comparison, dispersion)
    series = np.arange(order.shape[2])
    ratio, observed_best, expected_best = np.zeros((3, len(series)), dtype=np.float32)
    best_block, best_set = np.zeros((2, len(series)), dtype=np.int64)
    block = _Sums.zeros(order.shape[1:])
    weekdays = np.zeros(order.shape[1:], dtype=np.int64)
    for weekday in order:
        block.add(week.sums.of(weekday))
        weekdays += 1 << weekday
        expected, evidence = judge.evidence(block)
        hours = evidence.argmax(axis=0)
        better = evidence[hours, series] > ratio
        ratio = np.where(better, evidence[hours, series], ratio)
        observed_best = np.where(better, block.count[_PERIOD, hours, series], observed_best)
        expected_best = np.where(better, expected[hours, series], expected_best)
        best_block = np.where(better, hours, best_block)
        best_set = np.where(better, weekdays[hours, series], best_set)
    from_hour, length = np.divmod(best_block, len(BLOCK_HOURS))
    found = tuple(column.astype(np.float64) for column in (observed_best, expected_best, ratio))
    return BestBlocks(best_set, from_hour, length + BLOCK_HOURS[0], *found)


@dataclass
class _Sums:
    """Sums over sets of weekdays.

    ``count`` and ``base`` are float32[spans, ..., blocks of hours, n], of the spans that `_spans` tells; the nights are
    the period's, float32[..., blocks of hours, n].
    """

    count: Cells
    base: Cells
    fullest: Cells
    next_fullest: Cells
    nights: Cells

    @classmethod
    def zeros(cls, shape: tuple[int, ...]) -> _Sums:
        return cls(*np.zeros((2, _SPANS, *shape), dtype=np.float32), *np.zeros((3, *shape), dtype=np.float32))

    def of(self, weekday: NDArray[np.int64]) -> _Sums:
        """Sums of one weekday for each block and series."""
        flat = weekday * weekday.size + np.arange(weekday.size).reshape(weekday.shape)
        return _Sums(*(table.reshape(*table.shape[:-3], -1).take(flat, axis=-1) for table in vars(self).values()))

    def add(self, more: _Sums) -> None:
        """Take another weekday into the set."""
        self.count += more.count
        self.base += more.base
        self.nights += more.nights
        self.add_night(more.fullest)
        np.maximum(self.next_fullest, more.next_fullest, out=self.next_fullest)

    def add_night(self, night: Cells) -> None:
        """Take one more night into the two fullest."""
        np.maximum(self.next_fullest, np.minimum(self.fullest, night), out=self.next_fullest)
        np.maximum(self.fullest, night, out=self.fullest)


@dataclass(frozen=True)
class _Week:
    """Sums by weekday, and presences and base of the period and of all days, float32[n].

    ``same_hours`` are presences and base of each block of hours over all weekdays of the scan, float32[blocks, n].
    """

    sums: _Sums
    period: tuple[Cells, Cells]
    all_days: tuple[Cells, Cells]
    same_hours: tuple[Cells, Cells]

    @classmethod
    def fold(cls, counts: _Sums, observed: tuple[Cells, Cells], base: Cells, days: Days) -> _Week:
        """Set the base beside counts summed before; ``observed`` are those of the period and of all days."""
        sums = replace(counts, base=_by_span(base, days))
        same_hours = tuple(table[[_PERIOD, _ALL_PAST]].sum(axis=(0, 1)) for table in (sums.count, sums.base))
        return cls(sums, (observed[0], total(base[days.in_period])), (observed[1], total(base)), same_hours)


def _count_sums(observed: Cells, days: Days) -> _Sums:
    """Sums of presences by weekday, without a base."""
    count = _by_span(observed, days)
    sums = replace(_Sums.zeros(count.shape[1:]), count=count)
    nights = block_sums(evenings(observed)[days.in_period])
    for night, weekday in zip(nights, days.weekdays[days.in_period], strict=True):
        sums.nights[weekday] += 1
        one = _Sums(*(table[..., weekday, :, :] for table in vars(sums).values()))
        one.add_night(night)
    return sums


def _by_span(cells: Cells, days: Days) -> Cells:
    """Sums by span and weekday, float32[spans, 7, blocks of hours, n]."""
    nightly = evenings(cells)
    return np.stack([block_sums(by_weekday(nightly[part], days.weekdays[part])) for part in _spans(days)])


def _spans(days: Days) -> list[NDArray[np.int64]]:
    """The days of the period, then those of the past by spans, the longest last, of weekdays that the period has."""
    period = np.flatnonzero(days.in_period)
    past = np.flatnonzero(~days.in_period & np.isin(days.weekdays, days.weekdays[period]))
    return [period, *(past[-length:] for length in _PAST_DAYS), past]


@dataclass(frozen=True)
class _Judge:
    """Evidence of blocks of a week against a comparison."""

    week: _Week
    level_shape: Cells
    profile_shape: Cells
    hour_variance: Cells
    least_excess: Cells
    doubt: Cells
    learnt: np.float32
    least_level: np.float32

    @classmethod
    def of(cls, week: _Week, comparison: Comparison, dispersion: NDArray[np.float64]) -> _Judge:
        hours = np.tile(np.array(BLOCK_HOURS), 24)[:, None]
        return cls(
            week,
            comparison.level_shape.astype(np.float32),
            comparison.profile_shape.astype(np.float32),
            (dispersion / hours + _NIGHT_VARIANCE).astype(np.float32),
            (_LEAST_EXCESS * hours).astype(np.float32),
            _MORNING_SHARE * np.float32(_MORNING_DOUBT),
            np.float32(comparison.learnt),
            np.float32(comparison.least_level),
        )

    def evidence(self, block: _Sums) -> tuple[Cells, Cells]:
        """Expected presences in the period, and the log-likelihood ratio."""
        count, base = (table[_PERIOD] + table[_ALL_PAST] for table in (block.count, block.base))
        outside = self.level_shape + self.week.all_days[0] - count
        outside_base = self.level_shape + self.week.all_days[1] - base
        recent = self.level_shape + self.week.period[0] - block.count[_PERIOD]
        recent_base = self.level_shape + self.week.period[1] - block.base[_PERIOD]
        level = np.maximum(np.maximum(outside / outside_base, recent / recent_base), self.least_level)
        other, other_base = self.week.same_hours[0] - count, level * (self.week.same_hours[1] - base)
        level = level * np.maximum((self.profile_shape + other) / (self.profile_shape + other_base), 1)
        learnt = PROFILE_TAIL * self.profile_shape + other_base + self.learnt * base
        variance = self.hour_variance / block.nights + 1 / outside + 1 / learnt
        shape = np.asarray(1 / variance, dtype=np.float32)
        kept = block.count[_PERIOD] - block.fullest + np.minimum(block.fullest, _FULLEST_NIGHT * block.next_fullest)
        expected = level * block.base + _TINY
        now = _likelihood_ratio(kept, expected[_PERIOD], shape, self.least_excess * block.nights) - self.doubt
        rising = now > 0  # the past of other blocks changes nothing
        past, past_base = block.count[_PERIOD + 1 :, rising], expected[_PERIOD + 1 :, rising]
        supported = _likelihood_ratio(past, past_base, shape[rising]).max(axis=0)
        now[rising] += np.minimum(_MOST_PAST * now[rising], supported)
        return expected[_PERIOD], now


def _likelihood_ratio(count: Cells, expected: Cells, shape: Cells, least_excess: Cells | float = 0.0) -> Cells:
    above = np.maximum(count, expected + np.float32(least_excess))
    ratio = count * np.log(above / expected) - (count + shape) * np.log((above + shape) / (expected + shape))
    return np.asarray(ratio)
