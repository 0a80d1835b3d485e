"""Tuning: candidates on a sample of the series, and what is clearly better on all of them.

It sees only the weeks before those held back, so that challenger and champion are judged on what chose neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.hyperparameters import Hyperparameters
from models.version import ModelVersion
from service.usecases.versions.retraining.candidates import Candidate, Comparison, changed, compare, star
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.effort import Effort
from service.usecases.versions.retraining.loitering import InjectedPanel, injected
from service.usecases.versions.retraining.panels import Panel, evenly
from service.usecases.versions.retraining.trials import Report, TrialTask, run_trials
from service.usecases.workers import Run

_LEARNT_FIRST = 3  # one part in this many of the weeks is only learnt


@dataclass(frozen=True)
class Tuning:
    """What came of the candidates.

    Attributes
    ----------
    chosen
        The champion's own hyper-parameters, or those that are clearly better.
    tried
        Every candidate and how it compares with the champion's own on the sample.
    finalists
        The same of those that were tried on all series.
    series
        How many the sample has.
    hangouts
        How many hang-outs were injected into it.
    """

    chosen: Candidate
    tried: list[tuple[Candidate, Comparison]]
    finalists: list[tuple[Candidate, Comparison]]
    series: int
    hangouts: int


def tune(
    version: ModelVersion,
    training: TrainingCounts,
    stairwells: NDArray[np.int64],
    run: Run,
    *,
    candidates: int,
    sample: int,
    effort: Effort,
    seed: int,
    progress: tuple[Report, Report],
) -> Tuning:
    """Try hyper-parameters around a version's own.

    Parameters
    ----------
    version
        The champion's hyper-parameters with the prior of the weeks before those held back.
    training, stairwells
        The counts, and int64[n], the number of each series' stairwell.
    run
        Tries them.
    candidates
        How many beside the version's own; with none, nothing is tried.
    sample
        Most series that all candidates are tried on.
    effort
        How much is simulated.
    seed
        Of the loitering.
    progress
        Told the shares done on the sample, and on all series.
    """
    points = star(version.hyperparameters, candidates)
    if len(points) == 1:
        return Tuning(points[0], [], [], 0, 0)
    span = (training.held_back // _LEARNT_FIRST, training.held_back)
    columns = evenly(len(training.roster), sample)
    small = injected(Panel.of(training, columns, span), stairwells[columns], effort.trial_hangouts, seed)
    tried = _compared(_tasks(version, points, [small], effort), points, run, progress[0])
    finalists = _finalists(version.hyperparameters, tried)
    finals: list[tuple[Candidate, Comparison]] = []
    if finalists:
        finals_of = [points[0], *finalists]
        whole = grounds(training, stairwells, span, effort.trial_hangouts, seed)
        finals = _compared(_tasks(version, finals_of, whole, effort), finals_of, run, progress[1])
    progress[1](1.0)
    clear = [one for one in finals if one[1].clearly_better]
    chosen = max(clear, key=lambda one: one[1].loss_gain)[0] if clear else points[0]
    return Tuning(chosen, tried, finals, len(columns), len(small.series))


def grounds(
    training: TrainingCounts, stairwells: NDArray[np.int64], span: tuple[int, int], hangouts: int, seed: int
) -> list[InjectedPanel]:
    """All series, shard by shard, judged over ``span``, with about so many hang-outs in all."""
    shards = list(training.shards())
    each = -(-hangouts // max(len(shards), 1))
    return [
        injected(Panel.of(training, columns, span), stairwells[columns], each, seed + number)
        for number, columns in enumerate(shards)
    ]


def _tasks(
    version: ModelVersion, points: Sequence[Candidate], ground: Sequence[InjectedPanel], effort: Effort
) -> list[TrialTask]:
    """Every point on every panel, point by point."""
    maps = (effort.trial_series, effort.trial_weeks)
    return [
        TrialTask(replace(version, hyperparameters=point.hyperparameters), panel, calibrated_on=maps)
        for point in points
        for panel in ground
    ]


def _compared(
    tasks: Sequence[TrialTask], points: Sequence[Candidate], run: Run, progress: Report
) -> list[tuple[Candidate, Comparison]]:
    """Every point but the first beside the first."""
    trials = run_trials(run, tasks, len(tasks) // len(points), progress)
    return [(point, compare(trial, trials[0])) for point, trial in zip(points[1:], trials[1:], strict=True)]


def _finalists(centre: Hyperparameters, tried: Sequence[tuple[Candidate, Comparison]]) -> list[Candidate]:
    """The best of those clearly better, and all of them together, each choice in its better direction."""
    better = sorted((one for one in tried if one[1].clearly_better), key=lambda one: -one[1].loss_gain)
    changes = dict(reversed([candidate.changes[0] for candidate, _ in better]))
    together = [changed(centre, list(changes.items()))] if len(changes) > 1 else []
    return [candidate for candidate, _ in better[:1]] + together
