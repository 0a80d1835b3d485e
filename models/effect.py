"""Before and after: whether presences in one stairwell changed at a date, against stairwells like it.

The effect is a difference in differences of log rates. How far such a difference strays by itself, in this town and
over these weeks, is read off the stairwells where nothing was done: each is treated as if it had been, in turn
(placebos). That allows for overdispersion, and for whatever else comes and goes there, without a model of it (Conley
and Taber 2011). The differences are divided by their standard errors first, since a busy stairwell tells more than a
quiet one (Ferman and Pinto 2019).

That holds as far as placebos reach: of a stairwell far busier than all others its own counts would promise more than
they can tell, since nobody as busy shows how far such a place strays. So no error is taken for less than half of the
errors of the stairwells most like it.

References
----------
Conley, T., Taber, C.: Inference with "difference in differences" with a small number of policy changes. Review of
Economics and Statistics 93(1), 2011.

Ferman, B., Pinto, C.: Inference in differences-in-differences with few treated groups and heteroskedasticity. Review of
Economics and Statistics 101(3), 2019.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv

Floats = NDArray[np.float64]

FEWEST_PLACEBOS = 19
"""Stairwells where nothing was done: with fewer, the ends of a 90% interval would be those of one or two of them."""
FEWEST_PRESENCES = 5
_COMPARED = 20  # stairwells that one is held against; more are less like it, fewer tell less
_HEARD_SHARE = 0.5  # of a series' windows, before and after: what a sensor missed most of is not compared
_PROFILE_WINDOWS = 5.0  # a kind's mean weighs as much as this in the profile of its week
_DISPERSION_WEEKS = 10.0  # the town's dispersion weighs as much as this in a stairwell's own
_HALF = 0.5  # added to counts before their logarithm is taken (Haldane 1956; Anscombe 1956)


@dataclass(frozen=True)
class StairwellWeeks:
    """Presences of ``n`` stairwells in ``W`` weeks, and what hours heard there were for them.

    Parameters
    ----------
    observed
        float64[n, W].
    expected
        float64[n, W]: presences if the stairwell had been all the time as it was on the whole, in the windows heard.
    heard
        float64[n, W]: windows heard, summed over the spaces that are compared.
    after
        bool[W]: weeks after the date.
    """

    observed: Floats
    expected: Floats
    heard: Floats
    after: NDArray[np.bool_]

    @property
    def comparable(self) -> NDArray[np.bool_]:
        """bool[n]: heard before and after, with some presences."""
        heard = (self.expected[:, ~self.after].sum(axis=1) > 0) & (self.expected[:, self.after].sum(axis=1) > 0)
        return np.asarray(heard & (self.observed.sum(axis=1) >= FEWEST_PRESENCES))

    def select(self, rows: NDArray[np.int64]) -> StairwellWeeks:
        """Some of the stairwells."""
        return StairwellWeeks(self.observed[rows], self.expected[rows], self.heard[rows], self.after)


def count_weeks(
    counts: Floats,
    slots: NDArray[np.int64],
    weeks: NDArray[np.int64],
    kinds: NDArray[np.int64],
    stairwells: NDArray[np.int64],
    *,
    weeks_before: int,
) -> StairwellWeeks:
    """Sum windows up by week and stairwell; what a missing hour would have brought is told by the week of its kind.

    A series is left out where less than half of it was heard before or after the date.

    Parameters
    ----------
    counts
        float64[T, s]: presences of each series, NaN where missing or left out.
    slots
        int64[T]: hour of the week, or a finer step of it.
    weeks
        int64[T]: week of each window, from 0.
    kinds, stairwells
        int64[s]: kind of each series' space and number of its stairwell, from 0.
    weeks_before
        Weeks before the date; the others are after it.
    """
    number = int(weeks.max()) + 1
    after = np.arange(number) >= weeks_before
    heard = ~np.isnan(counts)
    for there in (weeks >= weeks_before, weeks < weeks_before):
        heard &= heard[there].mean(axis=0) >= _HEARD_SHARE
    known = np.where(heard, counts, 0.0)
    weight = np.where(heard, _profiles(known, heard, slots, kinds), 0.0)
    of_week = (weeks == np.arange(number)[:, None]).astype(np.float64)
    of_stairwell = (stairwells == np.arange(int(stairwells.max()) + 1)[:, None]).astype(np.float64)
    observed, exposure = of_week @ known, of_week @ weight
    expected = exposure * observed.sum(axis=0) / np.maximum(exposure.sum(axis=0), 1e-12)
    return StairwellWeeks(
        observed=of_stairwell @ observed.T,
        expected=of_stairwell @ expected.T,
        heard=of_stairwell @ (of_week @ heard).T,
        after=after,
    )


def _profiles(known: Floats, heard: NDArray[np.bool_], slots: NDArray[np.int64], kinds: NDArray[np.int64]) -> Floats:
    """Presences to be expected in each window, of a mean of about one, by kind: float64[T, s]."""
    weight = np.empty(known.shape)
    for kind in np.unique(kinds):
        own = kinds == kind
        presences = np.bincount(slots, known[:, own].sum(axis=1))
        windows = np.bincount(slots, heard[:, own].sum(axis=1))
        mean = max(presences.sum(), 1.0) / max(windows.sum(), 1.0)
        shape = (presences / mean + _PROFILE_WINDOWS) / (windows + _PROFILE_WINDOWS)
        weight[:, own] = shape[slots][:, None]
    return weight


@dataclass(frozen=True)
class Effect:
    """How many times as many presences there were after the date as there would have been, and how sure that is.

    Parameters
    ----------
    ratio
        1 is no change, 0.5 half as many.
    low, high
        Interval of the ratio that holds it in ``confidence`` of all cases.
    confidence
        Of the interval.
    p_value
        Share of placebos that changed as much for their size, the stairwell itself among them.
    compared
        int64[k]: rows of the stairwells it was held against, most alike first.
    placebos
        How many stairwells the interval is read off.
    """

    ratio: float
    low: float
    high: float
    confidence: float
    p_value: float
    compared: NDArray[np.int64]
    placebos: int


def effect(weeks: StairwellWeeks, target: int, *, confidence: float = 0.9) -> Effect:
    """The effect of whatever was done at a stairwell, against those most like it before the date.

    Likeness is that of the weekly presences before the date, on the scale on which counts vary alike (Anscombe 1948).

    Parameters
    ----------
    weeks
        The stairwell and those where nothing was done; all of them comparable.
    target
        Row of the stairwell.
    confidence
        Of the interval.

    Raises
    ------
    ValueError
        If there are fewer than `FEWEST_PLACEBOS` stairwells beside the one, or too few for such a confidence.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> expected = np.full((40, 8), 30.0)
    >>> observed = random.poisson(expected).astype(float)
    >>> observed[0, 4:] = random.poisson(10.0, 4)
    >>> found = effect(StairwellWeeks(observed, expected, np.full((40, 8), 168.0), np.arange(8) >= 4), 0)
    >>> bool(found.high < 0.5), len(found.compared), found.placebos
    (True, 20, 39)
    """
    placebos = np.delete(np.arange(len(weeks.observed)), target)
    rank = int(np.ceil((placebos.size + 1) * confidence))
    if placebos.size < FEWEST_PLACEBOS or rank > placebos.size:
        raise ValueError(f"{placebos.size} stairwells to compare with are too few; it takes {FEWEST_PLACEBOS}")
    periods = _Periods(weeks)
    compared = periods.nearest(placebos)
    change, variance = periods.differences(compared)
    astray = _variance_astray(change[placebos], variance[placebos])
    alone = np.sqrt(variance + astray)
    error = np.maximum(alone, np.median(alone[compared], axis=1))
    strayed = np.sort(np.abs(change[placebos]) / error[placebos])
    reach = strayed[rank - 1] * error[target]
    as_far = int((strayed >= abs(change[target]) / error[target]).sum())
    low, middle, high = np.exp(change[target] + np.array([-reach, 0.0, reach]))
    return Effect(
        ratio=float(middle),
        low=float(low),
        high=float(high),
        confidence=confidence,
        p_value=(as_far + 1) / (placebos.size + 1),
        compared=compared[target],
        placebos=placebos.size,
    )


class _Periods:
    """The two periods of each stairwell."""

    def __init__(self, weeks: StairwellWeeks) -> None:
        self._weeks = weeks
        self._observed, self._expected = (
            np.stack([table[:, ~weeks.after].sum(axis=1), table[:, weeks.after].sum(axis=1)])
            for table in (weeks.observed, weeks.expected)
        )

    def nearest(self, among: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n, k]: for each stairwell those ``among`` that are most like it before the date, never itself."""
        before = ~self._weeks.after
        observed, expected = self._weeks.observed[:, before], self._weeks.expected[:, before]
        full = expected.max(axis=1, keepdims=True)
        heard = expected > 0
        rate = np.where(heard, observed * full / np.where(heard, expected, 1.0), 0.0)
        root = 2.0 * np.sqrt(rate + 0.375)
        apart = ((root[:, None, :] - root[None, among, :]) ** 2).sum(axis=2)
        apart[among, np.arange(among.size)] = np.inf
        chosen = np.argsort(apart, axis=1, kind="stable")[:, : min(_COMPARED, among.size - 1)]
        return among[chosen]

    def differences(self, compared: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Difference in differences of log rates of each stairwell, and its quasi-Poisson variance."""
        observed, expected = self._observed[:, compared].sum(axis=2), self._expected[:, compared].sum(axis=2)
        change = _log_ratio(self._observed, self._expected) - _log_ratio(observed, expected)
        variance = self._dispersion * (1.0 / (self._observed + _HALF)).sum(axis=0)
        variance += self._dispersion[compared].mean(axis=1) * (1.0 / (observed + _HALF)).sum(axis=0)
        return change, variance

    @cached_property
    def _dispersion(self) -> Floats:
        """Variance of weekly counts around the means of their periods, by their mean; at least 1."""
        rates = self._observed / self._expected
        mean = self._weeks.expected * np.where(self._weeks.after, rates[1][:, None], rates[0][:, None])
        counted = mean > 0
        residual = np.where(counted, (self._weeks.observed - mean) ** 2 / np.where(counted, mean, 1.0), 0.0).sum(axis=1)
        free = np.maximum(counted.sum(axis=1) - 2.0, 0.0)
        town = residual.sum() / max(free.sum(), 1.0)
        return np.asarray(np.maximum((residual + _DISPERSION_WEEKS * town) / (free + _DISPERSION_WEEKS), 1.0))


def _log_ratio(observed: Floats, expected: Floats) -> Floats:
    """Log of the rate after to the rate before; arguments float64[2, n]."""
    before, after = np.log(observed + _HALF) - np.log(expected)
    return np.asarray(after - before)


def _variance_astray(change: Floats, variance: Floats) -> float:
    """Variance of changes beyond that of their counts, so that their median size is that of a normal variable.

    By the median, so that a few stairwells where something did happen do not make it.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - 0.2 s, for those who compare

    middle = 2 * float(gammaincinv(0.5, 0.5))  # median of a squared normal variable

    def too_large(astray: float) -> float:
        return float(np.median(change**2 / (variance + astray))) - middle

    highest = float((change**2).max()) / middle + 1.0
    return 0.0 if too_large(0.0) <= 0 else float(brentq(too_large, 0.0, highest))
