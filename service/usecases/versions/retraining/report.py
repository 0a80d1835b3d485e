"""The report of a retraining: what was learnt from, how the challenger did, and what promoting it would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np

from models.calendar import SECONDS_PER_WEEK
from models.evaluation.calibration import LEVELS
from service.domain.retraining import CandidateTried, Figures, Learnt, PlaceChange, Share
from service.usecases.versions.retraining.candidates import Candidate, Comparison
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.judging import Judged
from service.usecases.versions.retraining.tuning import Tuning


def learnt_from(training: TrainingCounts, prior_series: int) -> Learnt:
    """The weeks, series and counts, and what was left out."""
    counted = ~np.isnan(training.counts)
    before_first = np.where(counted.any(axis=1), counted.argmax(axis=1), counted.shape[1])
    counts = int(counted.sum())
    return Learnt(
        start=_utc(training.starts[0]),
        end=_utc(training.end),
        weeks=(training.end - int(training.starts[0])) / SECONDS_PER_WEEK,
        series=len(training.roster),
        counts=counts,
        missing=counted.size - int(before_first.sum()) - counts - training.annotated - training.silent,
        annotated=training.annotated,
        silent=training.silent,
        prior_series=prior_series,
    )


def figures(judged: Judged) -> Figures:
    """How a version did."""
    low, high = judged.recall.interval()
    share = Share(judged.recall.found, judged.recall.trials, low, high) if judged.recall.trials else None
    ratios = {f"{level:g}": float(ratio) for level, ratio in zip(LEVELS, judged.trial.tail_ratios, strict=True)}
    return Figures(
        log_loss=judged.trial.log_loss,
        tail_ratios={level: ratio for level, ratio in ratios.items() if np.isfinite(ratio)},
        recall=share,
        listed=sum(len(listed) for listed in judged.lists),
    )


def changes_between(before: Judged, after: Judged) -> list[PlaceChange]:
    """Places that ``after`` lists and ``before`` does not, by their rank."""
    known = {(entry.tenant, entry.stairwell) for listed in before.lists for entry in listed}
    entering = [entry for listed in after.lists for entry in listed if (entry.tenant, entry.stairwell) not in known]
    ordered = sorted(entering, key=lambda one: (one.rank, one.tenant))
    return msgspec.convert(ordered, list[PlaceChange], from_attributes=True)


def candidates_tried(tuning: Tuning) -> list[CandidateTried]:
    """All candidates, those on the sample first, by their gain."""
    return _by_gain(tuning.tried, all_series=False) + _by_gain(tuning.finalists, all_series=True)


def values_changed(candidate: Candidate) -> dict[str, float]:
    """The hyper-parameters that a candidate changes, and their values."""
    names = [name for choice, _ in candidate.changes for name in choice.parameters]
    return {name: getattr(candidate.hyperparameters, name) for name in names}


def _by_gain(tried: Sequence[tuple[Candidate, Comparison]], *, all_series: bool) -> list[CandidateTried]:
    return [
        CandidateTried(
            changes=values_changed(candidate),
            log_loss_gain=compared.loss_gain,
            log_loss_z=compared.loss_z,
            recall_gain=compared.recall_gain,
            recall_z=compared.recall_z,
            clearly_better=compared.clearly_better,
            all_series=all_series,
        )
        for candidate, compared in sorted(tried, key=lambda one: -one[1].loss_gain)
    ]


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
