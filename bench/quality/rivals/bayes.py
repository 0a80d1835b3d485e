r"""The Bayes detector: what anybody could find who is not told where to look.

It knows what is normal in every window, how counts and days spread around it (or learns them as our detector does),
and what hang-outs are drawn from; not the evenings, hours, size and onset of this one. For every hypothesis :math:`h`
(evenings x first hour x length x size) it carries the statistic of Shiryaev (1963) and Roberts (1966),

.. math:: R_h \leftarrow (R_h + 1) \, L_h

once a day, :math:`L_h` being the likelihood ratio of the counts in the hours of :math:`h` on an evening of it, else 1:
the sum of the likelihood ratios of all days of onset. The score is the logarithm of the mean over hypotheses, the
posterior odds of an onset under a small constant hazard. At a rate of false alarms no rule detects earlier on average
than these odds, as the hazard goes to zero (Pollak, Annals of Statistics 13, 1985).

An evening may be skipped, and is stronger or weaker than others; a window's count is a negative binomial around the
day's rate, which all windows of a local day share, plus a Poisson count. Days and strengths are summed over by
quadrature. What the hours of a day after a block tell of the day's rate is not carried back into the block.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.quality.panel import Judgement, Panel
from bench.quality.rivals.hangouts import HangOuts, gamma_nodes, simulated_hang_outs, vague_hang_outs
from bench.quality.rivals.ours import predict_ours
from bench.quality.towns import Town
from models.calendar import SECONDS_PER_DAY, weekdays_of
from models.city import CityParameters

_Array = NDArray[np.float64]
DAY_NODES = 5
_SERIES_AT_ONCE = 100
_MOST = 1e150  # a likelihood ratio, against overflow: far beyond any threshold
_LEAST = 1e-9


@dataclass(frozen=True)
class Normal:
    """What is normal: float64[T, n] each.

    Parameters
    ----------
    mean
        Expected counts.
    dispersion
        Excess variance of a count around its day's mean.
    day_shape
        Gamma shape of the factor that all windows of a local day share; None without it.
    """

    mean: _Array
    dispersion: _Array
    day_shape: float | None = None


def judge_bayes(panel: Panel) -> Judgement:
    """Odds of an onset, to one who knows what hang-outs are drawn from."""
    return judge_hang_outs(panel, simulated_hang_outs(CityParameters()), normal_in_truth(panel))


def judge_bayes_vague(panel: Panel) -> Judgement:
    """Odds of an onset, to one who knows that hang-outs last hours and come back, but not when."""
    return judge_hang_outs(panel, vague_hang_outs(CityParameters()), normal_in_truth(panel))


def judge_bayes_learnt(panel: Panel) -> Judgement:
    """The same, to one who has to learn what is normal, and does it as our detector does."""
    return judge_hang_outs(panel, vague_hang_outs(CityParameters()), Normal(*predict_ours(panel)))


def judge_bayes_in_hours(panel: Panel) -> Judgement:
    """The same odds, but that loitering is on now: of the hang-outs alone in whose hours the window lies."""
    return judge_hang_outs(panel, vague_hang_outs(CityParameters()), Normal(*predict_ours(panel)), in_hours=True)


def normal_in_truth(panel: Panel) -> Normal:
    """What only a town can tell."""
    assert isinstance(panel, Town), "the Bayes detector needs a town's truth"
    dispersion = np.broadcast_to(panel.dispersion, panel.rate.shape)
    return Normal(panel.rate * panel.calendar.window_minutes / 60, dispersion, CityParameters().day_shape)


def judge_hang_outs(panel: Panel, prior: HangOuts, normal: Normal, *, in_hours: bool = False) -> Judgement:
    """The score of each window: the log of the Shiryaev-Roberts statistic, averaged over the prior.

    With ``in_hours``, hypotheses count only in the hours and on the evenings that they are about.
    """
    assert panel.calendar.window_minutes == 60, "hang-outs are drawn in hours"
    local = panel.calendar.local_seconds(panel.starts)
    days, hours = (local // SECONDS_PER_DAY).tolist(), (local % SECONDS_PER_DAY // 3600).tolist()
    score = np.empty_like(panel.counts)
    for first in range(0, panel.width, _SERIES_AT_ONCE):
        some = slice(first, first + _SERIES_AT_ONCE)
        counts, means = panel.counts[:, some], np.maximum(normal.mean[:, some], 1e-6)
        odds = _Odds(prior, _Likelihood(prior, counts.shape[1], normal.day_shape))
        for window, (day, hour) in enumerate(zip(days, hours, strict=True)):
            odds.learn(day, hour, _Counts(counts[window], means[window], 1.0 / normal.dispersion[window, some]))
            score[window, some] = np.log(_LEAST + (odds.in_hours() if in_hours else odds.of_an_onset()))
    return Judgement(score)


@dataclass(frozen=True)
class _Counts:
    """Counts of a window, their means and the shapes of their negative binomials; float64[n] each."""

    count: _Array  # NaN where missing
    mean: _Array
    shape: _Array


class _Likelihood:
    """Likelihood ratios of single counts, and what the counts of a day tell of its rate; ``n`` series."""

    def __init__(self, prior: HangOuts, width: int, day_shape: float | None) -> None:
        one = np.ones(1)
        self._days, self._day_weights = gamma_nodes(day_shape, DAY_NODES) if day_shape else (one, one)
        self._added = np.multiply.outer(prior.sizes, prior.strengths)[:, :, None, None]
        self.day_weights = np.empty((self._days.size, width))
        self.begin_day()

    def begin_day(self) -> None:
        """Nothing is known of a new day's rate."""
        self.day_weights[:] = self._day_weights[:, None]

    def ratios(self, counts: _Counts) -> _Array:
        """P(count; loitering) / P(count; normal), float64[sizes, strengths, days, n], 1 where missing.

        With a negative binomial of shape k and mean m, P(y - 1) / P(y) = y (k + m) / ((k + y - 1) m).
        """
        ratio = np.ones((*self._added.shape[:2], *self.day_weights.shape))
        ratio[..., ~np.isnan(counts.count)] = np.exp(-self._added)
        some = np.flatnonzero(counts.count > 0.0)
        mean, shape, y = self._days[:, None] * counts.mean[some], counts.shape[some], counts.count[some]
        term, total = np.ones_like(mean), np.ones(ratio[..., some].shape)
        for of_loiterers in range(1, int(y.max(initial=0.0)) + 1):
            left = np.maximum(y - of_loiterers, 0.0)
            term = term * (y - of_loiterers + 1.0).clip(0.0) * (shape + mean) / ((shape + left) * mean) / of_loiterers
            total += term * self._added**of_loiterers
        ratio[..., some] *= total
        return ratio

    def learn(self, counts: _Counts) -> None:
        """Weigh the day's rate by a count, as if nobody loitered: ratios are against that."""
        observed = ~np.isnan(counts.count)
        y, shape, mean = counts.count[observed], counts.shape[observed], self._days[:, None] * counts.mean[observed]
        log_chance = y * np.log(mean) - (y + shape) * np.log(shape + mean)
        weights = self.day_weights[:, observed] * np.exp(log_chance - log_chance.max(axis=0))
        self.day_weights[:, observed] = weights / weights.sum(axis=0)


@dataclass
class _Evening:
    """A block of hours from its first window on: what its counts tell, float64[sizes, strengths, ..., n]."""

    day: int
    open: list[int]  # numbers of the lengths that have not passed
    on: _Array  # float64[lengths, sizes, n]: R + 1, summed over the sets of evenings with this one
    off: _Array  # the same over those without it
    today: _Array  # of the local day, for each of its rates
    before: _Array  # of the day before, where the block wraps midnight
    ratio: _Array = field(init=False)  # float64[sizes, n]

    def __post_init__(self) -> None:
        self.ratio = np.ones(self.on.shape[1:])


class _Odds:
    """The statistic of every hypothesis for ``n`` series: float64[first hours, sets, lengths, sizes, n]."""

    def __init__(self, prior: HangOuts, likelihood: _Likelihood) -> None:
        self._prior, self._likelihood = prior, likelihood
        width = likelihood.day_weights.shape[1]
        shape = (len(prior.first_hours), len(prior.evening_weights), len(prior.lengths), len(prior.sizes), width)
        self._statistic = np.zeros(shape)
        self._parts = np.zeros((*shape[:1], *shape[2:3], width))  # of each first hour and length in the mean
        self._evenings: dict[int, _Evening] = {}
        self._day = -1

    def learn(self, day: int, hour: int, counts: _Counts) -> None:
        """Learn a window's counts."""
        if day != self._day:
            self._begin_day(day)
        self._likelihood.learn(counts)
        ratios = self._likelihood.ratios(counts)
        for number, first in enumerate(self._prior.first_hours):
            into = (hour - first) % 24
            self._close(number, into, day - (hour < first))
            if into < self._prior.lengths[-1]:
                self._add(number, into, day - (hour < first), ratios)

    def of_an_onset(self) -> _Array:
        """The mean of the statistics, float64[n]."""
        return np.asarray(self._parts.mean(axis=(0, 1)))

    def in_hours(self) -> _Array:
        """The mean with 0 for every hypothesis to which the latest window does not belong, float64[n]."""
        total = np.zeros(self._parts.shape[2])
        for evening in self._evenings.values():
            total += self._prior.size_weights @ (evening.on[evening.open].sum(axis=0) * evening.ratio)
        return np.asarray(total / self._parts[..., 0].size)

    def _begin_day(self, day: int) -> None:
        for evening in self._evenings.values():
            evening.before = evening.before * self._over_days(evening.today)
            evening.today = np.ones_like(evening.today)
        self._likelihood.begin_day()
        self._day = day

    def _over_days(self, today: _Array) -> _Array:
        return np.asarray((today * self._likelihood.day_weights).sum(axis=2))

    def _close(self, number: int, into: int, day: int) -> None:
        """Keep what an evening told of the lengths that have passed."""
        evening = self._evenings.get(number)
        if evening is None:
            return
        passed = [k for k in evening.open if self._prior.lengths[k] <= into or evening.day != day]
        for k in passed:
            statistic = self._statistic[number, :, k]
            statistic += 1.0
            statistic[self._on(evening.day)] *= evening.ratio
            np.minimum(statistic, _MOST, out=statistic)
            evening.open.remove(k)
        if not evening.open:
            del self._evenings[number]

    def _add(self, number: int, into: int, day: int, ratios: _Array) -> None:
        """Add a window to the evening of a first hour, which begins with its first window."""
        if number not in self._evenings:
            self._evenings[number] = self._begin_evening(number, into, day, ratios)
        evening, prior = self._evenings[number], self._prior
        evening.today = evening.today * ratios
        used = np.tensordot(prior.strength_weights, evening.before * self._over_days(evening.today), (0, 1))
        evening.ratio = np.minimum(1.0 - prior.attendance + prior.attendance * used, _MOST)
        for k in evening.open:
            self._parts[number, k] = prior.size_weights @ (evening.on[k] * evening.ratio + evening.off[k])

    def _begin_evening(self, number: int, into: int, day: int, ratios: _Array) -> _Evening:
        statistic, weights = self._statistic[number], self._prior.evening_weights
        on = self._on(day)
        both = np.tensordot(np.stack([weights * on, weights * ~on]), statistic + 1.0, 1)
        ahead = [k for k, length in enumerate(self._prior.lengths) if length > into]
        return _Evening(day, ahead, both[0], both[1], np.ones_like(ratios), np.ones_like(ratios[:, :, 0]))

    def _on(self, day: int) -> NDArray[np.bool_]:
        return np.asarray(self._prior.evenings[:, weekdays_of(day)])
