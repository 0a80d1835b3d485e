r"""The town's mood: how many times livelier than before everybody is in a list's period, by weekday and hour.

In a school break or a warm spell a whole town is on its stairs at hours when it was not, and no place in it is hot. The
mood of an hour is the factor at which half of the series have more presences in it than is usual for them and half have
fewer, so that those in which somebody loiters hardly move it, however loud they are.

Of the :math:`N` presences that a series has in an hour of the week, those of the period are binomial: their odds are
the factor times what is expected in the period over what is expected before, as peers live and as the sensor was
heard. Counts are discrete, so a series votes "fewer" with the share of its chance that lies below one half,

.. math:: v = \min(1, \max(0, (1/2 - P(Y < y)) / P(Y = y))),

whose mean is one half for every :math:`N` (as in `models.hotspots.common_cause`, where the share is another). In the
end what lies beyond either end of its chances is not heard, so that loud places have no vote. Votes are counted for
each hour and its two neighbours, over all weekdays together and on each. A town is mostly as ever: the factor is 1, but
for some chance that it is lognormal; and that of a weekday is the hour's, but for the same chance. So what few votes
say, or say faintly, changes next to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtri

from models.hotspots.blocks import BLOCK_HOURS, Cells, Days, block_sums, by_weekday, evenings
from models.hotspots.common_cause import FEWEST_SERIES

_CHANCE = 0.25  # that the town is not as ever in an hour, and on a weekday not as on the others
_LOG_VARIANCE = 0.16  # of the factor then: half as much again is nothing out of the way
_OWN_SHARE = 0.4  # relative standard deviation of how far a series follows the town
_FARTHEST = 1.5  # log factor: a town that is out more than four times as much is left out as a common cause
_BEYOND = 0.02  # chance, at either end, of counts that are not heard in the end
_STEPS, _LAST_STEPS = 2, 2  # the normal score of the votes is next to linear in the log factor
_FIRST_STEP, _APART = 0.4, 1e-3  # nearer steps tell no slope
_SLOPES = (0.1, 5.0)  # that the score may have
_LEAST_SHARE = 1e-3  # of votes, so that the score is finite
_NORMAL_DENSITY = 1 / np.sqrt(2 * np.pi)  # where half is below

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mood:
    """How the town was in the period, against the days before.

    Parameters
    ----------
    factor
        float32[7, 24]: of what is usual, by local weekday, Monday first, and hour.
    variance
        float32[7, 24]: of the log factor of a series: how well the town's is known, and how far each follows it.
    """

    factor: Cells
    variance: Cells

    @classmethod
    def as_ever(cls) -> Mood:
        """That of a town of which nothing is known."""
        return cls(np.ones((7, 24), dtype=np.float32), np.zeros((7, 24), dtype=np.float32))

    def factor_on(self, weekdays: NDArray[np.int64]) -> Cells:
        """Factor of some days, float32[days, 24, 1]."""
        return np.asarray(self.factor[weekdays, :, None])

    def log_of_some(self, weekdays: NDArray[np.int64], series: int, random: np.random.Generator) -> Cells:
        """Draw by how much the log factors of some series differ from the town's, float32[days, 24, series].

        A series that follows the town further does so in all hours. The factors' mean is the town's.
        """
        own = np.sqrt(self.variance)[:, :, None] * random.normal(size=series).astype(np.float32)
        return np.asarray((own - self.variance[:, :, None] / 2)[weekdays])

    def variance_of_blocks(self) -> Cells:
        """Mean variance of the hours of each block, float32[7, 24 * lengths, 1], as `blocks.block_sums` orders them."""
        week = np.concatenate([self.variance, self.variance[:1]])[:, :, None]
        return block_sums(evenings(week)[:7]) / np.tile(np.array(BLOCK_HOURS, dtype=np.float32), 24)[:, None]


def mood_of(observed: Cells, base: Cells, days: Days) -> Mood:
    """The mood of a town by the votes of its series; as ever if it has fewer than twenty.

    Parameters
    ----------
    observed, base
        float32[days, 24, n]: presences, and what peers are expected to have in the hours heard.
    days
        The days, of which the period's are held against those before.

    Examples
    --------
    >>> days = Days.ending(20_347, period=14, history=70)
    >>> base = np.full((70, 24, 50), 0.2, dtype=np.float32)
    >>> lively = base * np.where(days.in_period, 1.5, 1.0)[:, None, None]
    >>> counts = np.random.default_rng(1).poisson(lively).astype(np.float32)
    >>> round(float(mood_of(counts, base, days).factor.mean()), 1)
    1.5
    """
    if observed.shape[2] < FEWEST_SERIES:
        return Mood.as_ever()
    spans = (days.in_period, ~days.in_period)
    tables = [_around_hours(cells[span], days.weekdays[span]) for cells in (observed, base) for span in spans]
    log_factor, variance = np.zeros((2, 1, 24))
    for votes in ([table.sum(axis=0, keepdims=True) for table in tables], tables):
        log_factor, variance = _mostly(log_factor, variance, *_balance(*votes))
    variance = variance + np.square(_OWN_SHARE * log_factor)
    return Mood(np.exp(log_factor).astype(np.float32), variance.astype(np.float32))


def _around_hours(cells: Cells, weekdays: NDArray[np.int64]) -> Floats:
    """Sums of each hour of the week and its neighbours, float64[7, 24, n]."""
    week = by_weekday(cells, weekdays).astype(np.float64).reshape(7 * 24, -1)
    return np.asarray(np.roll(week, 1, axis=0) + week + np.roll(week, -1, axis=0)).reshape(7, 24, -1)


def _balance(now: Floats, before: Floats, base_now: Floats, base_before: Floats) -> tuple[Floats, Floats]:
    """Log factor at which votes are even, and the precision of that, float64[k, 24] of tables [k, 24, n]."""
    total = now + before
    votes = (total > 0) & (base_now > 0) & (base_before > 0)
    shape = votes.shape[:-1]
    voters = votes.sum(axis=-1).ravel()
    cell = np.repeat(np.arange(len(voters)), voters)
    ballot = _Ballot(cell, len(voters), now[votes], total[votes], base_now[votes] / base_before[votes])
    at, slope, heard = np.zeros(len(voters)), np.ones(len(voters)), np.ones(len(cell))
    score, _ = ballot.count(at, heard)
    following = np.where(score > 0, -_FIRST_STEP, _FIRST_STEP)
    for _ in range(_STEPS):
        after, _ = ballot.count(following, heard)
        apart = np.abs(following - at) > _APART
        slope = np.where(apart, (after - score) / np.where(apart, following - at, 1.0), slope).clip(*_SLOPES)
        at, score, following = following, after, (following - after / slope).clip(-_FARTHEST, _FARTHEST)
    heard = ballot.ordinary(following)
    for _ in range(_LAST_STEPS):
        score, square = ballot.count(following, heard)
        following = (following - score / slope).clip(-_FARTHEST, _FARTHEST)
    precision = voters * np.square(_NORMAL_DENSITY * slope) / np.maximum(square, 1 / (4 * np.maximum(voters, 1)))
    told = voters >= FEWEST_SERIES
    return np.where(told, following, 0.0).reshape(shape), np.where(told, precision, 0.0).reshape(shape)


@dataclass(frozen=True)
class _Ballot:
    """Who votes in which cell, [m] each: presences in the period and in all, and the odds that one is the period's."""

    cell: NDArray[np.int64]
    cells: int
    now: Floats
    total: Floats
    odds: Floats

    def ordinary(self, log_factor: Floats) -> Floats:
        """Share of the chance of each vote's counts that is not beyond either end."""
        low, high = self._shares(log_factor, _BEYOND, 1 - _BEYOND)
        return high - low

    def count(self, log_factor: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """Normal score of the share of votes for "fewer" in each cell, and their mean square around one half."""
        [fewer] = self._shares(log_factor, 0.5)
        whole = np.maximum(np.bincount(self.cell, weight, minlength=self.cells), 1e-9)
        share, square = (
            np.bincount(self.cell, weight * values, minlength=self.cells) / whole
            for values in (fewer, np.square(fewer - 0.5))
        )
        return ndtri(share.clip(_LEAST_SHARE, 1 - _LEAST_SHARE)), square

    def _shares(self, log_factor: Floats, *levels: float) -> list[Floats]:
        """Share of the chance of each vote's counts that lies below some levels."""
        now, total = self.now, self.total
        before = 1 / (1 + self.odds * np.exp(log_factor)[self.cell])
        below = np.where(now > 0, betainc(total - now + 1, np.maximum(now, 1), before), 0.0)
        up_to = np.where(now < total, betainc(np.maximum(total - now, 1), now + 1, before), 1.0)
        here = np.maximum(up_to - below, 1e-300)
        return [((level - below) / here).clip(0.0, 1.0) for level in levels]


def _mostly(usual: Floats, variance: Floats, told: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of a log factor that mostly is the usual one, itself known so well, given what votes tell."""
    precision = precision / (1 + precision * variance)
    informed = _LOG_VARIANCE * precision
    away = told - usual
    odds = _CHANCE / (1 - _CHANCE) / np.sqrt(1 + informed)
    odds = odds * np.exp(np.minimum(0.5 * precision * informed / (1 + informed) * np.square(away), 500.0))
    chance, mean = odds / (1 + odds), informed / (1 + informed) * away
    left = chance * (_LOG_VARIANCE / (1 + informed) + np.square(mean)) - np.square(chance * mean)
    return usual + chance * mean, variance + left
