"""A sensor that is saturated piles up at the most it can say: a byte's 255, or as many stays as an hour has room for.

Towards their end distributions of counts fall off. The numbers from a tenth below the greatest one up to it are then
each at least as frequent as the greatest, so a pile-up there is tested against an even share of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from models.sensors.finding import FALSE_FINDINGS_PER_WEEK, Findings

_LEAST_TOP = 4  # below it, that many stays are all there is to hear
_BAND = 0.1


def saturated(counts: NDArray[np.float64], weeks: float) -> Findings:
    """Series whose counts pile up at their greatest.

    Parameters
    ----------
    counts
        float64[T, n], NaN where missing.
    weeks
        That the T windows span.

    Returns
    -------
    Findings
        Since the first window at the greatest count, which is the value.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> people = random.poisson(200.0, (336, 2)).astype(float)
    >>> people[:, 1] = np.minimum(people[:, 1], 210)
    >>> findings = saturated(people, weeks=2)
    >>> findings.found.tolist(), findings.value.tolist()
    ([False, True], [0.0, 210.0])
    """
    findings = Findings.nothing(counts.shape[1])
    for series in range(counts.shape[1]):
        said = counts[~np.isnan(counts[:, series]), series]
        top = float(said.max(initial=0.0))
        if top < _LEAST_TOP:
            continue
        band = max(1, int(_BAND * top))
        at_top, near = int((said == top).sum()), int((said >= top - band).sum())
        # One of them is the greatest because the greatest was chosen.
        chance = bdtrc(at_top - 2, near - 1, 1 / (band + 1)) if at_top > 1 else 1.0
        if chance < FALSE_FINDINGS_PER_WEEK / 10 * weeks:
            findings.put(series, int(np.flatnonzero(counts[:, series] == top)[0]), top)
    return findings
