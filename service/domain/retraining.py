"""What a retraining found, as its report tells it. Members are only ever added, with a default."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.versions import BudgetKept


class Share(msgspec.Struct, frozen=True):
    """So many of so many; ``low`` and ``high`` are the 95% interval of the share."""

    found: int
    trials: int
    low: float
    high: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How a version did on the weeks held back."""

    log_loss: Annotated[float, Meta(description="Mean of -log P(count), nats; less is better.")]
    tail_ratios: Annotated[dict[str, float], Meta(description="P(p < a) / a by a; 1 is right.")]
    recall: Annotated[Share | None, Meta(description="Injected loitering found in time; null: none could be judged.")]
    listed: Annotated[int, Meta(description="Places it would list.")]


class CandidateTried(msgspec.Struct, frozen=True, kw_only=True):
    """Hyper-parameters beside the champion's own, on the same series; gains are positive where it is better."""

    changes: Annotated[dict[str, float], Meta(description="Hyper-parameters it changes, and their values.")]
    log_loss_gain: Annotated[float, Meta(description="As a share of the log-loss.")]
    log_loss_z: Annotated[float, Meta(description="The gain in standard errors, paired over series.")]
    recall_gain: float
    recall_z: float
    clearly_better: bool
    all_series: Annotated[bool, Meta(description="Tried on all series, not on the sample alone.")]


class PlaceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A stairwell that enters the list, or leaves it; reasons are those of the version that lists it."""

    tenant: str
    area: str
    stairwell: str
    address: str
    rank: int
    significant: bool
    reason_sv: str
    reason_en: str


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What the version learnt from."""

    start: datetime
    end: datetime
    weeks: float
    series: int
    counts: int
    missing: Annotated[int, Meta(description="Windows without a count, of series that had begun.")]
    annotated: Annotated[int, Meta(description="Counts left out because their cause is known.")]
    silent: Annotated[int, Meta(description="Windows of sensors taken for dead.")]
    prior_series: Annotated[int, Meta(description="Series that the fleet prior was fitted to.")]


class RetrainingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a challenger learnt from, how it did beside the champion, and what promoting it would change."""

    version: str
    champion: str
    made: datetime
    timezone: str
    learnt: Learnt
    judged_from: datetime
    champion_figures: Figures
    challenger_figures: Figures
    log_loss_gain: Annotated[float, Meta(description="Of the challenger, as a share of the champion's log-loss.")]
    log_loss_z: float
    list_overlap: Annotated[float, Meta(description="Share of the listed places that both would list.")]
    entering: list[PlaceChange]
    leaving: list[PlaceChange]
    sample_series: Annotated[int, Meta(description="Series that all candidates were tried on.")]
    sample_hangouts: int
    candidates: list[CandidateTried]
    changes: Annotated[dict[str, float], Meta(description="Hyper-parameters that are not the champion's.")]
    fell_back: Annotated[bool, Meta(description="Better ones were given up: they failed on the weeks held back.")]
    budgets: list[BudgetKept]
    seconds: Annotated[dict[str, float], Meta(description="What each step took by the clock.")]
    summary_sv: list[str]
    summary_en: list[str]
