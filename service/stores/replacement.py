"""What has to be written so that a count store holds some points, and no others beside them."""

from __future__ import annotations

import numpy as np

from service.domain.counts import CountPoints

Stored = dict[tuple[int, int, int], int]
"""Counts by (series, source, time)."""


def replacement(points: CountPoints, stored: Stored) -> tuple[CountPoints, CountPoints]:
    """The points that are new or have another count, and those that are stored but not among the points."""
    keys = zip(points.series.tolist(), points.sources.tolist(), points.times.tolist(), strict=True)
    wanted = dict(zip(keys, points.counts.tolist(), strict=True))
    return (
        _points({key: count for key, count in wanted.items() if stored.get(key) != count}),
        _points({key: count for key, count in stored.items() if key not in wanted}),
    )


def concatenated(one: CountPoints, other: CountPoints) -> CountPoints:
    """The points of both."""
    names = ("series", "times", "counts", "sources")
    return CountPoints(**{name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names})


def _points(counts: Stored) -> CountPoints:
    series, sources, times = np.array(list(counts), dtype=np.int64).reshape(-1, 3).T
    return CountPoints(series, times, np.array(list(counts.values()), dtype=np.int64), sources)
