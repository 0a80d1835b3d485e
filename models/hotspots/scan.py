"""Scan of the week: the weekdays and hours in which a series most likely has more presences than usual.

A *block* is a set of weekdays and 2 to 8 adjoining hours; it may wrap midnight and belongs to the day it starts. The
hours of all blocks are summed at once, by weekday; those in which the period has more than usual are weighed
(`models.hotspots.evidence`), over all sets of weekdays.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import BLOCK_HOURS, Cells, Days, block_sums, by_weekday, evenings, without_wild_days
from models.hotspots.company import worth_of_a_presence
from models.hotspots.evidence import Blocks, Evidence, promising, weigh
from models.hotspots.town import Town
from models.hotspots.usual import usual_factors

_PAST_DAYS = (14, 28)  # of the days before the period: loitering may have begun amid them, or before
_NIGHT_VARIANCE = 0.12  # relative variance that the hours of one evening share: guests, weather, a party
_FEWEST_NIGHTS = 2  # with presences in the period
_FULLEST_NIGHT = np.float32(1.5)  # how many times the next fullest night the fullest may count: no one wild night
_LEVEL_SHAPE = np.float32(20.0)  # of the level of a span around that of all days
_LEAST_OUTSIDE = np.float32(0.05)  # share of the week that is outside a block, where what is expected there says less
_NAMED = 0.65  # chance from which on a weekday is named: twice as likely as not
_LOG_MORNING = -2.0  # an excess in the morning is more often post, cleaning or school than loitering
_MORNING_HOURS = range(6, 14)
_MORNING_SHARE = np.array(
    [
        sum((begin + hour) % 24 in _MORNING_HOURS for hour in range(length)) / length
        for begin in range(24)
        for length in BLOCK_HOURS
    ]
)
_LOG_PRIOR = _LOG_MORNING * _MORNING_SHARE - np.log(np.exp(_LOG_MORNING * _MORNING_SHARE).sum())  # of each block
_HOURS = np.tile(np.array(BLOCK_HOURS, dtype=np.float32), 24)[:, None]


@dataclass(frozen=True)
class Comparison:
    """What counts are held against, and how far that is to be trusted.

    Parameters
    ----------
    base
        float32[days, 24, n]: presences expected of the hours heard, before the series' own level, weekdays and hours
        of the day are looked at; in the period as the town's mood has it.
    hours
        float32[days, 24, n]: hours heard.
    level_shape
        float64[n]: gamma shape of the level around the base's.
    profile_shape
        float64[n]: gamma shape of the profile by hour of the day around the base's.
    weekday_shape
        float64[n]: gamma shape of the weekdays around the base's.
    dispersion
        float64[n]: extra-Poisson variance of an hour, var = m + dispersion m^2.
    dispersion_strength
        float64[n]: squared reciprocal of its relative standard deviation between series.
    town
        Its mood, which series follow each as far as it does, and the company that presences bring.
    """

    base: Cells
    hours: Cells
    level_shape: NDArray[np.float64]
    profile_shape: NDArray[np.float64]
    weekday_shape: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    dispersion_strength: NDArray[np.float64]
    town: Town

    def select(self, series: NDArray[np.int64]) -> Comparison:
        """The comparison of some series."""
        return Comparison(
            np.ascontiguousarray(self.base[..., series]),
            np.ascontiguousarray(self.hours[..., series]),
            self.level_shape[series],
            self.profile_shape[series],
            self.weekday_shape[series],
            self.dispersion[series],
            self.dispersion_strength[series],
            self.town,
        )


@dataclass(frozen=True)
class BestBlocks:
    """The best block of each series, all of shape (n,).

    ``weekdays`` is a bit mask (Monday 1); ``expected`` is what the block would hold if nobody loitered; ``chronic``
    says whether loitering since the first day says as much as any later beginning; ``evidence`` is of all blocks
    together, -inf where none has more than expected.
    """

    weekdays: NDArray[np.int64]
    from_hour: NDArray[np.int64]
    length: NDArray[np.int64]
    expected: NDArray[np.float64]
    chronic: NDArray[np.bool_]
    evidence: NDArray[np.float64]


def scan_blocks(observed: Cells, comparison: Comparison, days: Days) -> BestBlocks:
    """Find each series' best block, and weigh the evidence of all its blocks.

    The evidence is the log of the mean Bayes factor over all blocks, those in the morning counting less. The base of a
    block is corrected by the hours of the day outside it, by the level of each span outside it, and by the level of
    each weekday outside it, so that a shift of level or a busy weekday is no hot-spot; none of that is told by wild
    days. The fullest night of a span counts at most half as much again as the next fullest: presences on one night
    alone count nothing, and no hour of the past says since when loitering goes on.

    Parameters
    ----------
    observed
        float32[days, 24, n]: presences.
    comparison
        What they are held against.
    days
        The days; blocks are sought in the period.
    """
    week = _Week.fold(observed, comparison, days)
    series, blocks = np.nonzero(week.promising().T > 0)
    evidence = weigh(week.blocks(blocks, series))
    weight = evidence.log_odds + _LOG_PRIOR[blocks]
    n = observed.shape[2]
    found = np.unique(series)
    best = np.zeros(n, dtype=np.int64)
    total = np.full(n, -np.inf)
    if len(found):
        first = np.searchsorted(series, found)
        last = np.append(first[1:], len(series))
        best[found] = [begin + weight[begin:end].argmax() for begin, end in zip(first, last, strict=True)]
        total[found] = np.logaddexp.reduceat(weight, first)
    return _described(week, evidence, total, best, blocks)


def _described(
    week: _Week, evidence: Evidence, total: NDArray[np.float64], best: NDArray[np.int64], blocks: NDArray[np.int64]
) -> BestBlocks:
    """Name the weekdays twice as likely as not, and the likeliest with presences until there are two such nights."""
    series = np.flatnonzero(total > -np.inf)
    chosen, n = best[series], len(total)
    block = blocks[chosen]
    nights, chance = week.nights[:, block, series], evidence.weekdays[:, chosen]
    by_chance = np.argsort(np.where(nights > 0, -chance, 0.0), axis=0, kind="stable")
    before = np.take_along_axis(nights, by_chance, axis=0).cumsum(axis=0) - np.take_along_axis(
        nights, by_chance, axis=0
    )
    needed = np.zeros_like(chance, dtype=bool)
    np.put_along_axis(needed, by_chance, before < _FEWEST_NIGHTS, axis=0)
    kept = (chance > _NAMED) & week.period_has[:, None] | needed & (nights > 0)
    expected = np.where(kept, evidence.expected[:, chosen], 0.0).sum(axis=0) / week.worth
    above = np.where(kept, week.counts[0][:, block, series], 0.0).sum(axis=0) > expected
    from_hour, length = np.divmod(block, len(BLOCK_HOURS))
    found = BestBlocks(
        (kept << np.arange(7)[:, None]).sum(axis=0),
        from_hour,
        length + BLOCK_HOURS[0],
        expected,
        evidence.chronic[chosen],
        np.where(above, total[series], -np.inf),
    )
    nothing = BestBlocks(
        np.zeros(n, dtype=np.int64),
        np.zeros(n, dtype=np.int64),
        np.full(n, BLOCK_HOURS[0]),
        np.zeros(n),
        np.zeros(n, dtype=bool),
        np.full(n, -np.inf),
    )
    for whole, part in zip(vars(nothing).values(), vars(found).values(), strict=True):
        whole[series] = part
    return nothing


@dataclass(frozen=True)
class _Week:
    """Blocks of all series by span and weekday: tables are float32[spans, 7, blocks of hours, n].

    ``kept`` are counts without what the fullest night of each span has too many; in them, the base and the hours each
    presence counts for its ``worth``, what it tells beside one that comes alone. ``nights``, float32[7, blocks of
    hours, n], counts the period's nights with presences; ``period_has``, bool[7], tells the weekdays that it has.
    """

    counts: Cells
    kept: Cells
    base: Cells
    hours: Cells
    shapes: Cells
    variance: Cells
    nights: Cells
    period_has: NDArray[np.bool_]
    worth: np.float32

    @classmethod
    def fold(cls, observed: Cells, comparison: Comparison, days: Days) -> _Week:
        bounded = without_wild_days(observed, comparison.hours)
        usual, variance = usual_factors(
            bounded.sum(axis=0, dtype=np.float64),
            comparison.base.sum(axis=0, dtype=np.float64),
            comparison.level_shape,
            comparison.profile_shape,
        )
        counts, base, hours = (_by_span(cells, days) for cells in (bounded, comparison.base, comparison.hours))
        base = np.maximum(base, 0) * np.exp(usual)  # a difference of running sums may be a little less than nothing
        whole, whole_base = _totals(bounded, comparison, days)
        outside, outside_base = (
            np.maximum(whole - counts, 0),
            np.maximum(whole_base - base, _LEAST_OUTSIDE * whole_base),
        )
        weekday = comparison.weekday_shape.astype(np.float32)
        level = (_LEVEL_SHAPE + outside.sum(axis=(0, 1))) / (_LEVEL_SHAPE + outside_base.sum(axis=(0, 1)))
        outside_base *= level
        of_weekday = outside_base.sum(axis=0)
        base *= (weekday + outside.sum(axis=0)) / (weekday + of_weekday)
        base *= ((_LEVEL_SHAPE + outside.sum(axis=1)) / (_LEVEL_SHAPE + outside_base.sum(axis=1)))[:, None]
        nights = np.maximum(hours / _HOURS, 1)
        night_variance = (comparison.dispersion / _HOURS + _NIGHT_VARIANCE).astype(np.float32)
        variance_of_sums = night_variance / nights + 1 / (weekday + of_weekday)
        variance_of_sums[0] += comparison.town.mood.variance_of_blocks()
        counts[0], in_period, nights_seen = _period(observed, days)
        kept = np.stack([in_period, *_past(bounded, days)])
        worth = worth_of_a_presence(comparison.town.company)
        if worth < 1:
            kept, base, hours = (table * worth for table in (kept, base, hours))
        period_has = np.bincount(days.weekdays[days.in_period], minlength=7) > 0
        return cls(counts, kept, base, hours, 1 / variance_of_sums, variance, nights_seen, period_has, worth)

    def promising(self) -> Cells:
        """Evidence of the period alone, float32[blocks of hours, n]."""
        return promising(self.kept[0], self.base[0], self.hours[0], self.shapes[0])

    def blocks(self, blocks: NDArray[np.int64], series: NDArray[np.int64]) -> Blocks:
        """Some blocks of some series."""
        tables = (self.kept, self.base, self.hours, self.shapes)
        counts, base, hours, shapes = (table[:, :, blocks, series] for table in tables)
        return Blocks(counts, base, hours, shapes, self.variance[blocks, series])


def _totals(observed: Cells, comparison: Comparison, days: Days) -> tuple[Cells, Cells]:
    """Presences, and what the base at the series' level expects, by span and weekday, float32[spans, 7, 1, n]."""
    daily, daily_base = (
        cells.cumsum(axis=1, dtype=np.float64)[:, -1] for cells in (observed, comparison.base)
    )  # running sums add up in a fixed order, whatever is beside
    level = (_LEVEL_SHAPE + daily.cumsum(axis=0)[-1]) / (_LEVEL_SHAPE + daily_base.cumsum(axis=0)[-1])
    tables = [table.astype(np.float32) for table in (daily, daily_base * level)]
    whole, whole_base = (
        np.stack([by_weekday(table[span], days.weekdays[span]) for span in _spans(days)])[:, :, None]
        for table in tables
    )
    return whole, whole_base


def _spans(days: Days) -> list[NDArray[np.int64]]:
    """The days of the period, then those before it, the latest first, of weekdays that the period has."""
    period = np.flatnonzero(days.in_period)
    past = np.flatnonzero(~days.in_period)
    ends = len(past) - np.array([0, *_PAST_DAYS, len(past)]).clip(max=len(past))
    parts = [past[begin:end] for end, begin in pairwise(ends)]
    return [period, *(part[np.isin(days.weekdays[part], days.weekdays[period])] for part in parts)]


def _by_span(cells: Cells, days: Days) -> Cells:
    """Sums by span and weekday, float32[spans, 7, blocks of hours, n]."""
    nightly = evenings(cells)
    return np.stack([block_sums(by_weekday(nightly[span], days.weekdays[span])) for span in _spans(days)])


def _period(observed: Cells, days: Days) -> tuple[Cells, Cells, Cells]:
    """Counts of the period by weekday; of its fullest night no more than so many times the next; nights with any."""
    nights = block_sums(evenings(observed)[days.in_period])
    weekdays = days.weekdays[days.in_period]
    seen = by_weekday((nights > 0).astype(np.float32), weekdays)
    return by_weekday(nights, weekdays), by_weekday(_bounded(nights), weekdays), seen


def _past(observed: Cells, days: Days) -> list[Cells]:
    """Counts of each span before the period by weekday; of its fullest night no more than so many times the next."""
    nightly = evenings(observed)
    return [by_weekday(_bounded(block_sums(nightly[span])), days.weekdays[span]) for span in _spans(days)[1:]]


def _bounded(nights: Cells) -> Cells:
    """Nights, float32[nights, blocks of hours, n], of which the fullest counts so many times the next at most."""
    fullest, next_fullest = np.zeros((2, *nights.shape[1:]), dtype=np.float32)
    for night in nights:
        np.maximum(next_fullest, np.minimum(fullest, night), out=next_fullest)
        np.maximum(fullest, night, out=fullest)
    return np.asarray(np.minimum(nights, _FULLEST_NIGHT * next_fullest))
