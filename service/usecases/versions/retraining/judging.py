"""Judging: champion and challenger on the same weeks, which the challenger has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.evaluation import Proportion
from models.version import ModelVersion
from service.domain.hotspots import HotspotEntry
from service.domain.versions import SHIPPED_MANIFEST
from service.ports import Ports
from service.settings.sections import Gates
from service.usecases.versions.gates import judge_gates
from service.usecases.versions.retraining.candidates import compare
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.lists import first_listed, list_tasks, lists_overlap, would_list
from service.usecases.versions.retraining.trials import Report, Trial, TrialTask, run_trials
from service.usecases.versions.retraining.tuning import grounds
from service.usecases.workers import Run

_TRIALS_SHARE = 0.9  # of the work; the rest are lists
_LEAST_RATIO = 1e-3


@dataclass(frozen=True)
class Judged:
    """A version on the weeks held back: how it did, and the entries it would list, tenant by tenant."""

    trial: Trial
    lists: list[list[HotspotEntry]]

    @property
    def recall(self) -> Proportion:
        """Hang-outs found in time at the alarm budget."""
        return Proportion(int(self.trial.found.sum()), len(self.trial.found))

    @property
    def miscalibration(self) -> float:
        """Worst |log ratio| of P(p < a) / a, 0 if calibrated; NaN where no series is warmed up."""
        return float(np.abs(np.log(np.maximum(self.trial.tail_ratios, _LEAST_RATIO))).max())


class Court:
    """The weeks held back: any version can be judged on them, on the same series and the same loitering.

    Parameters
    ----------
    ports
        Places, and settings of lists.
    training, stairwells
        The counts, and int64[n], the number of each series' stairwell.
    run
        Does the work.
    hangouts
        How many are injected into all series together.
    seed
        Of the loitering.
    """

    def __init__(
        self,
        ports: Ports,
        training: TrainingCounts,
        stairwells: NDArray[np.int64],
        run: Run,
        *,
        hangouts: int,
        seed: int,
    ) -> None:
        self._ports, self._training, self._run = ports, training, run
        self._listed = first_listed(training, ports.settings.hotspots)
        self._ground = grounds(training, stairwells, (training.held_back, len(training.starts)), hangouts, seed)

    def judge(self, versions: Sequence[ModelVersion], progress: Report) -> list[Judged]:
        """Judge versions, shard by shard, then make their lists."""
        tasks = [TrialTask(version, panel, listed=self._listed) for version in versions for panel in self._ground]
        trials = run_trials(self._run, tasks, len(self._ground), lambda share: progress(_TRIALS_SHARE * share))
        lists = self._lists(trials, versions)
        progress(1.0)
        return [Judged(trial, listed) for trial, listed in zip(trials, lists, strict=True)]

    def _lists(self, trials: Sequence[Trial], versions: Sequence[ModelVersion]) -> list[list[list[HotspotEntry]]]:
        tasks = [
            list_tasks(self._ports, self._training, trial, version)
            for trial, version in zip(trials, versions, strict=True)
        ]
        made = self._run(would_list, [task for of_version in tasks for task in of_version])
        return [[next(made) for _ in of_version] for of_version in tasks]


def metrics_of(champion: Judged, challenger: Judged, top: int) -> dict[str, float]:
    """What a manifest tells, without those that could not be measured."""
    told = {"list_overlap": lists_overlap(champion.lists, challenger.lists, top)}
    for name, judged in (("champion", champion), ("challenger", challenger)):
        told |= {
            f"log_loss_{name}": judged.trial.log_loss,
            f"calibration_{name}": judged.miscalibration,
            f"recall_{name}": judged.recall.share,
        }
    return {name: value for name, value in sorted(told.items()) if np.isfinite(value)}


def stands(champion: Judged, challenger: Judged, metrics: dict[str, float], gates: Gates) -> bool:
    """Whether other hyper-parameters hold what made them look better, on weeks that chose nothing.

    They foresee no worse than the champion, and pass the gates that could be judged.
    """
    tried = msgspec.structs.replace(SHIPPED_MANIFEST, parent=SHIPPED_MANIFEST.version_id, metrics=metrics)
    judged = [gate for gate in judge_gates(tried, SHIPPED_MANIFEST.version_id, gates) if gate.value is not None]
    gain = compare(challenger.trial, champion.trial).loss_gain
    return gain >= 0 and all(gate.passed for gate in judged)
