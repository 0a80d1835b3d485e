"""The hot-spot list: where and when to go, most certain first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.blocks import Cells, Days, fold_hours
from models.calendar import DAY_TYPES, SECONDS_PER_DAY, Calendar
from models.prior import FleetPrior
from models.scan import BestBlocks, Comparison, scan_blocks
from models.significance import false_discovery_control, simulate_null

EMERGING = "emerging"
CHRONIC = "chronic"
FALSE_DISCOVERY_RATE = 0.05
HISTORY_DAYS = 70  # the past that can support the period's evidence and that the level is taken from
_FEWEST_PEERS = 8  # series; fewer have no shape in common that one of them could be held against
_OWN_LEVEL_SHAPE = 20.0  # a series' own normal is trusted to about a fifth
_OWN_EVIDENCE = np.log(0.01)  # a place is emerging when its own normal alone makes it this unlikely
_UNKNOWN_DISPERSION = 0.5
_UNKNOWN_PROFILE_SHAPE = 10.0


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
    seed: int = 0,
) -> list[HotSpot]:
    """Rank stairwells by how unlikely their best block of the week is, and name that block.

    Every series is scanned (`models.scan.scan_blocks`) against its own normal, which finds what is *emerging*, and
    against the profile of its kind at its own level outside the block, which finds what is *chronic*. The p-values are
    corrected for the scan by simulation, for two comparisons and the series of a stairwell by Bonferroni, and for the
    number of stairwells by Benjamini and Hochberg.

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
    seed
        Of the simulated null.

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
    span = Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS)
    alive = ~np.isnan(presences.counts)
    observed = fold_hours(presences.calendar, presences.starts, presences.counts, alive, span)
    dispersion = _by_series(presences, prior, "dispersion", _UNKNOWN_DISPERSION)
    random = np.random.default_rng(seed)
    judged = []
    for comparison in _comparisons(presences, observed, alive, prior, span):
        blocks = scan_blocks(observed, comparison, dispersion, span)
        null = simulate_null(comparison, dispersion, span, random)
        expected = comparison.base[span.in_period].sum(axis=(0, 1), dtype=np.float64)
        judged.append((blocks, np.where(blocks.ratio > 0, null.log_p_value(blocks.ratio, expected), 0.0)))
    return _list(presences, span, judged, false_discovery_rate, top)


def _comparisons(
    presences: Presences, observed: Cells, alive: NDArray[np.bool_], prior: FleetPrior | None, span: Days
) -> list[Comparison]:
    """Against a series' own normal, and against its peers where there are enough.

    Online, a series may long be taken for less than it is in hours that are busier here than in the town version 0
    comes from, so its own normal is nowhere held below what peers at its level have.
    """
    own = fold_hours(presences.calendar, presences.starts, presences.expected, alive, span)
    n = len(presences.kinds)
    spread = _by_series(presences, prior, "time_shape", _UNKNOWN_PROFILE_SHAPE)
    peers = []
    if prior is not None:
        heard = fold_hours(presences.calendar, presences.starts, alive, alive, span)
        base = heard * _peer_rates(presences, prior, span)
        shape = prior.level_shape[presences.kinds]
        own = np.maximum(own, base * _levels(observed, base, shape))
        peers = [Comparison(base, shape, spread, learnt=0.0, least_level=0.0)] if n >= _FEWEST_PEERS else []
    return [Comparison(own, np.full(n, _OWN_LEVEL_SHAPE), spread, learnt=1.0, least_level=1.0), *peers]


def _levels(observed: Cells, base: Cells, shape: NDArray[np.float64]) -> NDArray[np.float32]:
    """Level of each series relative to its peers', over the whole history, float32[n]."""
    total, expected = (cells.sum(axis=(0, 1), dtype=np.float64) for cells in (observed, base))
    return np.asarray((shape + total) / (shape + expected), dtype=np.float32)


def _peer_rates(presences: Presences, prior: FleetPrior, span: Days) -> Cells:
    """Presences per window that a typical series of the same kind has, float32[days, 24, n]."""
    calendar = presences.calendar
    day_types = span.weekdays.copy()
    day = presences.local_seconds // SECONDS_PER_DAY - span.first
    day_types[day[day >= 0]] = calendar.slots_of(presences.starts[day >= 0]) // calendar.windows_per_day
    rates = prior.profile * prior.level[:, None, None] * (presences.calendar.window_minutes / 60)
    by_day = rates.reshape(-1, DAY_TYPES, 24).transpose(1, 2, 0).astype(np.float32)
    return by_day[day_types][:, :, presences.kinds]


def _by_series(presences: Presences, prior: FleetPrior | None, name: str, default: float) -> NDArray[np.float64]:
    if prior is None:
        return np.full(len(presences.kinds), default)
    return np.asarray(getattr(prior, name)[presences.kinds])


def _list(
    presences: Presences, span: Days, judged: list[tuple[BestBlocks, NDArray[np.float64]]], rate: float, top: int
) -> list[HotSpot]:
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
    return [
        _describe(
            presences,
            span,
            judged[kind[series[place]]][0],
            int(series[place]),
            kind=(EMERGING, CHRONIC)[kind[series[place]]],
            log_p_value=float(corrected[place]),
            significant=bool(significant[place]),
        )
        for place in order[:top]
    ]


def _describe(
    presences: Presences,
    span: Days,
    blocks: BestBlocks,
    series: int,
    *,
    kind: str,
    log_p_value: float,
    significant: bool,
) -> HotSpot:
    weekdays = tuple(day for day in range(7) if int(blocks.weekdays[series]) >> day & 1)
    from_hour, length = int(blocks.from_hour[series]), int(blocks.length[series])
    day = presences.local_seconds // SECONDS_PER_DAY - span.first
    hour = presences.local_seconds % SECONDS_PER_DAY // 3600
    evening = day - (hour < from_hour)
    inside = ((hour - from_hour) % 24 < length) & (evening >= span.first_of_period)
    inside[inside] &= np.isin(span.weekdays[evening[inside]], weekdays)
    with_presences = inside & (np.nan_to_num(presences.counts[:, series]) > 0)
    seen = presences.starts[with_presences]
    return HotSpot(
        stairwell=int(presences.stairwells[series]),
        series=series,
        kind=kind,
        weekdays=weekdays,
        from_hour=from_hour,
        to_hour=(from_hour + length) % 24,
        observed=int(presences.counts[with_presences, series].sum()),
        expected=float(blocks.expected[series]),
        days=len(np.unique(evening[with_presences])),
        score=float(-log_p_value / np.log(10) + 0.0),
        p_value=float(np.exp(log_p_value)),
        significant=significant,
        first_seen=int(seen[0]),
        last_seen=int(seen[-1]),
    )
