"""Normal life of a simulated town: when people come and go in each kind of space."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from models.calendar import DAY_TYPES, SECONDS_PER_DAY, Calendar
from models.city.parameters import CityParameters

_HOURS = np.arange(24)


@dataclass(frozen=True)
class Bump:
    """One reason to be in a space: centre and width in hours, weight on Mon-Thu, Fri, Sat, Sun."""

    centre: float
    width: float
    weights: tuple[float, float, float, float]


@dataclass(frozen=True)
class KindOfLife:
    """Median level (presences per hour), how often the kind has a sensor, and its reasons to be there."""

    level: float
    share: float
    bumps: tuple[Bump, ...]


KINDS_OF_LIFE: dict[str, KindOfLife] = {
    "stairwell": KindOfLife(
        0.08,
        0.5,
        (
            Bump(7.8, 1.2, (0.6, 0.6, 0.1, 0.1)),
            Bump(16.5, 2.8, (1.0, 1.1, 0.9, 0.9)),
            Bump(21.5, 2.0, (0.3, 0.7, 0.8, 0.3)),
        ),
    ),
    "entrance": KindOfLife(
        0.2,
        0.15,
        (
            Bump(8.0, 1.4, (1.0, 1.0, 0.2, 0.2)),
            Bump(16.0, 3.0, (1.0, 1.1, 1.1, 1.0)),
            Bump(22.0, 1.8, (0.2, 0.6, 0.7, 0.2)),
        ),
    ),
    "cellar": KindOfLife(0.03, 0.15, (Bump(18.0, 2.5, (0.8, 0.6, 0.5, 0.7)), Bump(13.0, 3.0, (0.3, 0.4, 1.3, 1.2)))),
    "attic": KindOfLife(0.012, 0.06, (Bump(17.5, 2.5, (0.6, 0.5, 0.5, 0.6)), Bump(13.0, 2.8, (0.3, 0.4, 1.2, 1.2)))),
    "laundry": KindOfLife(
        0.25,
        0.06,
        (
            Bump(9.0, 2.0, (0.8, 0.7, 1.0, 0.9)),
            Bump(14.0, 2.5, (0.8, 0.8, 1.2, 1.3)),
            Bump(19.0, 1.8, (1.3, 0.7, 0.6, 1.2)),
        ),
    ),
    "garage": KindOfLife(0.07, 0.05, (Bump(7.5, 1.3, (1.0, 1.0, 0.2, 0.2)), Bump(17.0, 2.2, (1.2, 1.2, 0.8, 0.8)))),
    "other": KindOfLife(0.05, 0.03, (Bump(15.0, 4.5, (1.0, 1.0, 0.9, 0.9)),)),
}
_NIGHT_FLOOR = 0.06  # somebody always comes home late


def draw_profiles(
    random: np.random.Generator, kinds: NDArray[np.str_], parameters: CityParameters
) -> NDArray[np.float64]:
    """Relative rate of every series in each of the 192 hourly slots, mean 1 over the 168 ordinary hours.

    The profile of the kind is bent by three random harmonics of the day, which moves and sharpens its peaks, and each
    day of the week by a factor of its own.
    """
    n = len(kinds)
    names, inverse = np.unique(kinds, return_inverse=True)
    profile = np.stack([_kind_profile(KINDS_OF_LIFE[name].bumps) for name in names])[inverse]
    orders = np.arange(1, 4)
    amplitude = random.normal(0.0, parameters.profile_spread, (n, 3)) / orders
    phase = random.uniform(0.0, 2 * np.pi, (n, 3, 1))
    waves = np.cos(2 * np.pi * orders[:, None] * _HOURS / 24 + phase)
    bend = (amplitude[:, :, None] * waves).sum(axis=1)
    days = random.normal(0.0, parameters.profile_spread / 2, (n, DAY_TYPES, 1))
    profile = profile * np.exp(bend[:, None, :] + days)
    profile = profile / profile[:, :7].mean(axis=(1, 2), keepdims=True)
    return np.asarray(profile.reshape(n, DAY_TYPES * 24))


def draw_levels(
    random: np.random.Generator, kinds: NDArray[np.str_], parameters: CityParameters
) -> NDArray[np.float64]:
    """Mean presences per hour of every series: lognormal around the kind's, within bounds."""
    medians = np.array([KINDS_OF_LIFE[kind].level for kind in kinds])
    levels = medians * np.exp(random.normal(0.0, parameters.level_spread, len(kinds)))
    low, high = parameters.level_bounds
    return np.asarray(levels.clip(low, high))


def common_factor(calendar: Calendar, starts: NDArray[np.int64], parameters: CityParameters) -> NDArray[np.float64]:
    """Factor of each window that the whole town shares: school breaks and New Year's Eve."""
    local = calendar.local_seconds(starts)
    days, hours = local // SECONDS_PER_DAY, local % SECONDS_PER_DAY // 3600
    unique, inverse = np.unique(days, return_inverse=True)
    dates = [datetime.fromtimestamp(int(day) * SECONDS_PER_DAY, UTC).date() for day in unique]
    in_break = np.array([is_school_break(day.month, day.day, day.isocalendar().week) for day in dates])
    weekday = np.array([day.weekday() < 5 for day in dates])
    factor = np.where((in_break & weekday)[inverse] & (hours >= 9) & (hours < 17), parameters.school_break_factor, 1.0)
    eve = np.array([(day.month, day.day) == (12, 31) for day in dates])[inverse] & (hours >= 20)
    morning = np.array([(day.month, day.day) == (1, 1) for day in dates])[inverse] & (hours < 4)
    return np.where(eve | morning, parameters.new_years_eve_factor, factor)


def is_school_break(month: int, day: int, iso_week: int) -> bool:
    """Whether Stockholm's schools are closed: weeks 9 and 44, summer and Christmas (Easter's is left to the holidays).

    Examples
    --------
    >>> is_school_break(10, 28, 44), is_school_break(9, 15, 38)
    (True, False)
    """
    summer = (6, 12) <= (month, day) <= (8, 18)
    christmas = (month, day) >= (12, 21) or (month, day) <= (1, 7)
    return iso_week in (9, 44) or summer or christmas


def _kind_profile(bumps: tuple[Bump, ...]) -> NDArray[np.float64]:
    profile = np.full((DAY_TYPES, 24), _NIGHT_FLOOR)
    for bump in bumps:
        distance = np.abs((_HOURS + 0.5 - bump.centre + 12) % 24 - 12)
        shape = np.exp(-0.5 * (distance / bump.width) ** 2)
        monday_to_thursday, friday, saturday, sunday = bump.weights
        weights = np.array([monday_to_thursday] * 4 + [friday, saturday, sunday, sunday])
        profile += weights[:, None] * shape
    return profile
