"""Evaluation: how good a ranked list, an alarm and a prediction are. Nothing here is ever learnt from."""

from models.evaluation.calibration import TailRatios, chance_below, tail_ratios
from models.evaluation.episodes import found_within, opened, threshold_at_budget
from models.evaluation.injection import Injection, inject, recall
from models.evaluation.intervals import Proportion, poisson_interval
from models.evaluation.lists import (
    Case,
    RankingMeasures,
    average_precision,
    hours_iou,
    hours_of_block,
    list_stability,
    measure_lists,
    overlap,
    precision_at_k,
)

__all__ = [
    "Case",
    "Injection",
    "Proportion",
    "RankingMeasures",
    "TailRatios",
    "average_precision",
    "chance_below",
    "found_within",
    "hours_iou",
    "hours_of_block",
    "inject",
    "list_stability",
    "measure_lists",
    "opened",
    "overlap",
    "poisson_interval",
    "precision_at_k",
    "recall",
    "tail_ratios",
    "threshold_at_budget",
]
