"""Live calibration: whether small p-values come as often as they say, and episodes as seldom as the budget says.

P(p < a) is the mean of what the randomised p-value P(Y > y) + u P(Y = y) gives over u, so nothing is drawn. Events
count among the small p-values: some more of them than promised is what the service is for, ever more is drift.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, SECONDS_PER_WEEK
from models.evaluation import chance_below, poisson_interval
from models.evaluation.calibration import LEVELS
from models.kinds import KINDS, kind_number
from service.domain.places import Kind, Series
from service.domain.verdicts import WARM_UP_WEEKS, VerdictColumns
from service.ports import Ports
from service.usecases.findings.episode_runs import runs_since
from service.usecases.learning.marks import marks_of
from service.usecases.retention.kept import verdicts_since

DEFAULT_WEEKS = 4
_MOST_VERDICTS = 1_000_000  # read for one report, some seconds; of more series than that a sample is judged
_JUDGED_BY = ("expected", "p_value", "p_above", "evidence_weeks")
_DECILES = 10
_EDGES = np.geomspace(1e-4, 1e4, 400)  # of the expected count: fine enough to cut deciles from
_KIND, _STEP = np.indices((len(KINDS), len(_EDGES) + 1))  # of each cell that windows are summed in
_LEAST, _MOST = 0.8, 1.25  # P(p < a) / a beyond these, with all of its interval, is told as drift

Floats = NDArray[np.float64]


class TailRatio(msgspec.Struct, frozen=True, kw_only=True):
    """P(p < a) / a and its 95% interval; 1 is right, above 1 small p-values come too often."""

    level: Annotated[float, Meta(description="a")]
    ratio: float
    low: float
    high: float


class CalibrationGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Windows alike, how many, their mean expected count, and how often their p-values were small."""

    group: Annotated[str, Meta(description="`all`, a kind of space, or a decile of the expected count, 1 to 10.")]
    windows: int
    expected: float
    tails: list[TailRatio]


class EpisodeRate(msgspec.Struct, frozen=True, kw_only=True):
    """Episodes opened per 100 stairwell-weeks beside the budget, and the 95% interval of a Poisson number."""

    promised: float
    opened: float
    low: float
    high: float
    episodes: int
    stairwell_weeks: float


class LiveCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """How well the verdicts of the last weeks are calibrated; ``drift`` says in words what is not."""

    start: datetime
    end: datetime
    series: int
    series_judged: Annotated[int, Meta(description="Fewer than ``series`` where those would take too long to read.")]
    overall: CalibrationGroup | None
    by_kind: list[CalibrationGroup]
    by_decile: list[CalibrationGroup]
    episodes: EpisodeRate | None
    drift: list[str]


def live_calibration(ports: Ports, tenant: str | None = None, weeks: int = DEFAULT_WEEKS) -> LiveCalibration:
    """Calibration of the verdicts of the last weeks before the watermark, of one tenant or of all.

    Windows with a known cause, and those of series still warming up, are left out of the p-values. A day is read at a
    time.
    """
    manifest, everybody = ports.state.manifest(), ports.register.series(tenant)
    end = manifest.watermark if manifest else int(ports.clock.now().timestamp())
    start = max(end - weeks * SECONDS_PER_WEEK, manifest.origin if manifest else end, verdicts_since(ports) or 0)
    judged = _sample(everybody, weeks * SECONDS_PER_WEEK // ports.settings.window_seconds)
    tally = _Tally(judged, everybody)
    for begin in range(start, end, SECONDS_PER_DAY) if judged else ():
        tally.add(*_read(ports, judged, begin, min(begin + SECONDS_PER_DAY, end)))
    overall, by_kind, by_decile = tally.overall(), tally.by_kind(), tally.by_decile()
    rate = _episode_rate(
        ports, judged, start, tally.stairwell_windows * ports.settings.window_seconds / SECONDS_PER_WEEK
    )
    return LiveCalibration(
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        series=len(everybody),
        series_judged=len(judged),
        overall=overall,
        by_kind=by_kind,
        by_decile=by_decile,
        episodes=rate,
        drift=[*_drifts(overall, by_kind), *_too_many(rate)],
    )


def _sample(series: list[Series], windows: int) -> list[Series]:
    """As many series as may be read, spread evenly over their numbers."""
    most = max(1, _MOST_VERDICTS // windows)
    if len(series) <= most:
        return series
    return [series[place] for place in np.linspace(0, len(series) - 1, most).astype(int)]


def _read(ports: Ports, series: list[Series], start: int, end: int) -> tuple[VerdictColumns, NDArray[np.bool_]]:
    """The verdicts of some windows, and which of them have no known cause."""
    numbers = np.array([one.number for one in series], dtype=np.int64)
    verdicts = ports.verdicts.columns(numbers, start, end, _JUDGED_BY)
    starts = np.unique(verdicts.starts)
    marks = marks_of(ports, numbers, starts)
    if marks is None:
        return verdicts, np.ones(len(verdicts), dtype=bool)
    row, column = np.searchsorted(starts, verdicts.starts), np.searchsorted(numbers, verdicts.series)
    return verdicts, ~marks.left_out[row, column]


class _Tally:
    """Windows, their expected counts and their small p-values by day, kind and step of the expected count."""

    def __init__(self, judged: list[Series], everybody: list[Series]) -> None:
        spaces = Counter((one.tenant, one.stairwell) for one in everybody)
        self._numbers = np.array([one.number for one in judged], dtype=np.int64)
        self._kinds = np.array([kind_number(one.kind) for one in judged], dtype=np.int64)
        self._parts = np.array([1.0 / spaces[one.tenant, one.stairwell] for one in judged])
        self._days: list[Floats] = []  # float64[2 + levels, kinds, steps]
        self.stairwell_windows = 0.0

    def add(self, verdicts: VerdictColumns, calm: NDArray[np.bool_]) -> None:
        """The verdicts of a day."""
        self.stairwell_windows += float(self._parts[np.searchsorted(self._numbers, verdicts.series)].sum())
        kept = calm & (verdicts.evidence_weeks >= WARM_UP_WEEKS)
        kind, expected = self._kinds[np.searchsorted(self._numbers, verdicts.series[kept])], verdicts.expected[kept]
        cell = np.ravel_multi_index((kind, np.searchsorted(_EDGES, expected)), _KIND.shape)
        below = [chance_below(verdicts.p_value[kept], verdicts.p_above[kept], level) for level in LEVELS]
        sums = [np.bincount(cell, weights, _KIND.size) for weights in (np.ones(len(expected)), expected, *below)]
        self._days.append(np.reshape(sums, (-1, *_KIND.shape)))

    def overall(self) -> CalibrationGroup | None:
        """All windows; None where there is none."""
        return next(self._groups({"all": _KIND >= 0}), None)

    def by_kind(self) -> list[CalibrationGroup]:
        """Kinds of space that have windows."""
        return list(self._groups({kind: np.equal(_KIND, number) for number, kind in enumerate(KINDS)}))

    def by_decile(self) -> list[CalibrationGroup]:
        """Tenths of the windows by their expected count."""
        if not self._days:
            return []
        windows = np.sum([day[0] for day in self._days], axis=0).sum(axis=0)
        middle = (np.cumsum(windows) - windows / 2) / max(windows.sum(), 1.0)
        decile = np.minimum((middle * _DECILES).astype(int), _DECILES - 1)[_STEP]
        return list(self._groups({str(number + 1): decile == number for number in range(_DECILES)}))

    def _groups(self, cells: dict[str, NDArray[np.bool_]]) -> Iterator[CalibrationGroup]:
        for name, chosen in cells.items():
            days = np.array([day[:, chosen].sum(axis=1) for day in self._days]).reshape(-1, 2 + len(LEVELS))
            windows = float(days[:, 0].sum())
            if windows:
                yield CalibrationGroup(
                    group=name,
                    windows=int(windows),
                    expected=float(days[:, 1].sum()) / windows,
                    tails=[_ratio(level, days[:, 0], days[:, 2 + k]) for k, level in enumerate(LEVELS)],
                )


def _ratio(level: float, windows: Floats, below: Floats) -> TailRatio:
    """Days are the units of the interval: what falls on one evening falls on many windows at once."""
    total, days = windows.sum(), len(windows)
    ratio = below.sum() / total / level
    residual = below / level - ratio * windows
    by_day = (residual**2).sum() / total**2 * days / max(days - 1, 1)
    reach = 1.96 * np.sqrt(max(by_day, 1.0 / (total * level)))
    return TailRatio(level=level, ratio=float(ratio), low=float(max(ratio - reach, 0.0)), high=float(ratio + reach))


def _episode_rate(ports: Ports, judged: list[Series], start: int, stairwell_weeks: float) -> EpisodeRate | None:
    if not stairwell_weeks:
        return None
    opened = sum(1 for _ in runs_since(ports, [one.number for one in judged], start))
    low, high = poisson_interval(opened)
    per = 100.0 / stairwell_weeks
    return EpisodeRate(
        promised=ports.settings.detector.episodes_per_100_stairwell_weeks,
        opened=opened * per,
        low=low * per,
        high=high * per,
        episodes=opened,
        stairwell_weeks=stairwell_weeks,
    )


def _drifts(overall: CalibrationGroup | None, by_kind: list[CalibrationGroup]) -> Iterator[str]:
    for one in ([overall] if overall else []) + by_kind:
        where = "over all" if one.group == "all" else f"in spaces of kind {Kind(one.group).value}"
        for tail in one.tails:
            told = f"{where}, p-values below {tail.level:g} come {tail.ratio:.2f} times as often as they should "
            told += f"({tail.low:.2f}-{tail.high:.2f})"
            if tail.low > _MOST:
                yield f"{told}: counts are higher or more uneven than was learnt; look for a common cause, or retrain"
            elif tail.high < _LEAST:
                yield f"{told}: counts are more even than was learnt, so that less is found; retrain"


def _too_many(rate: EpisodeRate | None) -> Iterator[str]:
    if rate and rate.low > rate.promised:
        yield (
            f"{rate.opened:.1f} episodes opened per 100 stairwell-weeks ({rate.low:.1f}-{rate.high:.1f}) where "
            f"{rate.promised:g} are promised: more is going on than chance, or the version does not know what is "
            "normal here; annotate what is known, or retrain"
        )
