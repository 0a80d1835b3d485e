"""How sure a share is that was counted out of a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri


@dataclass(frozen=True)
class Proportion:
    """So many of so many.

    Parameters
    ----------
    found, trials
        How many there were, and of how many.

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

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.trials:
            raise ValueError(f"{self.found} of {self.trials} is no share")

    @property
    def share(self) -> float:
        """Share found; NaN without trials."""
        return self.found / self.trials if self.trials else float("nan")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Score interval of Wilson (1927), which holds also for few trials and for shares near 0 and 1."""
        if not self.trials:
            return 0.0, 1.0
        z2 = float(ndtri(0.5 + confidence / 2)) ** 2
        n = self.trials + z2
        middle = (self.found + z2 / 2) / n
        reach = float(np.sqrt(z2 * (self.found * (self.trials - self.found) / self.trials + z2 / 4))) / n
        return max(0.0, middle - reach), min(1.0, middle + reach)
