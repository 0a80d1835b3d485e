"""Whether the alarm budget is kept where counts depend on those before them, as the simulated towns' hardly do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.quality.alarms import episode_rate, flag_at_own_budget
from bench.quality.experiment import Figure, Row, Table
from bench.quality.panel import Floats, Rival
from bench.quality.towns import Town, null_town

_SETTLED_WEEKS = 8
_LEAST_SHAPE, _MOST_SHAPE = 1.0, 8.0  # of the intensity of windows, as in the simulated towns
_OFFSPRING = (0.25, 0.13, 0.07)  # presences that one brings in each of the hours after it
_STAY_HOURS = 3
_STAYING_SHARE = 0.4  # of all presences
_SEASON_WEEKS = 26

DEPENDENT = Table(
    "dependent",
    "False episodes where counts depend on each other",
    "Episodes opened per 100 stairwell-weeks from the ninth week on, where nothing happens; promised are 2. Every town "
    "has the same rates, but its counts stray otherwise around them: independently; by a factor that lasts for 6 hours "
    "(log standard deviation 0.7), or for 3 days (0.5), of each series; for 5 days (0.3), of the whole town; by a "
    "season of half a year (0.6 to 1.6 times); because people stay for three hours (40 % of all presences); because "
    "one presence brings 0.45 more in the three hours after it, and these bring theirs. The last two are what the "
    "detector is there to tell. The second row takes all counts for independent; no race is held.",
)


@dataclass(frozen=True)
class DependentTowns:
    """False episodes of a detector that keeps a budget by itself, in null towns of dependent counts.

    Parameters
    ----------
    rivals
        Who takes part.
    seed
        The town has the seed thirty above it.
    stairwells, weeks
        Size of the town.
    """

    rivals: Sequence[Rival]
    seed: int
    stairwells: int = 120
    weeks: int = 36
    name: str = DEPENDENT.name
    tables: Sequence[Table] = (DEPENDENT,)

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        town = null_town(self.seed + 30, self.stairwells, self.weeks)
        return {self.name: {title: self._figure(rival, _redrawn(town, draw, self.seed)) for title, draw in _DRAWS}}

    def _figure(self, rival: Rival, town: Town) -> Figure:
        settled = town.observed_weeks >= _SETTLED_WEEKS
        rate = episode_rate(flag_at_own_budget(rival.judge(town), town), town, settled)
        return Figure(f"{rate:.1f}", detail=rate)


def _redrawn(town: Town, draw: Callable[[np.random.Generator, Floats], Floats], seed: int) -> Town:
    """The town with other counts, missing where they were."""
    counts = draw(np.random.default_rng(seed), town.rate)
    return replace(town, counts=np.where(np.isnan(town.counts), np.nan, counts))


def lasting_factor(random: np.random.Generator, windows: int, series: int, *, hours: float, spread: float) -> Floats:
    """Factors of mean 1 whose logarithm is an autoregression of this time constant and standard deviation.

    float64[windows, series], of windows of an hour.
    """
    kept = np.exp(-1.0 / hours)
    news = random.standard_normal((windows, series)) * np.sqrt(1.0 - kept * kept)
    log_factor = np.empty_like(news)
    latest = random.standard_normal(series)
    for window, new in enumerate(news):
        log_factor[window] = latest = kept * latest + new
    return np.asarray(np.exp(spread * log_factor - 0.5 * spread * spread))


def _by_hours(random: np.random.Generator, rate: Floats) -> Floats:
    return _poisson(random, rate * lasting_factor(random, *rate.shape, hours=6.0, spread=0.7))


def _by_days(random: np.random.Generator, rate: Floats) -> Floats:
    return _poisson(random, rate * lasting_factor(random, *rate.shape, hours=72.0, spread=0.5))


def _by_the_town(random: np.random.Generator, rate: Floats) -> Floats:
    return _counted(random, rate * lasting_factor(random, len(rate), 1, hours=120.0, spread=0.3))


def _by_season(random: np.random.Generator, rate: Floats) -> Floats:
    turns = np.arange(len(rate)) / (168.0 * _SEASON_WEEKS)
    return _counted(random, rate * np.exp(0.5 * np.sin(2.0 * np.pi * turns))[:, None])


def _by_staying(random: np.random.Generator, rate: Floats) -> Floats:
    coming = random.random(rate.shape) < _STAYING_SHARE * rate / _STAY_HOURS
    staying = sum(np.pad(coming[: len(coming) - hour], ((hour, 0), (0, 0))) for hour in range(_STAY_HOURS))
    return _poisson(random, (1.0 - _STAYING_SHARE) * rate + staying)


def presences_that_bring_others(
    random: np.random.Generator, rate: Floats, brought: Sequence[float] = _OFFSPRING
) -> Floats:
    """Counts of such means, float64[windows, series], of which each brings so many others in the hours after it."""
    intensity = (1.0 - sum(brought)) * rate
    counts = np.empty_like(rate)
    for window in range(len(rate)):
        counts[window] = random.poisson(intensity[window])
        for later, share in enumerate(brought, window + 1):
            if later < len(rate):
                intensity[later] += share * counts[window]
    return counts


def _counted(random: np.random.Generator, rate: Floats) -> Floats:
    """Counts as overdispersed as those of a simulated town."""
    low, high = np.log([_LEAST_SHAPE, _MOST_SHAPE])
    shape = np.exp(random.uniform(low, high, rate.shape[1]))
    return _poisson(random, rate * random.standard_gamma(np.broadcast_to(shape, rate.shape)) / shape)


def _poisson(random: np.random.Generator, rate: Floats) -> Floats:
    return np.asarray(random.poisson(rate), dtype=np.float64)


_DRAWS = (
    ("independent", _counted),
    ("hours", _by_hours),
    ("days", _by_days),
    ("the town", _by_the_town),
    ("season", _by_season),
    ("staying", _by_staying),
    ("others", presences_that_bring_others),
)
