"""Evaluation: how good a ranked list, an alarm and a prediction are. Nothing here is ever learnt from."""

from models.evaluation.calibration import TailRatios, chance_below, log_loss, tail_ratios
from models.evaluation.episodes import found_within, opened, threshold_at_budget
from models.evaluation.events import Recall, predicted_events, recall_at_predicted_events
from models.evaluation.injection import Injection, inject, recall
from models.evaluation.intervals import Proportion, poisson_interval
from models.evaluation.lists import (
    Case,
    RankingMeasures,
    average_precision,
    hit_rate,
    hours_iou,
    hours_of_block,
    list_stability,
    measure_lists,
    overlap,
    pai,
    pei,
    precision_at_k,
)

__all__ = [
    "Case",
    "Injection",
    "Proportion",
    "RankingMeasures",
    "Recall",
    "TailRatios",
    "average_precision",
    "chance_below",
    "found_within",
    "hit_rate",
    "hours_iou",
    "hours_of_block",
    "inject",
    "list_stability",
    "log_loss",
    "measure_lists",
    "opened",
    "overlap",
    "pai",
    "pei",
    "poisson_interval",
    "precision_at_k",
    "predicted_events",
    "recall",
    "recall_at_predicted_events",
    "tail_ratios",
    "threshold_at_budget",
]
