"""Measures of a ranked list, as the field reports them.

PAI and PEI are those of the NIJ Real-Time Crime Forecasting Challenge (2016-17).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.evaluation.intervals import Proportion


def precision_at_k(listed: Sequence[Hashable], hot: Collection[Hashable], k: int) -> float:
    """Share of the first ``k`` places of a list that are hot; a shorter list is judged by what it has, 0 if empty.

    Examples
    --------
    >>> precision_at_k(["a", "b", "c"], {"a", "c"}, 2)
    0.5
    """
    first = listed[:k]
    return sum(place in hot for place in first) / len(first) if first else 0.0


def average_precision(listed: Sequence[Hashable], hot: Collection[Hashable], *, first: int | None = None) -> float:
    """Mean precision at the rank of each hot place; one that is not listed (or not within ``first``) counts 0.

    Examples
    --------
    >>> average_precision(["a", "b", "c"], {"a", "c"})
    0.8333333333333333
    """
    if not hot:
        return 0.0
    found = 0
    total = 0.0
    for rank, place in enumerate(listed[:first], start=1):
        if place in hot:
            found += 1
            total += found / rank
    return total / len(hot)


def list_stability(listed: Sequence[Hashable], previous: Sequence[Hashable], k: int) -> float:
    """Share of the first ``k`` entries of the previous list that are among the first k still; 1 if it was empty.

    Examples
    --------
    >>> list_stability(["a", "b", "c"], ["b", "d"], 2)
    0.5
    """
    before = set(previous[:k])
    return len(before & set(listed[:k])) / len(before) if before else 1.0


def overlap(first: Sequence[Hashable], second: Sequence[Hashable], k: int) -> float:
    """Share of the first ``k`` places that two lists have in common, of the longer one's; 1 if both are empty.

    Examples
    --------
    >>> overlap(["a", "b", "c"], ["b", "a", "d"], 3)
    0.6666666666666666
    """
    one, other = set(first[:k]), set(second[:k])
    longest = max(len(one), len(other))
    return len(one & other) / longest if longest else 1.0


def hours_of_block(from_hour: int, to_hour: int) -> frozenset[int]:
    """Hours of day from ``from_hour`` to ``to_hour``, exclusive, past midnight if need be; equal hours are a whole day.

    Examples
    --------
    >>> sorted(hours_of_block(22, 1))
    [0, 22, 23]
    """
    length = (to_hour - from_hour) % 24 or 24
    return frozenset((from_hour + hour) % 24 for hour in range(length))


def hours_iou(named: Collection[int], true: Collection[int]) -> float:
    """Intersection over union of two sets of hours; 0 if both are empty.

    Examples
    --------
    >>> hours_iou(hours_of_block(20, 24), hours_of_block(22, 2))
    0.3333333333333333
    """
    union = set(named) | set(true)
    return len(set(named) & set(true)) / len(union) if union else 0.0


@dataclass(frozen=True)
class Case:
    """A ranked list, and what became known of places while it was in force.

    Parameters
    ----------
    listed
        Places, best first.
    known
        Places that somebody looked at, and whether anything was found there.
    places
        How many places could have been listed.
    """

    listed: Sequence[Hashable]
    known: Mapping[Any, bool]
    places: int


@dataclass(frozen=True)
class RankingMeasures:
    """How good the first ``k`` of some lists were; a place where something was found is one incident of a list.

    Parameters
    ----------
    precision
        Places with an incident, of those listed that somebody looked at.
    hit_rate
        Incidents at listed places, of all that are known.
    listed_share
        k/M, the share of all places that were listed.
    efficiency
        PEI: incidents at listed places, of the most that as many places could have had.
    """

    precision: Proportion
    hit_rate: Proportion
    listed_share: float
    efficiency: Proportion

    @property
    def pai(self) -> float:
        """(n/N) / (k/M); NaN where nothing was listed or nothing is known."""
        return self.hit_rate.share / self.listed_share if self.listed_share else float("nan")

    def pai_interval(self) -> tuple[float, float]:
        """That of the hit rate, as many times as it is the PAI."""
        low, high = self.hit_rate.interval()
        return low / self.listed_share, high / self.listed_share


def measure_lists(cases: Sequence[Case], k: int) -> RankingMeasures:
    """Measure the first ``k`` of one list, or of many together; visits to one place are alike, whatever the list.

    Examples
    --------
    >>> case = Case(["a", "b", "c", "d"], {"a": True, "b": False, "x": True}, places=100)
    >>> measured = measure_lists([case], 3)
    >>> measured.precision.share, measured.hit_rate.share, round(measured.pai, 1), measured.efficiency.share
    (0.5, 0.5, 16.7, 0.5)
    """
    looked_at, hits, incidents = Counter[Hashable](), Counter[Hashable](), Counter[Hashable]()
    best = 0
    for case in cases:
        first = set(case.listed[:k])
        looked_at.update(first & set(case.known))
        found = {place for place, anything in case.known.items() if anything}
        incidents.update(found)
        hits.update(found & first)
        best += min(len(first), len(found))
    places = sum(case.places for case in cases)
    return RankingMeasures(
        precision=Proportion.clustered([hits[place] for place in looked_at], list(looked_at.values())),
        hit_rate=Proportion.clustered([hits[place] for place in incidents], list(incidents.values())),
        listed_share=sum(len(case.listed[:k]) for case in cases) / max(places, 1),
        efficiency=Proportion(hits.total(), best),
    )
