"""A simulated town with known truth: for tests, calibration, the demo and version 0.

Simulated, because real series of presence are not public, and because only a simulation knows where people loitered.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.city.happenings import (
    Happening,
    LocalTime,
    LoiteringEpisode,
    draw_episodes,
    draw_happenings,
    draw_loitering,
    happening_rate,
)
from models.city.normal import common_factor, draw_levels, draw_profiles
from models.city.parameters import CityParameters
from models.city.register import SimulatedPlace, draw_places
from models.city.sensing import SimulatedSensor, draw_sensing, draw_shifts

__all__ = [
    "CityParameters",
    "Happening",
    "LoiteringEpisode",
    "SimulatedCity",
    "SimulatedPlace",
    "SimulatedSensor",
    "simulate_city",
]

_FIRST_MONDAY = date(2025, 9, 1)  # spans the autumn break and the autumn's repeated hour
_HOT_EVENINGS = 2


@dataclass(frozen=True)
class SimulatedCity:
    """A town's counts and their truth; T windows, n series.

    Attributes
    ----------
    calendar
        Local calendar the town lives by.
    starts
        UTC epoch seconds of every window, shape (T,).
    counts
        Presences, NaN where no row was sent, shape (T, n).
    rate
        Truth: presences per hour of normal life, shifts and common causes included, shape (T, n).
    loitering
        Truth: presences per hour that loitering adds, shape (T, n).
    dispersion
        Truth: excess variance of each series' windows around their day's rate, var = m + dispersion * m**2, shape (n,).
    places
        One for each series, ordered by stairwell.
    episodes, happenings, sensors, shifts
        Truth: loitering; causes that people would annotate; devices; level shifts (series, window, factor).
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    rate: NDArray[np.float64]
    loitering: NDArray[np.float64]
    dispersion: NDArray[np.float64]
    places: tuple[SimulatedPlace, ...]
    episodes: tuple[LoiteringEpisode, ...]
    happenings: tuple[Happening, ...]
    sensors: tuple[SimulatedSensor, ...]
    shifts: tuple[tuple[int, int, float], ...]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """Kind of space of each series."""
        return tuple(place.kind for place in self.places)

    @cached_property
    def stairwells(self) -> tuple[str, ...]:
        """Stairwells in order, each once."""
        return tuple(dict.fromkeys(place.stairwell for place in self.places))

    @cached_property
    def stairwell_of_series(self) -> NDArray[np.int64]:
        """Index into ``stairwells`` of each series, shape (n,)."""
        number = {stairwell: k for k, stairwell in enumerate(self.stairwells)}
        return np.array([number[place.stairwell] for place in self.places])

    @cached_property
    def annotated(self) -> NDArray[np.bool_]:
        """Windows of each series within an annotated happening, shape (T, n)."""
        series = _series_of_stairwell(self.places)
        mask = np.zeros(self.counts.shape, dtype=bool)
        for happening in self.happenings:
            begin, end = np.searchsorted(self.starts, (happening.start, happening.end))
            mask[begin:end, series[happening.stairwell]] = True
        return mask

    def hot_episodes(self, days: int = 14) -> tuple[LoiteringEpisode, ...]:
        """Episodes with loitering on at least two evenings of the last ``days`` that a sensor was there to hear."""
        since = self.starts[-1] + self.calendar.window_seconds - days * SECONDS_PER_DAY
        recent = self.starts >= since
        heard = (self.loitering[recent] > 0) & ~np.isnan(self.counts[recent])
        noons = (self.calendar.local_seconds(self.starts[recent]) - SECONDS_PER_DAY // 2) // SECONDS_PER_DAY
        evenings = np.diff(noons, prepend=-1) != 0
        return tuple(
            episode
            for episode in self.episodes
            if (np.add.reduceat(heard[:, episode.series], np.flatnonzero(evenings)) > 0).sum() >= _HOT_EVENINGS
        )

    def hot_stairwells(self, days: int = 14) -> dict[str, LoiteringEpisode]:
        """Truth of a list over the last ``days``: stairwells with loitering, and its episode."""
        return {self.places[episode.series].stairwell: episode for episode in self.hot_episodes(days)}


def simulate_city(
    seed: int,
    stairwells: int = 60,
    weeks: int = 8,
    *,
    null: bool = False,
    start: date = _FIRST_MONDAY,
    window_minutes: int = 60,
    timezone: str = "Europe/Stockholm",
    holidays: Collection[date] = (),
    parameters: CityParameters | None = None,
) -> SimulatedCity:
    """Draw a town from its parameters; the same arguments give the same town.

    Parameters
    ----------
    seed
        Of the random generator. Each part of the town has its own stream, so that a null town has the normal life
        of the town with the same seed.
    stairwells, weeks
        Size. A stairwell has one or two series.
    null
        Nothing happens that a person would want to hear of: `CityParameters.calm`.
    start
        First local day.
    window_minutes, timezone, holidays
        Of the town's `Calendar`. Holidays live like Sundays.
    parameters
        Defaults to `CityParameters()`.

    Raises
    ------
    ValueError
        If there is no stairwell or less than a week.

    Examples
    --------
    >>> city = simulate_city(1, stairwells=20, weeks=2)
    >>> city.counts.shape == city.loitering.shape == (2 * 168, len(city.places))
    True
    >>> len(city.stairwells), city.episodes[0].kind
    (20, 'chronic')
    """
    if stairwells < 1 or weeks < 1:
        raise ValueError(f"a town needs a stairwell and a week, not {stairwells} and {weeks}")
    settings = parameters or CityParameters()
    settings = settings.calm() if null else settings
    calendar = Calendar(timezone, holidays, window_minutes)
    starts = _window_starts(start, weeks, calendar)
    streams = np.random.SeedSequence(seed).spawn(6)
    places_stream, normal, loiterers, causes, devices, noise = (np.random.default_rng(s) for s in streams)

    places = draw_places(places_stream, stairwells, settings)
    kinds = np.array([place.kind for place in places])
    numbers = np.unique([place.stairwell for place in places], return_inverse=True)[1]
    rate = _normal_rate(normal, kinds, calendar, starts, settings)
    sensing = draw_sensing(devices, len(starts), len(places), window_minutes, settings)
    shifts = draw_shifts(devices, len(starts), len(places), settings)
    for series, begin, factor in shifts:
        rate[begin:, series] *= factor

    local = LocalTime(calendar, starts)
    episodes = draw_episodes(loiterers, numbers, starts, settings)
    loitering = draw_loitering(loiterers, episodes, local, len(places), settings)
    happenings = draw_happenings(causes, tuple(dict.fromkeys(p.stairwell for p in places)), local, settings)
    added = loitering + happening_rate(happenings, _series_of_stairwell(places), starts, len(places), settings)
    counts, dispersion = _draw_counts(noise, rate, added, local, settings)
    counts[sensing.silent] = 0.0
    counts[~sensing.alive] = np.nan
    return SimulatedCity(
        calendar, starts, counts, rate, loitering, dispersion, places, episodes, happenings, sensing.sensors, shifts
    )


def _window_starts(start: date, weeks: int, calendar: Calendar) -> NDArray[np.int64]:
    zone = ZoneInfo(calendar.timezone)
    end = start + timedelta(weeks=weeks)
    first, last = (int(datetime(d.year, d.month, d.day, tzinfo=zone).timestamp()) for d in (start, end))
    return np.arange(first, last, calendar.window_seconds, dtype=np.int64)


def _normal_rate(
    random: np.random.Generator,
    kinds: NDArray[np.str_],
    calendar: Calendar,
    starts: NDArray[np.int64],
    parameters: CityParameters,
) -> NDArray[np.float64]:
    profiles = draw_profiles(random, kinds, parameters)
    levels = draw_levels(random, kinds, parameters)
    hourly = calendar.slots_of(starts) // (60 // calendar.window_minutes)
    weekly = (profiles * levels[:, None]).T
    return weekly[hourly] * common_factor(calendar, starts, parameters)[:, None]


def _draw_counts(
    random: np.random.Generator,
    rate: NDArray[np.float64],
    added: NDArray[np.float64],
    local: LocalTime,
    parameters: CityParameters,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Poisson counts of a normal intensity that varies by day and by window, and of what is added to it."""
    series = rate.shape[1]
    days = local.days - local.days[0]
    by_day = random.gamma(parameters.day_shape, 1 / parameters.day_shape, (int(days[-1]) + 1, series))
    low, high = np.log(parameters.window_shape).tolist()
    shape = np.exp(random.uniform(low, high, series))
    by_window = random.standard_gamma(np.broadcast_to(shape, rate.shape)) / shape
    window_hours = local.calendar.window_minutes / 60
    intensity = rate * by_day[days] * by_window + added
    return random.poisson(window_hours * intensity).astype(np.float64), 1.0 / shape


def _series_of_stairwell(places: tuple[SimulatedPlace, ...]) -> dict[str, NDArray[np.int64]]:
    series: dict[str, list[int]] = {}
    for number, place in enumerate(places):
        series.setdefault(place.stairwell, []).append(number)
    return {stairwell: np.array(numbers) for stairwell, numbers in series.items()}
