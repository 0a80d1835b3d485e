r"""Counts against a mean for each hour of the week, refitted every week on all weeks before.

The plain Poisson threshold takes the mean of an hour of the week for its rate. The gamma-Poisson shrinks it towards the
series' mean by empirical Bayes (gamma prior by the method of moments) and carries the uncertainty of the mean in its
predictive distribution, a negative binomial. The overdispersed one also learns :math:`\phi` of the series from
:math:`E[(y-m)^2 - m] = \phi m^2`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bench.quality.panel import Floats, Judgement, Panel
from bench.quality.tails import judge_counts

_POISSON = 1e-9  # extra-Poisson variance of a Poisson count, for formulas of the negative binomial
_LEAST_RATE = 1e-4  # presences per window: where nothing has ever been, something must stay possible


@dataclass(frozen=True)
class Past:
    """The past of every hour of the week, float64[slots, n]: visits, sum and sum of squares of the counts."""

    visits: Floats
    total: Floats
    squares: Floats

    @property
    def overall(self) -> Floats:
        """float64[n]: mean count of a window."""
        mean = self.total.sum(axis=0) / np.maximum(self.visits.sum(axis=0), 1.0)
        return np.asarray(np.maximum(mean, _LEAST_RATE))


Fit = Callable[[Past], tuple[Floats, Floats]]


def refits(panel: Panel) -> Iterator[tuple[slice, Past]]:
    """The windows of each week after the first, and the past they may be judged by."""
    shape = (panel.windows_per_week, panel.width)
    past = Past(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for week in panel.weeks():
        if week.start:
            yield week, past
        observed = ~np.isnan(panel.counts[week])
        counts = np.where(observed, panel.counts[week], 0.0)
        for sums, values in ((past.visits, observed), (past.total, counts), (past.squares, counts**2)):
            np.add.at(sums, panel.times_of_week[week], values)


def predict(panel: Panel, fit: Fit) -> tuple[Floats, Floats]:
    """Mean and excess of every window by weekly refits, float64[T, n] each; NaN in the first week."""
    mean, excess = np.full(panel.counts.shape, np.nan), np.full(panel.counts.shape, np.nan)
    for week, past in refits(panel):
        times = panel.times_of_week[week]
        fitted = fit(past)
        mean[week], excess[week] = fitted[0][times], fitted[1][times]
    return mean, excess


def hourly_mean(past: Past) -> tuple[Floats, Floats]:
    """The mean of each hour of the week, with one visit's weight of the series' mean; Poisson counts."""
    mean = (past.total + past.overall) / (past.visits + 1.0)
    return mean, np.full_like(mean, _POISSON)


def gamma_posterior(past: Past) -> tuple[Floats, Floats]:
    """Posterior mean of each hour of the week, and the excess that its uncertainty gives a Poisson count."""
    overall = past.overall
    visits = np.maximum(past.visits, 1.0)
    between = np.var(past.total / visits, axis=0) - overall * (1.0 / visits).mean(axis=0)
    shape = overall**2 / np.maximum(between, 0.01 * overall**2)
    posterior = shape + past.total
    return posterior / (shape / overall + past.visits), 1.0 / posterior


def overdispersed_posterior(past: Past) -> tuple[Floats, Floats]:
    """The same, and the series' own overdispersion."""
    mean, uncertainty = gamma_posterior(past)
    residuals = past.squares - 2.0 * mean * past.total + past.visits * mean**2
    surplus = (residuals - past.visits * mean).sum(axis=0)
    dispersion = np.maximum(surplus / np.maximum((past.visits * mean**2).sum(axis=0), 1e-12), _POISSON)
    return mean, dispersion + (1.0 + dispersion) * uncertainty


def judge_poisson(panel: Panel) -> Judgement:
    """Upper tail of a Poisson count."""
    return judge_counts(panel.counts, *predict(panel, hourly_mean))


def judge_gamma_poisson(panel: Panel) -> Judgement:
    """Upper tail of a Poisson count of uncertain mean."""
    return judge_counts(panel.counts, *predict(panel, gamma_posterior))


def judge_negative_binomial(panel: Panel) -> Judgement:
    """Upper tail of an overdispersed count of uncertain mean."""
    return judge_counts(panel.counts, *predict(panel, overdispersed_posterior))
