"""Simulated towns: where nothing happens, where loitering begins, and where levels shift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from bench.quality.datasets import BUDGET
from bench.quality.panel import Floats, Panel
from models.city import CityParameters, SimulatedCity, simulate_city
from models.city.happenings import LocalTime

CALM = CityParameters().calm()
# An onset in every stairwell, after eight to ten of sixteen weeks; its sensor is there from the first day to the last.
HANG_OUTS = replace(
    CALM, emerging_share=1.0, emerging_onset=(0.5, 0.62), dead_share=0.0, late_share=0.0, moved_share=0.0
)
_SHIFTS = replace(CALM, shift_share=0.4, dead_share=0.0, late_share=0.0, moved_share=0.0)


@dataclass(frozen=True)
class Town(Panel):
    """A panel with its truth.

    Parameters
    ----------
    rate
        float64[T, n]: normal presences per hour.
    dispersion
        float64[n]: excess variance of windows around their day's rate.
    hours
        bool[T, n]: windows of the evenings and hours that loitering keeps to, whether it has begun or not.
    added
        float64[n]: presences per hour that it adds there.
    onset
        int64[n]: first window with loitering, -1 where there is none.
    shifts
        Level shifts (series, window, factor).
    """

    rate: Floats
    dispersion: Floats
    hours: NDArray[np.bool_]
    added: Floats
    onset: NDArray[np.int64]
    shifts: tuple[tuple[int, int, float], ...] = ()

    def until(self, windows: int) -> Town:
        return replace(
            self,
            starts=self.starts[:windows],
            counts=self.counts[:windows],
            rate=self.rate[:windows],
            hours=self.hours[:windows],
        )

    @property
    def observed_weeks(self) -> Floats:
        """float64[T, n]: weeks observed before each window."""
        observed = ~np.isnan(self.counts)
        return np.asarray((np.cumsum(observed, axis=0) - observed) / self.windows_per_week)


@cache
def null_town(seed: int, stairwells: int, weeks: int, window_minutes: int = 60) -> Town:
    """Nothing happens; the evenings and hours are those that loitering would keep to."""
    return with_truth(
        simulate_city(seed, stairwells, weeks, null=True, window_minutes=window_minutes),
        simulate_city(seed, stairwells, weeks, window_minutes=window_minutes, parameters=HANG_OUTS),
    )


@cache
def onset_town(seed: int, stairwells: int, weeks: int) -> Town:
    """Loitering begins in every stairwell, in one of its series."""
    city = simulate_city(seed, stairwells, weeks, parameters=HANG_OUTS)
    return with_truth(city, city)


@cache
def shift_town(seed: int, stairwells: int, weeks: int) -> Town:
    """The level of two series in five changes for good."""
    city = simulate_city(seed, stairwells, weeks, parameters=_SHIFTS)
    return with_truth(city, city)


def with_truth(city: SimulatedCity, schedule: SimulatedCity) -> Town:
    """A town as a panel; the evenings and hours are those of the ``schedule``'s hang-outs, the same series."""
    local = LocalTime(city.calendar, city.starts)
    hours = np.zeros(city.counts.shape, dtype=bool)
    added = np.zeros(city.counts.shape[1])
    for episode in schedule.episodes:
        hours[:, episode.series] = local.kept_by(episode)[0]
        added[episode.series] = episode.rate
    loitering = city.loitering > 0
    spaces = np.bincount(city.stairwell_of_series)
    return Town(
        calendar=city.calendar,
        starts=city.starts,
        counts=city.counts,
        kinds=city.kinds,
        shares=BUDGET / spaces[city.stairwell_of_series],
        rate=city.rate,
        dispersion=city.dispersion,
        hours=hours,
        added=added,
        onset=np.where(loitering.any(axis=0), loitering.argmax(axis=0), -1),
        shifts=city.shifts,
    )
