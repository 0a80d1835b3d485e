"""How sure a share is that was counted out of a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtri, stdtrit


@dataclass(frozen=True)
class Proportion:
    """So many of so many.

    Parameters
    ----------
    found, trials
        How many there were, and of how many.
    design_effect
        How many trials tell as much as one would that has nothing to do with the others; at least 1.

    Raises
    ------
    ValueError
        If more were found than there were trials.

    Examples
    --------
    >>> few, many = Proportion(3, 4), Proportion(300, 400)
    >>> few.share, [round(end, 2) for end in few.interval()], [round(end, 2) for end in many.interval()]
    (0.75, [0.3, 0.95], [0.71, 0.79])
    """

    found: int
    trials: int
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.trials:
            raise ValueError(f"{self.found} of {self.trials} is no share")

    @classmethod
    def clustered(cls, found: ArrayLike, trials: ArrayLike) -> Proportion:
        """What was found in clusters of trials that are alike, such as visits to one place.

        The design effect is that of the ratio of the sums (Kish 1965; with the interval, Kott and Carr 1997), larger
        where few clusters tell it (Korn and Graubard 1998), and at most that of clusters in which all is alike. Where
        all trials went one way it cannot be seen, and each cluster is taken for one trial.

        Parameters
        ----------
        found, trials
            int[clusters].

        Examples
        --------
        >>> alike, unlike = Proportion.clustered([9, 0, 9, 0], [9] * 4), Proportion.clustered([5, 4, 5, 4], [9] * 4)
        >>> [round(end, 2) for end in alike.interval()], [round(end, 2) for end in unlike.interval()]
        ([0.15, 0.85], [0.27, 0.73])
        """
        hits, tried = np.asarray(found, dtype=np.float64), np.asarray(trials, dtype=np.float64)
        hits, tried = hits[tried > 0], tried[tried > 0]
        total = tried.sum()
        if not total:
            return cls(0, 0)
        share = hits.sum() / total
        if share in (0.0, 1.0):
            effect = total / tried.size
        else:
            effect = alike = float((tried**2).sum() / total)
            if tried.size > 1:
                between = ((hits - share * tried) ** 2).sum() * tried.size / (tried.size - 1)
                told = max(1.0, between * (total - 1) / total**2 / (share * (1.0 - share)))
                effect = min(alike, told * float(stdtrit(tried.size - 1, 0.975) / ndtri(0.975)) ** 2)
        return cls(int(hits.sum()), int(total), max(1.0, float(effect)))

    @property
    def share(self) -> float:
        """Share found; NaN without trials."""
        return self.found / self.trials if self.trials else float("nan")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Score interval of Wilson (1927), which holds also for few trials and for shares near 0 and 1."""
        if not self.trials:
            return 0.0, 1.0
        z2 = float(ndtri(0.5 + confidence / 2)) ** 2
        trials, share = self.trials / self.design_effect, self.share
        middle = (share * trials + z2 / 2) / (trials + z2)
        reach = float(np.sqrt(z2 * (trials * share * (1.0 - share) + z2 / 4))) / (trials + z2)
        return max(0.0, middle - reach), min(1.0, middle + reach)


def poisson_interval(events: int) -> tuple[float, float]:
    """Exact 95% interval of the mean of a Poisson number (Garwood 1936).

    Examples
    --------
    >>> [round(end, 2) for end in poisson_interval(4)]
    [1.09, 10.24]
    """
    tail = (1.0 - 0.95) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    return low, float(gammaincinv(events + 1, 1.0 - tail))
