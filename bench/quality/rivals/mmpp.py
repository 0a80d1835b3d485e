r"""Markov-modulated Poisson process: forward filter, refitted weekly (Ihler, Hutchins and Smyth, KDD 2006; TKDD 2007).

Written from the equations. A count is :math:`N(t) = N_0(t) + N_E(t)`. Normal life is Poisson of the rate
:math:`\lambda(t) = \lambda_0 \, \delta_d \, \eta_{d,h}`, with a gamma prior on the level and Dirichlet priors on days
and times of day. Events come and go by a two-state Markov chain :math:`z(t)`; while one is on, :math:`N_E` is negative
binomial, a Poisson count of gamma distributed rate :math:`\gamma`. The parameters are drawn by Gibbs sampling: the
states by forward filtering and backward sampling, the normal and the event's part of each count, the rates, the chain.

Between refits the filter runs forward with the mean of the draws. All refits of all series are sampled side by side, as
columns that know only their own past. The size of an event follows the series' mean count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

from bench.quality.panel import DAYS_PER_WEEK, Floats, Judgement, Panel

DRAWS, BURN_IN = 30, 10
_FIRST_REFIT_WEEKS = 1
_LEVEL_PRIOR = (1.0, 1.0)
_DAY_PRIOR, _TIME_PRIOR = 5.0, 1.0  # Dirichlet
_CALM_HOURS, _EVENT_HOURS, _CHAIN_WEIGHT = 50.0, 2.0, 10_000.0  # beta priors of the chain: 1 % and 25 % a half hour
_EVENT_SHAPE = 5.0
_EVENT_LEVELS = 3.9  # mean event in mean counts: the paper's 15 people where 3.9 are the mean
_EVENT_PER_HOUR = 0.8  # and at least this many
_NODES = 8  # of the quadrature over event rates
_WIDTH = 1600  # columns sampled at a time


@dataclass
class Chain:
    """State of the sampler; ``c`` columns, each the refit of one series.

    Parameters
    ----------
    rate
        float64[slots, c]: normal presences per window.
    start, stop
        float64[c]: chance per window that an event starts, and that it ends.
    event
        float64[nodes, c]: event rates held for equally likely.
    """

    rate: Floats
    start: Floats
    stop: Floats
    event: Floats


def judge_mmpp(panel: Panel, seed: int = 0) -> Judgement:
    """Log odds that an event is on, by the forward filter."""
    random = np.random.default_rng(seed)
    series = max(1, _WIDTH // len(list(panel.weeks())))
    score = np.full(panel.counts.shape, np.nan)
    for first in range(0, panel.width, series):
        columns = slice(first, first + series)
        score[:, columns] = _filter(panel, panel.counts[:, columns], random)
    return Judgement(score)


def _filter(panel: Panel, counts: Floats, random: np.random.Generator) -> Floats:
    """Filter each week with the parameters fitted on the weeks before it; log odds, NaN before the first refit."""
    weeks = list(panel.weeks())[_FIRST_REFIT_WEEKS:]
    score = np.full(counts.shape, np.nan)
    if not weeks:
        return score
    series = counts.shape[1]
    fitted = _sample(panel, counts, np.repeat([week.start for week in weeks], series), random)
    chance = np.zeros(series)
    for number, week in enumerate(weeks):
        own = slice(number * series, (number + 1) * series)
        chain = Chain(fitted.rate[:, own], fitted.start[own], fitted.stop[own], fitted.event[:, own])
        evidence = _evidence(counts[week], chain.rate[panel.times_of_week[week]], chain.event)
        for window, gain in zip(range(week.start, week.stop), evidence, strict=True):
            before = chance * (1.0 - chain.stop) + (1.0 - chance) * chain.start
            odds = np.log(before / (1.0 - before)) + gain
            chance = 1.0 / (1.0 + np.exp(-np.clip(odds, -500.0, 500.0)))
            score[window] = odds
    return np.where(np.isnan(counts), np.nan, score)


def _sample(panel: Panel, counts: Floats, cuts: NDArray[np.int64], random: np.random.Generator) -> Chain:
    """Mean of the draws; column ``k`` knows the windows before ``cuts[k]`` alone."""
    past = np.arange(int(cuts.max()))[:, None] < cuts
    given = np.where(past, np.tile(counts[: len(past)], (1, len(cuts) // counts.shape[1])), np.nan)
    times = panel.times_of_week[: len(past)]
    chain = _initial(panel, given, times)
    mean = Chain(np.zeros_like(chain.rate), np.zeros_like(chain.start), np.zeros_like(chain.stop), chain.event)
    for draw in range(DRAWS):
        on = _draw_states(chain, _evidence(given, chain.rate[times], chain.event), random)
        normal = _draw_normal(chain, given, random, past=past, on=on, times=times)
        chain.rate = _draw_rates(panel, normal, times, past.sum(axis=0), random)
        chain.start, chain.stop = _draw_chain(panel, on & past, past, random)
        if draw >= BURN_IN:
            mean.rate += chain.rate / (DRAWS - BURN_IN)
            mean.start += chain.start / (DRAWS - BURN_IN)
            mean.stop += chain.stop / (DRAWS - BURN_IN)
    return mean


def _initial(panel: Panel, given: Floats, times: NDArray[np.int64]) -> Chain:
    observed = ~np.isnan(given)
    total = np.zeros((panel.windows_per_week, given.shape[1]))
    visits = np.zeros_like(total)
    np.add.at(total, times, np.where(observed, given, 0.0))
    np.add.at(visits, times, observed)
    level = (total.sum(axis=0) + 0.5) / (visits.sum(axis=0) + 1.0)
    hours = panel.calendar.window_minutes / 60
    size = np.maximum(_EVENT_LEVELS * level, _EVENT_PER_HOUR * hours)
    width = given.shape[1]
    return Chain(
        rate=(total + level) / (visits + 1.0),
        start=np.full(width, hours / _CALM_HOURS),
        stop=np.full(width, hours / _EVENT_HOURS),
        event=event_sizes()[:, None] * size,
    )


def event_sizes() -> Floats:
    """Medians of equally likely parts of the gamma distribution of event rates, of mean 1."""
    return np.asarray(gammaincinv(_EVENT_SHAPE, (np.arange(_NODES) + 0.5) / _NODES) / _EVENT_SHAPE)


def _evidence(counts: Floats, rate: Floats, event: Floats) -> Floats:
    """Log likelihood ratio of an event for each count, averaged over event rates; 0 where there is no count."""
    silence = np.logaddexp.reduce(-event, axis=0) - np.log(len(event))
    evidence = np.broadcast_to(silence, counts.shape).copy()
    evidence[np.isnan(counts)] = 0.0
    window, column = np.nonzero(counts > 0)
    count, own = counts[window, column], rate[window, column]
    whole = np.full(count.size, -np.inf)
    for size in event:
        gamma = size[column]
        whole = np.logaddexp(whole, count * np.log1p(gamma / own) - gamma)
    evidence[window, column] = whole - np.log(len(event))
    return evidence


def _draw_states(chain: Chain, evidence: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    """Forward filtering, backward sampling of the event states."""
    ratio = np.exp(np.clip(evidence, -30.0, 30.0))
    filtered = np.empty_like(ratio)
    chance = np.zeros(ratio.shape[1])
    for window, gain in enumerate(ratio):
        before = chain.start + chance * (1.0 - chain.stop - chain.start)
        weighted = before * gain
        chance = weighted / (weighted + 1.0 - before)
        filtered[window] = chance
    uniform = random.random(ratio.shape)
    on = np.empty(ratio.shape, dtype=bool)
    on[-1] = uniform[-1] < filtered[-1]
    for window in range(len(on) - 2, -1, -1):
        after, chance = on[window + 1], filtered[window]
        event = chance * np.where(after, 1.0 - chain.stop, chain.stop)
        calm = (1.0 - chance) * np.where(after, chain.start, 1.0 - chain.start)
        on[window] = uniform[window] * (event + calm) < event
    return on


def _draw_normal(
    chain: Chain,
    given: Floats,
    random: np.random.Generator,
    *,
    past: NDArray[np.bool_],
    on: NDArray[np.bool_],
    times: NDArray[np.int64],
) -> Floats:
    """Normal part of each count; a draw of it where a count is missing, 0 after a column's past."""
    missing = np.isnan(given)
    normal = np.where(missing, 0.0, given)
    window, column = np.nonzero(missing & past)
    normal[window, column] = random.poisson(chain.rate[times[window], column])
    window, column = np.nonzero(on & (given > 0))
    count, rate, event = given[window, column], chain.rate[times[window], column], chain.event[:, column]
    weight = count * np.log1p(event / rate) - event
    cumulated = np.cumsum(np.exp(weight - weight.max(axis=0, initial=-np.inf)), axis=0)
    node = (cumulated < random.random(count.size) * cumulated[-1]).sum(axis=0)
    drawn = event[node, np.arange(count.size)]
    normal[window, column] = random.binomial(count.astype(np.int64), rate / (rate + drawn))
    return normal


def _draw_rates(
    panel: Panel, normal: Floats, times: NDArray[np.int64], windows: NDArray[np.int64], random: np.random.Generator
) -> Floats:
    """Level times day times time of day, from their posteriors."""
    total = np.zeros((panel.windows_per_week, normal.shape[1]))
    np.add.at(total, times, normal)
    by_day = total.reshape(DAYS_PER_WEEK, -1, normal.shape[1])
    level = random.standard_gamma(_LEVEL_PRIOR[0] + total.sum(axis=0)) / (_LEVEL_PRIOR[1] + windows)
    day = random.standard_gamma(_DAY_PRIOR + by_day.sum(axis=1))
    time = random.standard_gamma(_TIME_PRIOR + by_day)
    day *= DAYS_PER_WEEK / day.sum(axis=0)
    time *= by_day.shape[1] / time.sum(axis=1, keepdims=True)
    return np.asarray(np.maximum((level * day[:, None] * time).reshape(total.shape), 1e-9))


def _draw_chain(
    panel: Panel, on: NDArray[np.bool_], past: NDArray[np.bool_], random: np.random.Generator
) -> tuple[Floats, Floats]:
    """Chances of start and end from their beta posteriors."""
    hours = panel.calendar.window_minutes / 60
    before, after = on[:-1], on[1:]
    known = past[1:]
    return (
        _draw_beta(hours / _CALM_HOURS, (~before & after & known).sum(axis=0), (~before & known).sum(axis=0), random),
        _draw_beta(hours / _EVENT_HOURS, (before & ~after & known).sum(axis=0), (before & known).sum(axis=0), random),
    )


def _draw_beta(
    prior: float, happened: NDArray[np.int64], possible: NDArray[np.int64], random: np.random.Generator
) -> Floats:
    yes = _CHAIN_WEIGHT * prior + happened
    return np.asarray(random.beta(yes, _CHAIN_WEIGHT * (1.0 - prior) + possible - happened))
