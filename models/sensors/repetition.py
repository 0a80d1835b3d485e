r"""Messages that come twice, and sensors that are one: counts in steps of two, and series that are equal.

Where every message is counted twice, every count is even. Of the counts of people that are not zero at most half are
even, at any rate; and one is v with a chance of at most :math:`\max_\lambda P(v; \lambda) / P(> 0; \lambda)`.
Either bound against how well the even counts fit is a likelihood ratio, which exceeds 1 / a with a chance of at most a.
Two places that hear the same, hour by hour, are one device under two names, or two rows of a register for one.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from models.sensors.finding import FALSE_FINDINGS_PER_WEEK, Findings

_STEPS = range(2, 7)
_ROUNDS = 60
_PRESENCES = 8  # windows with presence in common that equality is judged by
_ALIKE = 0.9  # of the windows in which either hears something
_BANDS, _HASHES_OF_A_BAND = 8, 6
_MULTIPLIERS = np.random.default_rng(0).integers(2**63, size=_BANDS * _HASHES_OF_A_BAND, dtype=np.uint64) * 2 + 1
_LEAST_CHANCE, _MOST_ALIKE_BY_CHANCE = 1e-12, 0.5


def counted_in_steps(counts: NDArray[np.float64]) -> Findings:
    """Series whose latest counts are all multiples of a number above one.

    Parameters
    ----------
    counts
        float64[T, n], NaN where missing.

    Returns
    -------
    Findings
        Since the first window of the multiples; the value is the step: how often a message is counted.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> people = random.poisson(0.5, (336, 2)) * np.array([1.0, 2.0])
    >>> counted_in_steps(people).found.tolist()
    [False, True]
    """
    findings = Findings.nothing(counts.shape[1])
    for series in range(counts.shape[1]):
        heard = np.flatnonzero(counts[:, series] > 0)
        said = counts[heard, series]
        for step in _STEPS:
            others = np.flatnonzero(said % step != 0)
            run = said[others[-1] + 1 if len(others) else 0 :]
            # The same number over and over is a sensor that is stuck.
            if len(np.unique(run)) > 1 and _log_odds_of_steps(run, step) > np.log(len(said) / FALSE_FINDINGS_PER_WEEK):
                findings.put(series, int(heard[len(said) - len(run)]), float(step))
    return findings


def _log_odds_of_steps(run: NDArray[np.float64], step: int) -> float:
    """Of messages counted several times, and geometric before, against the most that any rate of people allows."""
    messages = run / step
    share = len(run) / (messages.sum() + 1)
    geometric = np.log(share) + (messages - 1) * np.log1p(-share)
    people = np.array([_most_likely(float(value)) for value in run])
    return max(float((geometric - people).sum()), len(run) * float(np.log(2)))


def _most_likely(value: float) -> float:
    r"""Greatest log-probability of a positive Poisson count: its rate solves :math:`\lambda = v (1 - e^{-\lambda})`."""
    rate = value
    for _ in range(_ROUNDS):
        rate = value * -np.expm1(-rate)
    return float(value * np.log(rate) - gammaln(value + 1) - rate - np.log(-np.expm1(-rate)))


def equal_series(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """For each series another one that hears the same, int64[n]; -1 where there is none.

    Parameters
    ----------
    counts
        float64[T, n], NaN where missing, of series that may be compared.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> people = random.poisson(0.1, (336, 3)).astype(float)
    >>> people[:, 2] = people[:, 0]
    >>> people[5, 2] = np.nan
    >>> equal_series(people).tolist()
    [2, -1, 0]
    """
    equal = np.full(counts.shape[1], -1, dtype=np.int64)
    for one, other in sorted(_candidates(counts)):
        if _is_equal(counts[:, one], counts[:, other], counts.shape[1]):
            equal[other] = one
            if equal[one] < 0:
                equal[one] = other
    return equal


def _candidates(counts: NDArray[np.float64]) -> set[tuple[int, int]]:
    """Pairs that agree in all minima of one of several bands of hashes of (window, count), of those that hear enough.

    The chance to agree in one minimum is the share of windows alike (Broder, Compression and Complexity of Sequences,
    1997): of pairs alike in 90% of them one in 400 is missed, of pairs alike in 20% one in 2,000 is looked at.
    """
    buckets: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
    for series in range(counts.shape[1]):
        windows = np.flatnonzero(counts[:, series] > 0)
        if len(windows) < _PRESENCES:
            continue
        items = windows.astype(np.uint64) * np.uint64(1_000_003) + counts[windows, series].astype(np.uint64)
        mixed = items[:, None] * _MULTIPLIERS
        mixed ^= mixed >> np.uint64(29)
        minima = (mixed * np.uint64(0x9E3779B97F4A7C15)).min(axis=0)
        for band, agreed in enumerate(minima.reshape(_BANDS, _HASHES_OF_A_BAND).tolist()):
            buckets[(band, *agreed)].append(series)
    return {(one, other) for alike in buckets.values() for k, one in enumerate(alike) for other in alike[k + 1 :]}


def _is_equal(one: NDArray[np.float64], other: NDArray[np.float64], series: int) -> bool:
    heard = ~np.isnan(one) & ~np.isnan(other) & ((one > 0) | (other > 0))
    number = int(heard.sum())
    alike = int((one[heard] == other[heard]).sum())
    if alike < max(_PRESENCES, _ALIKE * number):
        return False
    chance = min(_MOST_ALIKE_BY_CHANCE, 4 * _chance_alike(one, other))
    log_chance = alike * np.log(max(chance, _LEAST_CHANCE)) + number * np.log(2)
    return bool(log_chance < np.log(FALSE_FINDINGS_PER_WEEK / series)) or bool((one[heard] == other[heard]).all())


def _chance_alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """That two counts are alike in a window in which either is not zero, were they independent."""
    (said, shares), (others, other_shares) = (_shares(counts) for counts in (one, other))
    _, at, other_at = np.intersect1d(said, others, assume_unique=True, return_indices=True)
    alike = shares[at] * other_shares[other_at]
    silent = float(alike[said[at] == 0].sum())
    return float((alike.sum() - silent) / max(1 - silent, 1e-12))


def _shares(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The numbers that a series says, ascending, and how often it says each."""
    said, times = np.unique(counts[~np.isnan(counts)], return_counts=True)
    return said, times / times.sum()
