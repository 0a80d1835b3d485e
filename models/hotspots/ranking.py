"""The hot-spot list: where and when to go, most certain first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.hotspots.blocks import Cells, Days, fold_hours
from models.hotspots.scan import BestBlocks, Comparison, scan_blocks
from models.hotspots.sightings import sightings
from models.hotspots.significance import ScanNull, false_discovery_control, simulate_null
from models.prior import FleetPrior

EMERGING = "emerging"
CHRONIC = "chronic"
FALSE_DISCOVERY_RATE = 0.05
HISTORY_DAYS = 70  # the past that can support the period's evidence and that the level is taken from
_FEWEST_PEERS = 8  # series; fewer have no shape in common that one of them could be held against
_OWN_LEVEL_SHAPE = 20.0  # a series' own normal is trusted to about a fifth
_OWN_EVIDENCE = np.log(0.01)  # a place is emerging when its own normal alone makes it this unlikely
_UNKNOWN_DISPERSION = 0.5
_UNKNOWN_PROFILE_SHAPE = 10.0
_SERIES_AT_A_TIME = 128  # keeps the arrays of one pass within a processor's cache
_NULL_SERIES = 1200  # as many as the simulated null draws; more would tell it little


@dataclass(frozen=True)
class HotSpot:
    """A series and a block of the week with more presences than expected.

    Parameters
    ----------
    stairwell, series
        Numbers of the stairwell and of the series the block was found in.
    kind
        ``emerging`` against the series' own normal, ``chronic`` against its peers.
    weekdays
        Days the block starts on, Monday 0.
    from_hour, to_hour
        Local hours of the day, the latter exclusive; a block that wraps midnight belongs to the day it starts.
    observed, expected
        Presences in the block over the period.
    days
        Different evenings with presences in the block.
    score
        -log10 of ``p_value``; ranks the list.
    p_value
        Chance that a stairwell where nothing is on has a block like this, corrected for the scan.
    significant
        Whether it stays below the false discovery rate among all stairwells.
    first_seen, last_seen
        UTC epoch seconds of the first and last window with presences in the block in the period.
    """

    stairwell: int
    series: int
    kind: str
    weekdays: tuple[int, ...]
    from_hour: int
    to_hour: int
    observed: int
    expected: float
    days: int
    score: float
    p_value: float
    significant: bool
    first_seen: int
    last_seen: int


@dataclass(frozen=True)
class Presences:
    """The counts of a list; T windows, n series.

    Parameters
    ----------
    calendar
        Local calendar.
    starts
        int64[T]: UTC epoch seconds of the windows, ascending; the period ends with the last one.
    counts
        float64[T, n]: presences, NaN where missing. Annotated windows are left out by setting them missing.
    expected
        float64[T, n]: what the model expected of each window before it learnt it.
    kinds
        int64[n]: rows of `models.kinds.KINDS`.
    stairwells
        int64[n]: number of each series' stairwell, numbered in the order that breaks ties.

    Raises
    ------
    ValueError
        If shapes disagree.
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    kinds: NDArray[np.int64]
    stairwells: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = (len(self.starts), len(self.kinds))
        if self.counts.shape != shape or self.expected.shape != shape or self.stairwells.shape != shape[1:]:
            raise ValueError(
                f"{shape[0]} windows and {shape[1]} series need counts and expected of that shape and a stairwell for "
                f"each series, not {self.counts.shape}, {self.expected.shape} and {self.stairwells.shape}"
            )

    def last_day(self) -> int:
        """Local day number of the last window."""
        return int(self.local_seconds[-1]) // SECONDS_PER_DAY

    @cached_property
    def local_seconds(self) -> NDArray[np.int64]:
        """Wall-clock seconds of the windows."""
        return self.calendar.local_seconds(self.starts)


def rank_hotspots(
    presences: Presences,
    prior: FleetPrior | None,
    *,
    days: int = 14,
    top: int = 50,
    false_discovery_rate: float = FALSE_DISCOVERY_RATE,
    warming: NDArray[np.bool_] | None = None,
    nulls: Sequence[ScanNull] | None = None,
) -> list[HotSpot]:
    """Rank stairwells by how unlikely their best block of the week is, and name that block.

    Every series is scanned (`models.hotspots.scan.scan_blocks`) against its own normal, which finds what is *emerging*,
    and against the profile of its kind at its own level outside the block, which finds what is *chronic*. The p-values
    are corrected for the scan by simulation, for two comparisons and the series of a stairwell by Bonferroni, and for
    the number of stairwells by Benjamini and Hochberg.

    Parameters
    ----------
    presences
        The counts; ten weeks are made use of where there are as many.
    prior
        Profiles and spreads of the kinds, fitted to peers. Without it, or with fewer than eight series, nothing is held
        against peers.
    days
        Length of the period in local days; a day the last window is part of counts as one.
    top
        Most entries; significant ones and those just below.
    false_discovery_rate
        Expected share of stairwells where nothing is on among the significant ones.
    warming
        bool[n]: series that have no normal of their own yet, so that peers alone can list them; none by default.
    nulls
        Those of `simulate_nulls` for the same prior and days, where they are at hand.

    Returns
    -------
    list of HotSpot
        At most one a stairwell, best first; ties are broken by the number of the stairwell.

    Examples
    --------
    >>> from models.city import simulate_city
    >>> city = simulate_city(4, stairwells=40, weeks=8)
    >>> usual = np.broadcast_to(np.nanmean(city.counts, axis=0), city.counts.shape)
    >>> kinds = np.zeros(len(city.places), dtype=np.int64)
    >>> found = rank_hotspots(
    ...     Presences(city.calendar, city.starts, city.counts, usual, kinds, city.stairwell_of_series), None, top=3
    ... )
    >>> len(found), found[0].days >= 2, found[0].observed > found[0].expected
    (3, True, True)
    """
    if not len(presences.starts) or not len(presences.kinds):
        return []
    ground = _Ground(presences, prior, Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS))
    judged = ground.judge(nulls or simulate_nulls(presences, prior, days=days))
    if warming is not None:
        judged[0][1][warming] = 0.0
    return _list(presences, ground.span, judged, false_discovery_rate, top)


def simulate_nulls(presences: Presences, prior: FleetPrior | None, *, days: int, seed: int = 0) -> list[ScanNull]:
    """How rarely the best block comes by chance against a series' own normal and, if there are enough, its peers.

    Drawn with the seed from series of every level.
    """
    ground = _Ground(presences, prior, Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS))
    n = len(presences.kinds)
    series = np.arange(0, n, -(-n // _NULL_SERIES))
    random = np.random.default_rng(seed)
    dispersion = ground.by_series("dispersion", _UNKNOWN_DISPERSION)[series]
    comparisons = ground.comparisons(series)[1][: 2 if n >= _FEWEST_PEERS else 1]
    return [simulate_null(each, dispersion, ground.span, random) for each in comparisons]


_Judged = tuple[BestBlocks, NDArray[np.float64]]


@dataclass(frozen=True)
class _Ground:
    """What series are scanned on, some at a time: each is judged alone, however they are split."""

    presences: Presences
    prior: FleetPrior | None
    span: Days

    def judge(self, nulls: Sequence[ScanNull]) -> list[_Judged]:
        """Best blocks of all series and the log p-values of these, by comparison."""
        n = len(self.presences.kinds)
        parts = [np.arange(begin, min(begin + _SERIES_AT_A_TIME, n)) for begin in range(0, n, _SERIES_AT_A_TIME)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter in every pass
            judged = list(pool.map(lambda part: self._judge_part(part, nulls), parts))
        return [_joined(part) for part in zip(*judged, strict=True)]

    def _judge_part(self, series: NDArray[np.int64], nulls: Sequence[ScanNull]) -> list[_Judged]:
        observed, comparisons = self.comparisons(series)
        comparisons = comparisons[: len(nulls)]
        found = scan_blocks(observed, comparisons, self.by_series("dispersion", _UNKNOWN_DISPERSION)[series], self.span)
        judged = []
        for blocks, comparison, null in zip(found, comparisons, nulls, strict=True):
            expected = comparison.base[self.span.in_period].sum(axis=(0, 1), dtype=np.float64)
            log_p_value = np.where(blocks.ratio > 0, null.log_p_value(blocks.ratio, expected), 0.0)
            judged.append((blocks, log_p_value))
        return judged

    def comparisons(self, series: NDArray[np.int64]) -> tuple[Cells, list[Comparison]]:
        """Counts of some series; their own normal and, where there is a prior, their peers' to hold them against.

        Online, a series may long be taken for less than it is in hours that are busier here than in the town version 0
        comes from, so its own normal is nowhere held below what peers at its level have.
        """
        counts, expected = self.presences.counts[:, series], self.presences.expected[:, series]
        alive = ~np.isnan(counts)
        observed, own = self._fold(counts, alive), self._fold(expected, alive)
        spread = self.by_series("time_shape", _UNKNOWN_PROFILE_SHAPE)[series]
        peers = []
        if self.prior is not None:
            base = self._fold(alive, alive) * self._peer_rates(self.prior, series)
            shape = self.by_series("level_shape", 0.0)[series]
            own = np.maximum(own, base * _levels(observed, base, shape))
            peers.append(Comparison(base, shape, spread, learnt=0.0, least_level=0.0))
        return observed, [
            Comparison(own, np.full(len(series), _OWN_LEVEL_SHAPE), spread, learnt=1.0, least_level=1.0),
            *peers,
        ]

    def by_series(self, name: str, default: float) -> NDArray[np.float64]:
        """A table of the prior, float64[n]."""
        kinds = self.presences.kinds
        return np.full(len(kinds), default) if self.prior is None else np.asarray(getattr(self.prior, name)[kinds])

    def _fold(self, values: NDArray[np.float64] | NDArray[np.bool_], alive: NDArray[np.bool_]) -> Cells:
        return fold_hours(self.presences.local_seconds, values, alive, self.span)

    def _peer_rates(self, prior: FleetPrior, series: NDArray[np.int64]) -> Cells:
        """Presences per window that a typical series of the same kind has, float32[days, 24, k]."""
        calendar, kinds = self.presences.calendar, self.presences.kinds[series]
        rates = prior.profile * prior.level[:, None, None] * (calendar.window_minutes / 60)
        by_day = rates[kinds].transpose(1, 2, 0).astype(np.float32)
        return np.ascontiguousarray(by_day)[self._day_types]

    @cached_property
    def _day_types(self) -> NDArray[np.int64]:
        calendar, starts = self.presences.calendar, self.presences.starts
        day_types = self.span.weekdays.copy()
        day = self.presences.local_seconds // SECONDS_PER_DAY - self.span.first
        day_types[day[day >= 0]] = calendar.slots_of(starts[day >= 0]) // calendar.windows_per_day
        return day_types


def _joined(parts: Sequence[_Judged]) -> _Judged:
    blocks = [np.concatenate(column) for column in zip(*(vars(found).values() for found, _ in parts), strict=True)]
    return BestBlocks(*blocks), np.concatenate([log_p_value for _, log_p_value in parts])


def _levels(observed: Cells, base: Cells, shape: NDArray[np.float64]) -> NDArray[np.float32]:
    """Level of each series relative to its peers', over the whole history, float32[n]."""
    presences, expected = (cells.sum(axis=(0, 1), dtype=np.float64) for cells in (observed, base))
    return np.asarray((shape + presences) / (shape + expected), dtype=np.float32)


def _list(presences: Presences, span: Days, judged: Sequence[_Judged], rate: float, top: int) -> list[HotSpot]:
    """Choose the series and the comparison of each stairwell, correct, rank and describe."""
    log_p_values = np.stack([log_p_value for _, log_p_value in judged])
    kind = np.where(log_p_values[0] <= _OWN_EVIDENCE, 0, log_p_values.argmin(axis=0))
    by_series = log_p_values.min(axis=0)
    best = np.lexsort((by_series, presences.stairwells))
    stairwells, first, series_count = np.unique(presences.stairwells[best], return_index=True, return_counts=True)
    series = best[first]
    corrected = np.minimum(0.0, by_series[series] + np.log(len(judged) * series_count))
    significant = false_discovery_control(corrected, rate)
    order = np.lexsort((stairwells, by_series[series] + np.log(series_count)))
    order = order[by_series[series[order]] < 0]
    return _describe(
        presences,
        span,
        judged,
        series[order[:top]],
        kind=kind,
        log_p_value=corrected[order],
        significant=significant[order],
    )


def _describe(
    presences: Presences,
    span: Days,
    judged: Sequence[_Judged],
    series: NDArray[np.int64],
    *,
    kind: NDArray[np.int64],
    log_p_value: NDArray[np.float64],
    significant: NDArray[np.bool_],
) -> list[HotSpot]:
    """Hot-spots of some series, by their best block against the comparison numbered in ``kind``, int64[n]."""
    first = kind[series] == 0
    weekdays, from_hour, length, _, expected, _ = (
        np.where(first, own[series], other[series])
        for own, other in zip(vars(judged[0][0]).values(), vars(judged[-1][0]).values(), strict=True)
    )
    seen = sightings(
        presences.starts,
        presences.local_seconds,
        presences.counts[:, series],
        span,
        weekdays=weekdays,
        from_hour=from_hour,
        length=length,
    )
    return [
        HotSpot(
            stairwell=int(presences.stairwells[one]),
            series=int(one),
            kind=EMERGING if first[at] else CHRONIC,
            weekdays=tuple(day for day in range(7) if int(weekdays[at]) >> day & 1),
            from_hour=int(from_hour[at]),
            to_hour=int(from_hour[at] + length[at]) % 24,
            observed=int(seen.observed[at]),
            expected=float(expected[at]),
            days=int(seen.days[at]),
            score=float(-log_p_value[at] / np.log(10) + 0.0),
            p_value=float(np.exp(log_p_value[at])),
            significant=bool(significant[at]),
            first_seen=int(seen.first[at]),
            last_seen=int(seen.last[at]),
        )
        for at, one in enumerate(series)
    ]
