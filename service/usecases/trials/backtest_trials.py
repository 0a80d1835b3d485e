"""Trials of a backtest: some series and copies of some of them with loitering, through the detector; and the sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, SECONDS_PER_WEEK, Calendar
from models.detector.columns import OccupancyColumns
from models.evaluation import Injection, Proportion, inject, opened, poisson_interval, recall, tail_ratios
from models.evaluation.calibration import LEVELS
from models.version import ModelVersion
from service.domain.annotations import Marks
from service.domain.backtests import BacktestFigures, DecileRatios, RecallFigure
from service.domain.verdicts import WARM_UP_WEEKS, VerdictColumns
from service.ports import Ports
from service.usecases.learning.marks import marks_of
from service.usecases.learning.scoring import COPIES, Roster, count_matrix, score_and_learn

_DAYS = (7, 14)
_BATCH_WINDOWS = 168
_MOST_WINDOWS = 2_000_000  # that calibration is told of; more would move its deciles by less than they are off
_LEAST_PROBABILITY = 1e-300


@dataclass(frozen=True)
class Trial:
    """A version on trial.

    Parameters
    ----------
    ports
        Counts, annotations, and the settings on trial.
    version, calendar
        What judges, and the slots it sees.
    start
        From when on windows are judged, seconds UTC; they are learnt from before.
    listed
        From when on verdicts are kept for a list.
    starts
        int64[T]: all windows, one after the other.
    share
        Of the stairwells that loitering is injected in.
    seed
        Of the loitering.
    """

    ports: Ports
    version: ModelVersion
    calendar: Calendar
    start: int
    listed: int
    starts: NDArray[np.int64]
    share: float
    seed: int

    def run(self, roster: Roster, stairwells: NDArray[np.int64], tally: Tally) -> Iterator[int]:
        """Judge some series; yields how many windows are done.

        Parameters
        ----------
        roster
            The series.
        stairwells
            int64[n]: number of each series' stairwell.
        tally
            Takes what is found.
        """
        counts = self._counts(roster)
        injected = self._inject(roster, counts, stairwells)
        both = roster.with_copies(injected.series)
        columns = OccupancyColumns(
            self.version, self.calendar.window_minutes, both.kinds, both.shares, surroundings=both.surroundings
        )
        counts = np.concatenate([counts, injected.counts], axis=1)
        flagged = np.zeros(counts.shape, dtype=bool)
        for first in range(0, len(self.starts), _BATCH_WINDOWS):
            part = slice(first, first + _BATCH_WINDOWS)
            verdicts = score_and_learn(
                columns,
                self.calendar,
                both,
                self.starts[part],
                counts[part],
                silence_odds=self.ports.settings.detector.silence_odds,
                marks=self._marks(roster, injected, self.starts[part]),
            )
            rows = (verdicts.starts - self.starts[0]) // self.calendar.window_seconds
            flagged[rows, np.searchsorted(both.numbers, verdicts.series)] = verdicts.anomalous
            tally.add(verdicts.where(verdicts.series < COPIES), roster)
            yield min(first + _BATCH_WINDOWS, len(self.starts))
        tally.add_flags(flagged[:, : len(roster)], flagged[:, len(roster) :], injected)

    def _counts(self, roster: Roster) -> NDArray[np.float64]:
        step = self.calendar.window_seconds
        parts = [self.starts[first : first + _BATCH_WINDOWS] for first in range(0, len(self.starts), _BATCH_WINDOWS)]
        read = (self.ports.counts.read(int(part[0]), int(part[-1]) + step, step, roster.numbers) for part in parts)
        return np.concatenate(
            [count_matrix(rows, part, roster.numbers, step) for rows, part in zip(read, parts, strict=True)]
        )

    def _inject(self, roster: Roster, counts: NDArray[np.float64], stairwells: NDArray[np.int64]) -> Injection:
        """Where silence is taken for calm, it is taken for no presence here too."""
        begun = np.logical_or.accumulate(~np.isnan(counts), axis=0)
        calm = np.isnan(counts) & begun & roster.assumed_alive(self.starts) & ~roster.silent(self.starts, counts)
        end = int(self.starts[-1]) + self.calendar.window_seconds
        return inject(
            self.calendar,
            self.starts,
            np.where(calm, 0.0, counts),
            stairwells,
            self.seed,
            between=(self.start, max(self.start, end - _DAYS[-1] * SECONDS_PER_DAY)),
            share=self.share,
        )

    def _marks(self, roster: Roster, injected: Injection, starts: NDArray[np.int64]) -> Marks | None:
        marks = marks_of(self.ports, roster.numbers, starts)
        if marks is None:
            return None
        columns = np.concatenate([np.arange(len(roster)), injected.series])
        return Marks(marks.left_out[:, columns], marks.confirmed[:, columns])


@dataclass
class Tally:
    """What a version did on the windows judged, of all series together.

    Parameters
    ----------
    trial
        What is on trial.
    series
        How many series there are, of all shards.
    """

    trial: Trial
    series: int
    recent: list[VerdictColumns] = field(default_factory=list)
    windows: int = 0
    injected: int = 0

    def __post_init__(self) -> None:
        judged = self.trial.starts >= self.trial.start
        self._kept = min(1.0, _MOST_WINDOWS / max(int(judged.sum()) * self.series, 1))
        self._random = np.random.default_rng(self.trial.seed)
        self._loss = 0.0
        self._sample: list[NDArray[np.float64]] = [np.empty((3, 0))]
        weeks = int((self.trial.starts[-1] - self.trial.start) // SECONDS_PER_WEEK) + 1
        self._opened, self._stairwell_weeks = np.zeros((2, weeks))
        self._recall = dict.fromkeys(_DAYS, Proportion(0, 0))

    def add(self, verdicts: VerdictColumns, roster: Roster) -> None:
        """Verdicts on some windows of the series as they were."""
        self.recent.append(verdicts.where(verdicts.starts >= self.trial.listed))
        judged = verdicts.where(verdicts.starts >= self.trial.start)
        probability = np.maximum(judged.p_value - judged.p_above, _LEAST_PROBABILITY)
        self._loss -= float(np.log(probability).sum())
        self.windows += len(judged)
        warm = (judged.evidence_weeks >= WARM_UP_WEEKS) & (self._random.random(len(judged)) < self._kept)
        self._sample.append(np.stack([judged.expected[warm], judged.p_value[warm], judged.p_above[warm]]))
        week = (judged.starts - self.trial.start) // SECONDS_PER_WEEK
        budget = self.trial.ports.settings.detector.episodes_per_100_stairwell_weeks / 100
        parts = roster.shares[np.searchsorted(roster.numbers, judged.series)] / budget
        hours = self.trial.calendar.window_seconds / SECONDS_PER_WEEK
        self._stairwell_weeks += np.bincount(week, parts * hours, len(self._stairwell_weeks))

    def add_flags(self, flagged: NDArray[np.bool_], copies: NDArray[np.bool_], injected: Injection) -> None:
        """Windows flagged of all the windows, bool[T, n] of the series and bool[T, m] of the copies."""
        rows, _ = np.nonzero(opened(flagged))
        starts = self.trial.starts[rows]
        week = (starts[starts >= self.trial.start] - self.trial.start) // SECONDS_PER_WEEK
        self._opened += np.bincount(week, minlength=len(self._opened))
        self.injected += len(injected)
        for days, so_far in self._recall.items():
            found = recall(copies, injected, days, without=flagged[:, injected.series])
            self._recall[days] = Proportion(so_far.found + found.found, so_far.trials + found.trials)

    def figures(self, name: str, changed: Mapping[str, Any], listed: list[str]) -> BacktestFigures:
        """All of it."""
        episodes, weeks = int(self._opened.sum()), float(self._stairwell_weeks.sum())
        low, high = poisson_interval(episodes)
        per = 100.0 / max(weeks, 1e-9)
        return BacktestFigures(
            name=name,
            version=self.trial.version.id,
            changed=dict(changed),
            windows=self.windows,
            log_loss=self._loss / max(self.windows, 1),
            **self._calibration(),
            episodes=episodes,
            stairwell_weeks=weeks,
            opened=episodes * per,
            opened_low=low * per,
            opened_high=high * per,
            promised=self.trial.ports.settings.detector.episodes_per_100_stairwell_weeks,
            weekly=(100.0 * self._opened / np.maximum(self._stairwell_weeks, 1e-9)).tolist(),
            recall=[_recall(days, found) for days, found in self._recall.items()],
            listed=listed,
        )

    def _calibration(self) -> dict[str, Any]:
        sample = np.concatenate(self._sample, axis=1)
        if not sample.size:
            return {"levels": list(LEVELS), "overall": [], "deciles": []}
        ratios = tail_ratios(*sample)
        deciles = [
            DecileRatios(windows=int(ratios.windows[k]), expected=float(ratios.expected[k]), ratios=of.tolist())
            for k, of in enumerate(ratios.by_decile.T)
        ]
        return {"levels": list(LEVELS), "overall": ratios.overall.tolist(), "deciles": deciles}


def _recall(days: int, found: Proportion) -> RecallFigure:
    low, high = found.interval()
    return RecallFigure(days=days, found=found.found, of=found.trials, low=low, high=high)
