"""Loitering injected into counts as they are, so that what a detector would find there is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.city.happenings import LocalTime, draw_episodes, draw_loitering
from models.city.parameters import CityParameters
from models.evaluation.episodes import found_within
from models.evaluation.intervals import Proportion

_HEARD_DAYS = 14
_HEARD_SHARE = 0.5  # of its hours in those days: what no sensor was there to hear, no detector can find


@dataclass(frozen=True)
class Injection:
    """Copies of ``m`` series with loitering in them, and its truth; T windows.

    Since a series is judged by itself, the copies can be scored beside all the series as they were.

    Parameters
    ----------
    calendar
        Local calendar.
    series
        int64[m]: columns of the counts given, ascending.
    counts
        float64[T, m]: their counts with loitering added, NaN where missing.
    hours
        bool[T, m]: windows of the evenings and hours that it keeps to, begun or not.
    onsets
        int64[m]: first window with loitering.
    rates
        float64[m]: presences per hour that it adds on an evening like most.
    """

    calendar: Calendar
    series: NDArray[np.int64]
    counts: NDArray[np.float64]
    hours: NDArray[np.bool_]
    onsets: NDArray[np.int64]
    rates: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.series)


def inject(
    calendar: Calendar,
    starts: NDArray[np.int64],
    counts: NDArray[np.float64],
    stairwells: NDArray[np.int64],
    seed: int,
    *,
    between: tuple[int, int] | None = None,
    share: float = 0.1,
) -> Injection:
    """Let people loiter from some day on in one series of some stairwells: as in a simulated town, by default
    0.35 to 1.2 presences an hour more, two to six hours on three to five evenings a week.

    Parameters
    ----------
    calendar, starts
        Local calendar, and int64[T], UTC epoch seconds of the windows, one after the other.
    counts
        float64[T, n]: presences, NaN where missing; left as they are.
    stairwells
        int64[n]: number of each series' stairwell.
    seed
        Of the random generator; the same arguments give the same loitering.
    between
        UTC epoch seconds between which it begins; by default in the middle half of the span.
    share
        Of the stairwells; at least one is chosen. Where the sensor does not hear most of its first two weeks, it is
        left out.

    Examples
    --------
    >>> from models.city import simulate_city
    >>> city = simulate_city(1, stairwells=30, weeks=6, null=True)
    >>> injected = inject(city.calendar, city.starts, city.counts, city.stairwell_of_series, seed=5)
    >>> added = injected.counts - city.counts[:, injected.series]
    >>> len(injected), bool(np.nanmax(added[~injected.hours]) == 0), bool(np.nansum(added) > 0)
    (3, True, True)
    """
    number = len(np.unique(stairwells))
    random = np.random.default_rng(seed)
    wanted = replace(
        CityParameters(),
        emerging_share=max(share, 1 / max(number, 1)),
        chronic_share=0.0,
        ended_share=0.0,
        emerging_onset=_as_shares(between, starts),
    )
    local = LocalTime(calendar, starts)
    episodes = draw_episodes(random, stairwells, starts, wanted)
    series = np.array([episode.series for episode in episodes], dtype=np.int64)
    own = tuple(replace(episode, series=column) for column, episode in enumerate(episodes))
    loitering = draw_loitering(random, own, local, len(own), wanted)
    added = random.poisson(loitering * calendar.window_minutes / 60)
    injected = Injection(
        calendar=calendar,
        series=series,
        counts=counts[:, series] + added,
        hours=np.array([local.kept_by(episode)[0] for episode in own], dtype=bool).reshape(-1, len(starts)).T,
        onsets=_onsets(loitering),
        rates=np.array([episode.rate for episode in own]),
    )
    return _heard(injected)


def recall(
    flagged: NDArray[np.bool_],
    injection: Injection,
    days: int,
    *,
    without: NDArray[np.bool_] | None = None,
) -> Proportion:
    """Injected loitering found: a window in its hours, or beside them, is flagged within so many days of its onset.

    Parameters
    ----------
    flagged
        bool[T, m]: windows flagged of ``injection.counts``.
    injection
        The truth; what begins too late to be followed for all the days is left out.
    days
        From the first evening on.
    without
        bool[T, m]: windows flagged of the same series as they were. What is flagged anyway does not count as found, so
        that detectors are asked for the same loitering whatever they flag.
    """
    reach = days * injection.calendar.windows_per_day
    spans = [(int(onset), int(onset) + reach) for onset in injection.onsets]
    judged = [column for column, (_, after) in enumerate(spans) if after <= len(flagged)]
    added = flagged if without is None else flagged & ~without
    return Proportion(sum(found_within(added[:, k], injection.hours[:, k], *spans[k]) for k in judged), len(judged))


def _as_shares(between: tuple[int, int] | None, starts: NDArray[np.int64]) -> tuple[float, float]:
    if between is None:
        return 0.25, 0.75
    first, last = int(starts[0]), int(starts[-1])
    low, high = ((time - first) / max(last - first, 1) for time in between)
    return low, high


def _onsets(loitering: NDArray[np.float64]) -> NDArray[np.int64]:
    """First window with loitering of each series, the number of windows where there is none."""
    begun = loitering > 0
    return np.where(begun.any(axis=0), begun.argmax(axis=0), len(loitering))


def _heard(injected: Injection) -> Injection:
    """Without the series whose sensor hears too little of the first days."""
    windows = np.arange(len(injected.counts))[:, None]
    reach = _HEARD_DAYS * injected.calendar.windows_per_day
    first_days = injected.hours & (windows >= injected.onsets) & (windows < injected.onsets + reach)
    heard = (first_days & ~np.isnan(injected.counts)).sum(axis=0)
    kept = np.flatnonzero((heard > 0) & (heard >= _HEARD_SHARE * first_days.sum(axis=0)))
    return Injection(
        injected.calendar,
        injected.series[kept],
        injected.counts[:, kept],
        injected.hours[:, kept],
        injected.onsets[kept],
        injected.rates[kept],
    )
