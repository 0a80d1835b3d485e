"""What a test of sensors finds: which series, since when, and the number that tells it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FALSE_FINDINGS_PER_WEEK = 1e-4
"""False findings of each test a sensor-week that are borne: one in two centuries of a sensor."""


@dataclass(frozen=True)
class Findings:
    """Of n series.

    Attributes
    ----------
    found
        bool[n].
    since
        int64[n], the first window that it is seen in; 0 where nothing is found.
    value
        float64[n], what the test says it is; 0 where nothing is found.
    """

    found: NDArray[np.bool_]
    since: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def nothing(cls, series: int) -> Findings:
        """Nothing found of so many series."""
        return cls(np.zeros(series, dtype=bool), np.zeros(series, dtype=np.int64), np.zeros(series))

    def put(self, series: int, since: int, value: float) -> None:
        """Note a finding of one series."""
        self.found[series], self.since[series], self.value[series] = True, since, value
