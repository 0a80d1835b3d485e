r"""Company: how many further presences each one brings, in a town where people stay or come one after the other.

A visit of some hours is several presences for one reason. Where there are such, the hours of an evening rise together
in calm places too, and as many presences say less. Counts are held to be an integer-valued autoregression (Al-Osh and
Alzaid, J. Time Ser. Anal. 8, 1987): each presence brings :math:`\alpha` others over the next three hours, which bring
theirs. Sums over hours then have :math:`1 / (1 - \alpha)^2` times the variance that they have where people come alone,
so that each presence is worth :math:`(1 - \alpha)^2` of one of those.

One number is told for a town: the :math:`\alpha` at which counts drawn with it rise together by as much more as those
that were counted do (indirect inference: Gourieroux, Monfort and Renault, J. Appl. Econometrics 8, 1993). What rises
together is the sum of products of a series' deviations in an hour and in the three that follow, over all parts of the
day but the two in which it is largest, for loitering keeps to its hours. What chance explains counts for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.hotspots.blocks import Cells
from models.hotspots.common_cause import FEWEST_SERIES

_AFTERWARDS = (0.5, 0.3, 0.2)  # of those brought, the shares that come in each of the hours that follow
_TRIED = (0.0, 0.15, 0.3, 0.45, 0.6)
_ERRORS_OF_CHANCE = 2.0  # standard errors that a sum may stray by chance
_PARTS, _KEPT_PARTS = 6, 4  # of a day

Floats = NDArray[np.float64]


def worth_of_a_presence(company: float) -> np.float32:
    """What a presence tells beside one that comes alone.

    Examples
    --------
    >>> float(worth_of_a_presence(0.0)), float(worth_of_a_presence(0.5))
    (1.0, 0.25)
    """
    return np.float32((1.0 - company) ** 2)


def draw_with_company(mean: Floats, company: float, random: np.random.Generator) -> Cells:
    """Draw counts of such means whose presences bring others, float32[days, 24, n].

    By generations: those who come by themselves, those whom they bring, and so on, until nobody is brought any more.
    """
    born = random.poisson((1.0 - company) * mean).ravel()
    counts = born.astype(np.float32)
    an_hour = mean.shape[2]
    while company and born.any():
        parents = np.flatnonzero(born)
        children = random.multinomial(random.poisson(company * born[parents]), _AFTERWARDS)
        born = np.zeros_like(born)
        for later, brought in enumerate(children.T, 1):
            within = parents < len(born) - later * an_hour
            born[parents[within] + later * an_hour] += brought[within]
        counts += born
    return counts.reshape(mean.shape)


def company_of(observed: Cells, usual: Cells, draws: Callable[[], Callable[[float], Cells]]) -> float:
    """Presences that each one brings in a town, from 0 to 0.6, told by some of its series; 0 if fewer than twenty.

    Parameters
    ----------
    observed, usual
        float32[days, 24, n]: presences, and what is expected in the hours heard at the level of each series.
    draws
        Asked only where it is needed; what draws counts of the same series where nothing is on, with so much company.
    """
    if observed.shape[2] < FEWEST_SERIES:
        return 0.0
    together, presences = _rising_together(observed, usual), usual.sum(axis=(0, 1), dtype=np.float64)
    whole = max(float(presences.sum()), 1e-9)
    told = float(together.sum()) / whole
    error = float(np.sqrt(np.square(together - told * presences).sum())) / whole
    beyond_chance = told - _ERRORS_OF_CHANCE * error
    if beyond_chance <= 0.0:  # as in most towns, which are spared the draws
        return 0.0
    draw = draws()
    drawn = np.array([_rising_together(draw(company), usual).sum() / whole for company in _TRIED])
    return float(np.interp(beyond_chance, np.maximum.accumulate(drawn) - drawn[0], _TRIED))


def _rising_together(counts: Cells, usual: Cells) -> Floats:
    """How far the hours of each series stray with those that follow, float64[n]."""
    n = counts.shape[2]
    strays = np.where(usual > 0, counts - usual, 0.0).astype(np.float64).reshape(-1, n)
    hours = len(strays) - len(_AFTERWARDS)
    products = np.zeros_like(strays)
    for later in range(1, len(_AFTERWARDS) + 1):
        products[:hours] += strays[:hours] * strays[later : later + hours]
    by_part = products.reshape(-1, _PARTS, 24 // _PARTS, n).sum(axis=(0, 2))
    return np.asarray(np.sort(by_part, axis=0)[:_KEPT_PARTS].sum(axis=0))
