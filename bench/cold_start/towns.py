"""Towns whose fleets differ, counts drawn anew from known rates, so that the least log-loss there can be is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.calendar import Calendar
from models.city import CityParameters, SimulatedCity, simulate_city
from models.kinds import kind_number
from models.surroundings import Surroundings

Floats = NDArray[np.float64]

FLEET_WEEKS = 20  # from the first of September: neither the first days nor the fourth month have school breaks
_WEEKS = FLEET_WEEKS + 1 + 18  # sensors come over a week, and stay past their fourth month
_CALM = CityParameters().calm()
_DAY_SHAPE, _WINDOW_SHAPE = _CALM.day_shape, _CALM.window_shape
_AREA_SPREAD, _BY_DWELLINGS, _LATER_HOURS = 0.5, 0.6, 3
_OFFICE: Mapping[str, tuple[float, tuple[tuple[float, float], ...]]] = {  # presences an hour; peaks as (hour, width)
    "stairwell": (1.0, ((8.5, 1.0), (12.0, 1.0), (16.5, 1.2))),
    "entrance": (6.0, ((8.2, 1.0), (12.0, 1.2), (16.8, 1.0))),
    "cellar": (0.3, ((10.0, 2.0), (14.0, 2.0))),
    "attic": (0.1, ((10.0, 2.0),)),
    "laundry": (0.5, ((6.5, 1.5),)),
    "garage": (2.0, ((8.0, 0.9), (17.0, 1.0))),
    "other": (1.5, ((10.0, 2.0), (14.5, 2.0))),
}


@dataclass(frozen=True)
class Fleet:
    """Counts of a town's fleet, and of the series that come after it.

    Attributes
    ----------
    calendar, starts
        Of all windows.
    counts
        float64[T, n]: NaN where there is none.
    least_loss
        float64[T, n]: -log P(count) under the true rate and dispersion.
    kinds, surroundings
        Of the n series.
    new
        bool[n]: series whose sensors come after ``FLEET_WEEKS``, one day later from series to series, within a week.
        Nobody loiters there.
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    counts: Floats
    least_loss: Floats
    kinds: NDArray[np.int64]
    surroundings: Surroundings
    new: NDArray[np.bool_]


def draw_fleet(name: str, seed: int, stairwells: int) -> Fleet:
    """A town of `TOWNS`; half of its stairwells are new."""
    random = np.random.default_rng([seed, len(name)])
    parameters, change = TOWNS[name]
    city = simulate_city(seed, stairwells, _WEEKS, parameters=parameters)
    rate = change(city, random)
    counts, least_loss = _draw(city, rate, random)
    stairwell = city.stairwell_of_series
    later = np.isin(stairwell, random.permutation(stairwell.max() + 1)[: len(city.stairwells) // 2])
    counts[:, later & (city.loitering > 0).any(axis=0)] = np.nan
    new = later & ~(city.loitering > 0).any(axis=0)
    counts[: FLEET_WEEKS * 168, new] = np.nan
    for number, series in enumerate(np.flatnonzero(new)):
        counts[: FLEET_WEEKS * 168 + number % 7 * 24, series] = np.nan
    return Fleet(
        city.calendar,
        city.starts,
        counts,
        least_loss,
        np.array([kind_number(kind) for kind in city.kinds]),
        Surroundings([place.area for place in city.places], [place.dwellings for place in city.places]),
        new,
    )


def _draw(city: SimulatedCity, rate: Floats, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Counts as the simulated town draws them, where its sensors were there, and their least log-loss."""
    windows, series = rate.shape
    by_day = random.gamma(_DAY_SHAPE, 1 / _DAY_SHAPE, (windows // 24 + 1, series))[np.arange(windows) // 24]
    low, high = np.log(_WINDOW_SHAPE).tolist()
    shape = np.exp(random.uniform(low, high, series))
    by_window = random.standard_gamma(np.broadcast_to(shape, rate.shape)) / shape
    counts = random.poisson(rate * by_day * by_window + city.loitering).astype(np.float64)
    counts[np.isnan(city.counts)] = np.nan
    strength = 1 / ((1 + 1 / _DAY_SHAPE) * (1 + 1 / shape) - 1)
    mean = rate + city.loitering + 1e-9
    loss = gammaln(strength) + gammaln(counts + 1) - gammaln(counts + strength)
    loss -= strength * np.log(strength / (strength + mean)) + counts * np.log(mean / (strength + mean))
    return counts, loss


def _same(city: SimulatedCity, _random: np.random.Generator) -> Floats:
    return city.rate


def _late_and_loud(city: SimulatedCity, _random: np.random.Generator) -> Floats:
    return 4.0 * np.roll(city.rate, 6, axis=0)


def _offices(city: SimulatedCity, random: np.random.Generator) -> Floats:
    """Busy from eight to five on weekdays, and hardly ever at the weekend; each series in its own way."""
    hours = np.arange(24) + 0.5
    profiles, levels = np.empty((len(city.kinds), 8, 24)), np.empty(len(city.kinds))
    for series, kind in enumerate(city.kinds):
        levels[series], peaks = _OFFICE[kind]
        day = 0.03 + sum(np.exp(-0.5 * ((hours - hour) / width) ** 2) for hour, width in peaks)
        profiles[series] = [day] * 5 + [0.04 * day + 0.01] * 3
    for order in (1, 2, 3):
        wave = np.cos(2 * np.pi * order * hours / 24 + random.uniform(0, 2 * np.pi, (len(levels), 1)))
        profiles *= np.exp(random.normal(0.0, 0.3, (len(levels), 1)) / order * wave)[:, None]
    profiles /= profiles[:, :7].mean(axis=(1, 2), keepdims=True)
    levels *= np.exp(random.normal(0.0, _CALM.level_spread, len(levels)))
    weekly = profiles.reshape(len(levels), -1) * levels[:, None]
    return np.asarray(weekly.T[city.calendar.slots_of(city.starts)])


def _by_area(city: SimulatedCity, random: np.random.Generator) -> Floats:
    """Areas differ, and a large building is busier than a small one."""
    names, areas = np.unique([place.area for place in city.places], return_inverse=True)
    dwellings = np.log([place.dwellings for place in city.places])
    log_factor = random.normal(0.0, _AREA_SPREAD, len(names))[areas] + _BY_DWELLINGS * (dwellings - dwellings.mean())
    return np.asarray(city.rate * np.exp(log_factor))


def _by_area_and_hour(city: SimulatedCity, random: np.random.Generator) -> Floats:
    """One area in three lives later as well: students."""
    areas = np.unique([place.area for place in city.places], return_inverse=True)[1]
    rate = _by_area(city, random)
    return np.where(areas % 3 == 0, np.roll(rate, _LATER_HOURS, axis=0), rate)


_MANY_AREAS = replace(_CALM, level_spread=0.6, areas_per_tenant=6)
TOWNS: Mapping[str, tuple[CityParameters, Callable[[SimulatedCity, np.random.Generator], Floats]]] = {
    "like version 0's": (_CALM, _same),
    "loitering in 15 % of its stairwells": (replace(_CALM, chronic_share=0.15), _same),
    "six hours later, four times as busy": (_CALM, _late_and_loud),
    "offices": (_CALM, _offices),
    "areas and sizes differ": (_MANY_AREAS, _by_area),
    "areas keep hours of their own, too": (_MANY_AREAS, _by_area_and_hour),
}
