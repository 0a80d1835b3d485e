"""A trial: one version over the counts of some series, each window scored and then learnt, as in live use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detector.columns import OccupancyColumns
from models.detector.verdicts import Scored, Verdicts
from models.evaluation import chance_below
from models.evaluation.calibration import LEVELS
from models.training.calibrating import calibrate
from models.version import ModelVersion
from service.domain.verdicts import WARM_UP_WEEKS
from service.usecases.learning.scoring import restart
from service.usecases.versions.retraining.loitering import InjectedPanel
from service.usecases.workers import Run

Report = Callable[[float], None]
"""Told the share of some work that is done."""
_BLOCK_WINDOWS = 24  # turned at a time from series by series to window by window, and told of: few calls
_LEAST_PROBABILITY = 1e-300
_CALIBRATION_SEED = 0


@dataclass(frozen=True)
class Trial:
    """How a version did on n series as they were, and on m hang-outs injected into copies of them.

    Attributes
    ----------
    loss
        float64[n]: sum over the windows judged of -log P(count), before it was learnt.
    windows
        float64[n]: how many that were.
    below
        float64[levels, n]: windows, of series that are warmed up, with a randomised p-value below each level.
    warm_windows
        float64[n]: how many windows those levels are told of.
    found
        bool[m]: which hang-outs were found in time at the alarm budget.
    said
        float32[3, n, D]: expected counts, p_value and p_above of the last D windows, which a list is made from; D is 0
        where none is to be made.
    weeks
        float64[n]: the evidence after all windows.
    """

    loss: NDArray[np.float64]
    windows: NDArray[np.float64]
    below: NDArray[np.float64]
    warm_windows: NDArray[np.float64]
    found: NDArray[np.bool_]
    said: NDArray[np.float32]
    weeks: NDArray[np.float64]

    @property
    def log_loss(self) -> float:
        """Mean over all windows judged, in nats."""
        return float(self.loss.sum() / max(self.windows.sum(), 1.0))

    @property
    def tail_ratios(self) -> NDArray[np.float64]:
        """P(p < a) / a at each of :data:`models.evaluation.calibration.LEVELS`; NaN where no series is warmed up."""
        windows = self.warm_windows.sum()
        return self.below.sum(axis=1) / windows / np.array(LEVELS) if windows else np.full(len(LEVELS), np.nan)


def joined(parts: Sequence[Trial]) -> Trial:
    """One trial of the series of all parts."""
    return Trial(
        loss=np.concatenate([part.loss for part in parts]),
        windows=np.concatenate([part.windows for part in parts]),
        below=np.concatenate([part.below for part in parts], axis=1),
        warm_windows=np.concatenate([part.warm_windows for part in parts]),
        found=np.concatenate([part.found for part in parts]),
        said=np.concatenate([part.said for part in parts], axis=1),
        weeks=np.concatenate([part.weeks for part in parts]),
    )


@dataclass(frozen=True)
class TrialTask:
    """A version to try; ``listed`` is the first window of those a list is made from, if one is to be made.

    ``calibrated_on`` series and weeks make calibration maps for it first; None leaves it those it has.
    """

    version: ModelVersion
    ground: InjectedPanel
    listed: int | None = None
    calibrated_on: tuple[int, int] | None = None

    @property
    def first_listed(self) -> int:
        """The first window that a list is made from; the end of all where none is to be made."""
        return len(self.ground.panel.starts) if self.listed is None else self.listed


def run_trial(task: TrialTask) -> Trial:
    """Try a version on a panel."""
    panel = task.ground.panel
    columns = OccupancyColumns(
        _calibrated(task),
        panel.calendar.window_minutes,
        panel.roster.kinds,
        panel.roster.shares,
        surroundings=panel.roster.surroundings,
    )
    tally = _Tally(task)
    slots = panel.calendar.slots_of(panel.starts)
    scored = min(panel.judged, task.first_listed)
    restarting = panel.roster.restarting()
    for first in range(0, len(slots), _BLOCK_WINDOWS):
        block = panel.counts[:, first : first + _BLOCK_WINDOWS].T.astype(np.float64, order="C")
        judged: list[Scored] = []
        for window, counts in enumerate(block, start=first):
            if anew := restarting.get(int(panel.starts[window])):
                restart(columns, anew)
            judgement = columns.advance(int(slots[window]), counts)
            if window >= scored:
                judged.append(judgement)
        if judged:
            tally.add(first + len(block) - len(judged), columns.tell(judged))
    return tally.trial(columns.evidence_weeks)


def run_trials(run: Run, tasks: Sequence[TrialTask], panels: int, progress: Report) -> list[Trial]:
    """A trial over so many panels for each version; the tasks are panel by panel, version by version."""
    done: list[Trial] = []
    progress(0.0)
    for trial in run(run_trial, tasks):
        done.append(trial)
        progress(len(done) / len(tasks))
    return [joined(done[first : first + panels]) for first in range(0, len(done), panels)]


def _calibrated(task: TrialTask) -> ModelVersion:
    if task.calibrated_on is None:
        return task.version
    series, weeks = task.calibrated_on
    minutes = task.ground.panel.calendar.window_minutes
    return calibrate(task.version, series=series, weeks=weeks, seed=_CALIBRATION_SEED, window_minutes=(minutes,))


class _Tally:
    """Sums over the windows judged, of the series as they were; flags of all."""

    def __init__(self, task: TrialTask) -> None:
        self._ground, self._listed = task.ground, task.first_listed
        self._judged, self._real = task.ground.panel.judged, task.ground.as_they_were
        windows = len(task.ground.panel.starts)
        self._loss, self._windows, self._warm = np.zeros((3, self._real))
        self._below = np.zeros((len(LEVELS), self._real))
        self._flagged = np.zeros((windows, len(task.ground.panel.roster)), dtype=bool)
        self._said = np.empty((windows - self._listed, 3, self._real), dtype=np.float32)

    def add(self, first: int, verdicts: Verdicts) -> None:
        """The verdicts on all series in some windows, from the first of these on."""
        for row in range(len(verdicts.score)):
            self._add(first + row, row, verdicts)

    def _add(self, window: int, row: int, verdicts: Verdicts) -> None:
        real = row, slice(self._real)
        counted = ~np.isnan(verdicts.score[real])
        p_value, p_above = (np.where(counted, one[real], np.nan) for one in (verdicts.p_value, verdicts.p_above))
        if window >= self._listed:
            self._said[window - self._listed] = verdicts.expected[real], p_value, p_above
        if window < self._judged:
            return
        probability = np.maximum(p_value - p_above, _LEAST_PROBABILITY)
        self._loss -= np.log(probability, where=counted, out=np.zeros_like(probability))
        self._windows += counted
        warm = counted & (verdicts.evidence_weeks[real] >= WARM_UP_WEEKS)
        self._warm += warm
        for number, level in enumerate(LEVELS):
            self._below[number] += np.where(warm, chance_below(p_value, p_above, level), 0.0)
        self._flagged[window] = verdicts.anomalous[row]

    def trial(self, evidence_weeks: NDArray[np.float64]) -> Trial:
        """All of it."""
        return Trial(
            loss=self._loss,
            windows=self._windows,
            below=self._below,
            warm_windows=self._warm,
            found=self._ground.found(self._flagged),
            said=np.ascontiguousarray(np.moveaxis(self._said, 0, -1)),
            weeks=evidence_weeks[: self._real].copy(),
        )
