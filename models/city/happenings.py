"""What happens in a simulated town besides normal life: loitering, and known causes that look like it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar, weekdays_of
from models.city.parameters import CityParameters

EVENING_PREFERENCE = (1.0, 1.0, 1.2, 1.5, 2.5, 2.5, 1.0)  # of a hang-out, from Monday: Fridays and Saturdays first
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True)
class LoiteringEpisode:
    """Truth: from ``start`` to ``end`` (UTC epoch seconds) somebody loiters in one series on preferred evenings.

    ``kind`` is ``emerging``, ``chronic`` or ``ended``; ``weekdays`` count from Monday 0; hours are local,
    ``to_hour`` is exclusive and the block belongs to the day it starts when it wraps midnight; ``rate`` is in
    presences per hour.
    """

    series: int
    kind: str
    weekdays: tuple[int, ...]
    from_hour: int
    to_hour: int
    start: int
    end: int
    rate: float

    @property
    def hours(self) -> frozenset[int]:
        """Local hours of day of the block."""
        length = (self.to_hour - self.from_hour) % 24
        return frozenset((self.from_hour + k) % 24 for k in range(length))


@dataclass(frozen=True)
class Happening:
    """A cause known to people: ``moving``, ``renovation`` or ``patrol`` in one stairwell, UTC epoch seconds."""

    stairwell: str
    cause: str
    start: int
    end: int


@dataclass
class LocalTime:
    """The windows of a span in local days and hours."""

    calendar: Calendar
    starts: NDArray[np.int64]
    days: NDArray[np.int64] = field(init=False)
    hours: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        local = self.calendar.local_seconds(self.starts)
        self.days = local // SECONDS_PER_DAY
        self.hours = local % SECONDS_PER_DAY // 3600

    def block(self, from_hour: int, length: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Windows within a block of hours, and the local day each window's block starts on."""
        into = (self.hours - from_hour) % 24
        return into < length, self.days - (self.hours < from_hour)

    def kept_by(self, episode: LoiteringEpisode) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Windows of the evenings and hours that an episode keeps to, begun or not, and the day each belongs to."""
        inside, day = self.block(episode.from_hour, (episode.to_hour - episode.from_hour) % 24)
        return inside & np.isin(weekdays_of(day), episode.weekdays), day


def draw_episodes(
    random: np.random.Generator,
    stairwell_of_series: NDArray[np.int64],
    starts: NDArray[np.int64],
    parameters: CityParameters,
) -> tuple[LoiteringEpisode, ...]:
    """One episode in each stairwell that has loitering, in one of its series."""
    stairwells = np.unique(stairwell_of_series)
    shares = (parameters.emerging_share, parameters.chronic_share, parameters.ended_share)
    numbers = [round(share * len(stairwells)) for share in shares]
    chosen = random.permutation(stairwells)[: sum(numbers)]
    kinds = np.repeat(["emerging", "chronic", "ended"], numbers)
    first, last = int(starts[0]), int(starts[-1])
    episodes = []
    for stairwell, kind in zip(chosen, kinds, strict=True):
        series = int(random.choice(np.flatnonzero(stairwell_of_series == stairwell)))
        begin, end = _span(random, str(kind), parameters)
        episodes.append(
            _draw_episode(
                random,
                series=series,
                kind=str(kind),
                start=first + int(begin * (last - first)),
                end=first + int(end * (last - first)),
                parameters=parameters,
            )
        )
    return tuple(sorted(episodes, key=lambda episode: episode.series))


def draw_loitering(
    random: np.random.Generator,
    episodes: tuple[LoiteringEpisode, ...],
    local: LocalTime,
    series: int,
    parameters: CityParameters,
) -> NDArray[np.float64]:
    """Added presences per hour, shape (windows, series): a gamma draw for each evening that takes place."""
    loitering = np.zeros((len(local.starts), series))
    first_day = int(local.days[0]) - 1
    evenings = int(local.days[-1]) - first_day + 1
    for episode in episodes:
        attended = random.random(evenings) < parameters.loitering_attendance
        strength = random.gamma(parameters.loitering_shape, 1 / parameters.loitering_shape, evenings)
        inside, day = local.kept_by(episode)
        inside &= (local.starts >= episode.start) & (local.starts <= episode.end)
        evening = day[inside] - first_day
        loitering[inside, episode.series] = episode.rate * (attended * strength)[evening]
    return loitering


def draw_happenings(
    random: np.random.Generator, stairwells: tuple[str, ...], local: LocalTime, parameters: CityParameters
) -> tuple[Happening, ...]:
    """Moving days, renovations and patrol visits, each annotated by people who know of it."""
    days = np.unique(local.days)
    years = len(days) / _DAYS_PER_YEAR
    happenings: list[Happening] = []
    for stairwell in stairwells:
        for day in random.choice(days, random.poisson(parameters.moving_days_per_stairwell_year * years)):
            happenings.extend(_local_span(local, stairwell, "moving", int(day), (9, 8)))
        for day in random.choice(days, random.poisson(parameters.patrols_per_stairwell_year * years)):
            hour = int(random.integers(17, 24))
            happenings.extend(_local_span(local, stairwell, "patrol", int(day), (hour, 1)))
        if random.random() < parameters.renovation_share:
            low, high = parameters.renovation_days
            begin = int(random.choice(days))
            for day in range(begin, begin + int(random.integers(low, high + 1))):
                if weekdays_of(day) < 5:
                    happenings.extend(_local_span(local, stairwell, "renovation", day, (7, 9)))
    return tuple(sorted(happenings, key=lambda happening: (happening.start, happening.stairwell)))


def happening_rate(
    happenings: tuple[Happening, ...],
    series_of_stairwell: dict[str, NDArray[np.int64]],
    starts: NDArray[np.int64],
    series: int,
    parameters: CityParameters,
) -> NDArray[np.float64]:
    """Presences per hour that known causes add, shape (windows, series)."""
    added = {"moving": parameters.moving_rate, "renovation": parameters.renovation_rate, "patrol": 0.5}
    rate = np.zeros((len(starts), series))
    for happening in happenings:
        begin, end = np.searchsorted(starts, (happening.start, happening.end))
        rate[begin:end, series_of_stairwell[happening.stairwell]] += added[happening.cause]
    return rate


def _span(random: np.random.Generator, kind: str, parameters: CityParameters) -> tuple[float, float]:
    if kind == "chronic":
        return 0.0, 1.0
    if kind == "emerging":
        return random.uniform(*parameters.emerging_onset), 1.0
    return random.uniform(*parameters.ended_onset), random.uniform(*parameters.ended_end)


def _draw_episode(
    random: np.random.Generator, *, series: int, kind: str, start: int, end: int, parameters: CityParameters
) -> LoiteringEpisode:
    low, high = parameters.loitering_evenings
    preference = np.array(EVENING_PREFERENCE)
    evenings = int(random.integers(low, high + 1))
    weekdays = random.choice(7, evenings, replace=False, p=preference / preference.sum())
    from_hour = int(random.integers(parameters.loitering_from_hour[0], parameters.loitering_from_hour[1] + 1))
    length = int(random.integers(parameters.loitering_hours[0], parameters.loitering_hours[1] + 1))
    return LoiteringEpisode(
        series=series,
        kind=kind,
        weekdays=tuple(sorted(int(day) for day in weekdays)),
        from_hour=from_hour,
        to_hour=(from_hour + length) % 24,
        start=start,
        end=end,
        rate=float(random.uniform(*parameters.loitering_rate)),
    )


def _local_span(local: LocalTime, stairwell: str, cause: str, day: int, hours: tuple[int, int]) -> list[Happening]:
    inside, block_day = local.block(*hours)
    windows = local.starts[inside & (block_day == day)]
    if not len(windows):
        return []
    end = int(windows[-1]) + local.calendar.window_seconds
    return [Happening(stairwell, cause, int(windows[0]), end)]
