"""Verdicts as columns for the stores and as one struct for a reader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

MEASURES = (
    "count",
    "expected",
    "lower",
    "upper",
    "p_value",
    "p_above",
    "score",
    "episode_probability",
    "tail",
    "evidence_weeks",
)
"""The float64 columns of a verdict, in the order the stores keep them."""

WARM_UP_WEEKS = 4.0
"""Weeks of its own evidence after which a series counts as warmed up; the calibration maps change there too."""

_NUMBERS: NDArray[Any] = np.empty(0, dtype=np.float64)
_EMPTY: dict[str, NDArray[Any]] = {
    "series": np.empty(0, dtype=np.int64),
    "starts": np.empty(0, dtype=np.int64),
    "anomalous": np.empty(0, dtype=np.bool_),
}


@dataclass(frozen=True)
class VerdictColumns:
    """Verdicts of one model version, one element a verdict; the key is (series, start, version).

    ``series`` and ``starts`` (seconds UTC) are int64[n], ``anomalous`` is bool[n], everything else float64[n].
    Windows whose count is missing have no verdict.
    """

    version: str
    series: NDArray[np.int64]
    starts: NDArray[np.int64]
    count: NDArray[np.float64]
    expected: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_above: NDArray[np.float64]
    score: NDArray[np.float64]
    episode_probability: NDArray[np.float64]
    tail: NDArray[np.float64]
    evidence_weeks: NDArray[np.float64]
    anomalous: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.series)

    @classmethod
    def concatenate(cls, version: str, parts: Sequence[VerdictColumns]) -> VerdictColumns:
        """The verdicts of all parts, in their order, under one version."""
        columns = {
            f.name: np.concatenate([_EMPTY.get(f.name, _NUMBERS), *(getattr(part, f.name) for part in parts)])
            for f in fields(cls)
            if f.name != "version"
        }
        return cls(version=version, **columns)

    def where(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> VerdictColumns:
        """The verdicts marked in ``keep``, bool[n], or at its positions, in their order."""
        columns = {f.name: getattr(self, f.name)[keep] for f in fields(self) if f.name != "version"}
        return VerdictColumns(version=self.version, **columns)

    def only(self, measures: Collection[str]) -> VerdictColumns:
        """The same verdicts with NaN for every other measure, which takes no room."""
        unread: dict[str, Any] = {name: np.broadcast_to(np.nan, len(self)) for name in MEASURES if name not in measures}
        return replace(self, **unread)


@dataclass(frozen=True)
class PValues:
    """How unlikely the counts of some windows were, one element a verdict, by (start, series).

    ``starts`` (seconds UTC) is int64[n]; P(Y >= count), P(Y > count) and the series' own evidence are float64[n].
    """

    starts: NDArray[np.int64]
    p_value: NDArray[np.float64]
    p_above: NDArray[np.float64]
    evidence_weeks: NDArray[np.float64]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the model said of one count before learning it."""

    series: int
    start: int
    version: str
    count: float
    expected: float
    lower: float
    upper: float
    p_value: float
    p_above: float
    score: float
    episode_probability: float
    tail: float
    evidence_weeks: float
    anomalous: bool


class VerdictQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which verdicts to read, in order of (start, series).

    Parameters
    ----------
    series
        Series numbers; an empty tuple finds nothing.
    start, end
        Half-open interval of window starts, seconds UTC; ``None`` leaves it open.
    anomalous_only
        Only verdicts that are anomalous.
    min_score
        Only verdicts with at least this score.
    after
        Keyset: (start, series) of the last verdict of the page before.
    limit
        Most verdicts to return.
    """

    series: tuple[int, ...]
    start: int | None = None
    end: int | None = None
    anomalous_only: bool = False
    min_score: float | None = None
    after: tuple[int, int] | None = None
    limit: int = 100
