"""The whole of a retraining, step by step."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version as package_version

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.training.fleet import FleetFit, fit_fleet
from models.version import AchievedBudget, ModelVersion
from service.domain.retraining import RetrainingReport
from service.domain.versions import VersionManifest, budgets_kept
from service.exports.retraining_page import render_retraining_page
from service.exports.retraining_words import summary
from service.exports.wording import Language
from service.ports import Ports
from service.usecases.learning.shards import manifest_in_force
from service.usecases.locks import retraining_lock
from service.usecases.versions.reading import REPORT_HTML, REPORT_JSON
from service.usecases.versions.retraining.candidates import compare
from service.usecases.versions.retraining.counts import (
    TrainingCounts,
    read_training_counts,
    training_windows,
)
from service.usecases.versions.retraining.effort import Effort
from service.usecases.versions.retraining.judging import Court, Judged, metrics_of, stands
from service.usecases.versions.retraining.making import calibrated, prior_sample
from service.usecases.versions.retraining.pace import Pace, Progress
from service.usecases.versions.retraining.report import (
    candidates_tried,
    changes_between,
    figures,
    learnt_from,
    values_changed,
)
from service.usecases.versions.retraining.steps import (
    CALIBRATING,
    FINALS,
    FITTING,
    JUDGING,
    TRYING,
    WRITING,
    costs,
)
from service.usecases.versions.retraining.tuning import Tuning, tune
from service.usecases.workers import Run, many_workers

_PACKAGES = ("trappvakt", "numpy", "scipy", "scikit-learn", "river", "joblib")


def retrain(
    ports: Ports,
    weeks: int | None = None,
    progress: Progress = lambda _step, _done, _left: None,
    effort: Effort | None = None,
) -> VersionManifest:
    """Fit a challenger, judge it beside the champion, and write it and its report to the registry.

    Parameters
    ----------
    ports
        Counts, register and registry; state is only read.
    weeks
        How many of the latest weeks to learn from; those of the settings by default.
    progress
        Called with the step, how much of all is done, 0 to 1, and the seconds left, or None before it can be told.
    effort
        How much is simulated, if other than usual.

    Raises
    ------
    Conflict
        If nothing has been scored yet, there are fewer than :data:`FEWEST_WEEKS` weeks of counts, or another
        retraining runs on the same data.
    InvalidInput
        If ``weeks`` is below :data:`FEWEST_WEEKS`.
    """
    settings = ports.settings
    with retraining_lock(settings), many_workers(settings.advance, settings.retraining.workers) as run:
        return _Retraining(ports, run, progress, effort or Effort.of(settings.retraining.simulated_share)).run(
            weeks or settings.retraining.weeks
        )


@dataclass(frozen=True)
class _Judgement:
    """Champion and challenger on the weeks held back, and the challenger fitted to all weeks with what it keeps."""

    champion: Judged
    challenger: Judged
    metrics: dict[str, float]
    final: ModelVersion
    budgets: list[AchievedBudget]
    tuning: Tuning
    fell_back: bool


class _Retraining:
    def __init__(self, ports: Ports, run: Run, progress: Progress, effort: Effort) -> None:
        self._effort = effort
        self._ports, self._run, self._progress = ports, run, progress
        self._settings = ports.settings.retraining
        self._id = ports.registry.next_id()

    def run(self, weeks: int) -> VersionManifest:
        ports, manifest = self._ports, manifest_in_force(self._ports, "retraining")
        champion = ports.registry.load(manifest.version)
        span = (manifest.origin, manifest.watermark)
        windows = len(training_windows(ports, span, weeks))
        self._pace = Pace(costs(self._settings, self._effort, len(ports.register.series()), windows), self._progress)
        training = read_training_counts(ports, span, weeks, self._run, self._pace)
        sample = prior_sample(training)
        early, whole = self._fits(champion, training, sample)
        trial = replace(
            champion,
            id=self._id,
            prior=early.prior,
            timezone=training.calendar.timezone,
            holidays=tuple(training.calendar.holidays),
        )
        judgement = self._judged(champion, trial, whole, training)
        self._pace.report(WRITING, 0.0)
        report = self._report(champion, training, len(sample), judgement)
        written = self._write(champion, training, judgement, report, whole)
        self._pace.report(WRITING, 1.0)
        return written

    def _fits(
        self, champion: ModelVersion, training: TrainingCounts, sample: NDArray[np.int64]
    ) -> tuple[FleetFit, FleetFit]:
        """The fleet of the weeks before those held back, and that of all weeks."""
        self._pace.report(FITTING, 0.0)
        roster = training.roster.select(sample)
        fits = [
            partial(
                fit_fleet,
                training.calendar,
                training.starts[:end],
                training.counts[sample, :end].T,
                roster.kinds,
                parent=champion.prior,
                surroundings=roster.surroundings,
            )
            for end in (training.held_back, len(training.starts))
        ]
        early, whole = self._run(operator.call, fits)
        self._pace.report(FITTING, 1.0)
        return early, whole

    def _judged(
        self, champion: ModelVersion, trial: ModelVersion, whole: FleetFit, training: TrainingCounts
    ) -> _Judgement:
        """Tune, judge, and where hyper-parameters that looked better fail, judge with the champion's own."""
        stairwells = self._stairwells(training)
        seed = int(self._id)
        tuning = tune(
            trial,
            training,
            stairwells,
            self._run,
            candidates=self._settings.candidates,
            sample=self._settings.sample_series,
            effort=self._effort,
            seed=seed,
            progress=(lambda share: self._pace.report(TRYING, share), lambda share: self._pace.report(FINALS, share)),
        )
        court = Court(self._ports, training, stairwells, self._run, hangouts=self._effort.hangouts, seed=seed + 1)
        chosen = replace(trial, hyperparameters=tuning.chosen.hyperparameters)
        challenger, final, budgets = self._calibrated(chosen, whole, training.calendar.window_minutes)
        judged = court.judge([champion, challenger], lambda share: self._pace.report(JUDGING, share))
        top, gates = self._ports.settings.hotspots.top, self._ports.settings.gates
        metrics = metrics_of(judged[0], judged[1], top)
        fell_back = bool(tuning.chosen.changes) and not stands(judged[0], judged[1], metrics, gates)
        if fell_back:
            challenger, final, budgets = self._calibrated(trial, whole, training.calendar.window_minutes)
            judged[1:] = court.judge([challenger], lambda share: self._pace.report(JUDGING, share))
            metrics = metrics_of(judged[0], judged[1], top)
        return _Judgement(judged[0], judged[1], metrics, final, budgets, tuning, fell_back)

    def _calibrated(
        self, trial: ModelVersion, whole: FleetFit, window_minutes: int
    ) -> tuple[ModelVersion, ModelVersion, list[AchievedBudget]]:
        """The version to judge and the one to keep, with maps of their own, and the budgets that the latter keeps."""
        self._pace.report(CALIBRATING, 0.0)
        made = [
            partial(calibrated, trial, window_minutes, self._effort, measured=False),
            partial(calibrated, replace(trial, prior=whole.prior), window_minutes, self._effort, measured=True),
        ]
        (judged, _), (final, budgets) = self._run(operator.call, made)
        self._pace.report(CALIBRATING, 1.0)
        return judged, final, budgets

    def _stairwells(self, training: TrainingCounts) -> NDArray[np.int64]:
        """The number of each series' stairwell, int64[n]."""
        names = {one.number: f"{one.tenant}\0{one.stairwell}" for one in self._ports.register.series()}
        return np.unique([names[number] for number in training.roster.numbers.tolist()], return_inverse=True)[1]

    def _report(
        self, champion: ModelVersion, training: TrainingCounts, prior_series: int, judgement: _Judgement
    ) -> RetrainingReport:
        compared = compare(judgement.challenger.trial, judgement.champion.trial)
        tuning = judgement.tuning
        told = RetrainingReport(
            version=self._id,
            champion=champion.id,
            made=self._ports.clock.now(),
            timezone=training.calendar.timezone,
            learnt=learnt_from(training, prior_series),
            judged_from=datetime.fromtimestamp(int(training.starts[training.held_back]), UTC),
            champion_figures=figures(judgement.champion),
            challenger_figures=figures(judgement.challenger),
            log_loss_gain=compared.loss_gain,
            log_loss_z=compared.loss_z,
            list_overlap=judgement.metrics["list_overlap"],
            entering=changes_between(judgement.champion, judgement.challenger),
            leaving=changes_between(judgement.challenger, judgement.champion),
            sample_series=tuning.series,
            sample_hangouts=tuning.hangouts,
            candidates=candidates_tried(tuning),
            changes={} if judgement.fell_back else values_changed(tuning.chosen),
            fell_back=judgement.fell_back,
            budgets=budgets_kept(judgement.budgets),
            seconds=self._pace.seconds,
            summary_sv=[],
            summary_en=[],
        )
        return msgspec.structs.replace(
            told, summary_sv=summary(told, Language.SV), summary_en=summary(told, Language.EN)
        )

    def _write(
        self,
        champion: ModelVersion,
        training: TrainingCounts,
        judgement: _Judgement,
        report: RetrainingReport,
        whole: FleetFit,
    ) -> VersionManifest:
        description = VersionManifest(
            version_id=self._id,
            parent=champion.id,
            created=report.made,
            window=(report.learnt.start, report.learnt.end),
            counts_digest=training.digest,
            settings={"weeks": round(report.learnt.weeks, 1), "window_minutes": training.calendar.window_minutes},
            metrics={
                **judgement.metrics,
                "series": float(report.learnt.series),
                "windows": float(report.learnt.counts),
            },
            packages=_environment(),
            files={},
            budgets=report.budgets,
        )
        documents = {
            REPORT_JSON: msgspec.json.format(msgspec.json.encode(report)),
            REPORT_HTML: render_retraining_page(report),
        }
        return self._ports.registry.add(judgement.final, description, {"profile_fit": whole.profile_fit}, documents)


def _environment() -> dict[str, str]:
    configuration = np.show_config(mode="dicts")
    features = configuration["SIMD Extensions"]["found"] if configuration else []
    return {name: package_version(name) for name in _PACKAGES} | {"cpu features": " ".join(features)}
