"""The hot-spot list: where and when to go, most certain first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Days
from models.hotspots.ground import HISTORY_DAYS, Ground, Judged, Presences
from models.hotspots.sightings import sightings
from models.hotspots.significance import ScanNull, false_discovery_control, simulate_null
from models.prior import FleetPrior

EMERGING = "emerging"
CHRONIC = "chronic"
FALSE_DISCOVERY_RATE = 0.05
_FEWEST_PEERS = 8  # series; fewer have no shape in common that one of them could be held against
_OWN_EVIDENCE = np.log(0.01)  # a place is emerging when its own normal alone makes it this unlikely
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
    ground = Ground(presences, prior, Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS))
    judged = ground.judge(nulls or simulate_nulls(presences, prior, days=days))
    if warming is not None:
        judged[0][1][warming] = 0.0
    return _list(presences, ground.span, judged, false_discovery_rate, top)


def simulate_nulls(presences: Presences, prior: FleetPrior | None, *, days: int, seed: int = 0) -> list[ScanNull]:
    """How rarely the best block comes by chance against a series' own normal and, if there are enough, its peers.

    Drawn with the seed from series of every level.
    """
    ground = Ground(presences, prior, Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS))
    n = len(presences.kinds)
    series = np.arange(0, n, -(-n // _NULL_SERIES))
    dispersion = ground.dispersion[series]
    comparisons = ground.comparisons(series)[1][: 2 if n >= _FEWEST_PEERS else 1]
    randoms = np.random.default_rng(seed).spawn(len(comparisons))
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter in every pass
        draw = partial(simulate_null, dispersion=dispersion, days=ground.span)
        return list(pool.map(lambda each, random: draw(each, random=random), comparisons, randoms))


def _list(presences: Presences, span: Days, judged: Sequence[Judged], rate: float, top: int) -> list[HotSpot]:
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
    judged: Sequence[Judged],
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
