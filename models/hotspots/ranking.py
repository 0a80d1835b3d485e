"""The hot-spot list: where and when to go, most certain first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Days
from models.hotspots.ground import Ground, Presences
from models.hotspots.hotspot import CHRONIC, EMERGING, HotSpot
from models.hotspots.scan import BestBlocks
from models.hotspots.sightings import sightings
from models.hotspots.significance import ScanNull, false_discovery_control
from models.hotspots.town import Town
from models.prior import FleetPrior

FALSE_DISCOVERY_RATE = 0.05


def rank_hotspots(
    presences: Presences,
    prior: FleetPrior | None,
    *,
    days: int = 14,
    top: int = 50,
    false_discovery_rate: float = FALSE_DISCOVERY_RATE,
    warming: NDArray[np.bool_] | None = None,
    null: ScanNull | None = None,
    peers: int | None = None,
    town: Town | None = None,
) -> list[HotSpot]:
    """Rank stairwells by how strongly their counts say that somebody loiters there now, and name the best block.

    Every series is scanned (`models.hotspots.scan.scan_blocks`) against the profile of its kind at its own level, bent
    to the hours that it keeps outside the block, in the mood that its town is in and with the company that people have
    there (`models.hotspots.mood`, `models.hotspots.company`). The p-values are corrected for the scan by simulation,
    for the series of a stairwell by Bonferroni, and for the number of stairwells by Benjamini and Hochberg.

    Parameters
    ----------
    presences
        The counts; ten weeks are made use of where there are as many.
    prior
        Profiles and spreads of the kinds, fitted to peers. Without it, or with fewer than eight peers, a series is
        held against what the model expected of it.
    days
        Length of the period in local days; a day the last window is part of counts as one.
    top
        Most entries; significant ones and those just below.
    false_discovery_rate
        Expected share of stairwells where nothing is on among the significant ones.
    warming
        bool[n]: series that have no normal of their own yet, so that peers alone can list them; none by default.
    null
        That of `simulate_null` for the same prior and days, where it is at hand.
    peers
        How many series the prior was fitted to; those that are ranked by default.
    town
        That of `town_of` for the same prior and days, where it is at hand or the series are a part of a town.

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
    ground = Ground.of(presences, prior, days, peers, town)
    found = ground.judge()
    if warming is not None:
        found = _of_warming(found, warming, against_peers=ground.against_peers)
    log_p_value = (null or ground.simulate_null()).log_p_value(found.evidence)
    return _list(presences, ground.span, found, log_p_value, rate=false_discovery_rate, top=top)


def town_of(presences: Presences, prior: FleetPrior | None, *, days: int) -> Town:
    """What the town of such presences is like in the period; as ever without peers."""
    return Ground.of(presences, prior, days).town


def simulate_null(presences: Presences, prior: FleetPrior | None, *, days: int, town: Town | None = None) -> ScanNull:
    """How rarely evidence comes by chance among such presences, drawn from series of every level."""
    return Ground.of(presences, prior, days, town=town).simulate_null()


def _of_warming(found: BestBlocks, warming: NDArray[np.bool_], *, against_peers: bool) -> BestBlocks:
    """What is said of series without a normal of their own: that they are unlike their peers, or nothing."""
    if against_peers:
        return replace(found, chronic=found.chronic | warming)
    return replace(found, evidence=np.where(warming, -np.inf, found.evidence))


def _list(
    presences: Presences,
    span: Days,
    found: BestBlocks,
    log_p_value: NDArray[np.float64],
    *,
    rate: float,
    top: int,
) -> list[HotSpot]:
    """Choose the series of each stairwell, correct, rank and describe."""
    best = np.lexsort((-found.evidence, presences.stairwells))
    stairwells, first, series_count = np.unique(presences.stairwells[best], return_index=True, return_counts=True)
    series = best[first]
    by_stairwell = log_p_value[series] + np.log(series_count)
    corrected = np.minimum(0.0, by_stairwell)
    significant = false_discovery_control(corrected, rate)
    order = np.lexsort((stairwells, -found.evidence[series], by_stairwell))
    order = order[found.evidence[series[order]] > -np.inf]
    return _describe(
        presences,
        span,
        found,
        series[order[:top]],
        log_p_value=corrected[order],
        significant=significant[order],
    )


def _describe(
    presences: Presences,
    span: Days,
    found: BestBlocks,
    series: NDArray[np.int64],
    *,
    log_p_value: NDArray[np.float64],
    significant: NDArray[np.bool_],
) -> list[HotSpot]:
    """Hot-spots of some series, by their best block."""
    weekdays, from_hour, length, expected, chronic, _ = (column[series] for column in vars(found).values())
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
            kind=CHRONIC if chronic[at] else EMERGING,
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
