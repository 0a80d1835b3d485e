"""Measures against sums done by hand, and their limits."""

import numpy as np
import pytest

from models.evaluation import (
    average_precision,
    hit_rate,
    hours_iou,
    hours_of_block,
    list_stability,
    pai,
    pei,
    precision_at_k,
    predicted_events,
    recall_at_predicted_events,
)


def test_precision_counts_only_what_is_listed():
    assert precision_at_k([1, 2, 3, 4], {1, 4}, 4) == 0.5
    assert precision_at_k([1, 2], {1, 2}, 20) == 1.0
    assert precision_at_k([], {1}, 20) == 0.0


def test_average_precision_charges_for_what_is_missing():
    assert average_precision([1, 2, 3], {1, 2, 3}) == 1.0
    assert average_precision([1, 2, 3], {1, 2, 3, 4}) == 0.75
    assert average_precision([9, 1], {1}) == 0.5
    assert average_precision([9, 1], {1}, first=1) == 0.0
    assert average_precision([1], set()) == 0.0


def test_hit_rate_and_indices_by_hand():
    incidents = {"a": 6.0, "b": 3.0, "c": 1.0}
    assert hit_rate(["b", "x"], incidents, 2) == pytest.approx(0.3)
    assert pai(["b", "x"], incidents, 2, places=20) == pytest.approx(0.3 / 0.1)
    assert pei(["b", "x"], incidents, 2) == pytest.approx(3 / 9)
    assert hit_rate(["a"], {}, 1) == pei(["a"], {}, 1) == 0.0
    with pytest.raises(ValueError, match="PAI"):
        pai([], incidents, 0, places=3)


def test_stability_is_the_share_kept():
    assert list_stability(["a", "b", "c"], ["c", "a", "x"], 3) == pytest.approx(2 / 3)
    assert list_stability(["a"], [], 3) == 1.0


def test_hours_wrap_midnight():
    assert hours_of_block(23, 2) == {23, 0, 1}
    assert hours_iou(hours_of_block(23, 2), hours_of_block(23, 2)) == 1.0
    assert hours_iou(set(), set()) == 0.0


def test_predicted_events_are_maximal_runs_and_ignore_missing():
    score = np.array([5.0, 5.0, np.nan, 5.0, 0.0, 5.0])
    assert predicted_events(score, 5.0).tolist() == [[0, 2], [3, 4], [5, 6]]
    assert predicted_events(np.full(3, np.nan), 0.0).tolist() == []


def test_recall_keeps_to_the_budget_and_to_the_share_flagged():
    rng = np.random.default_rng(0)
    score = rng.normal(size=2000)
    events = np.array([[100, 104], [900, 902], [1500, 1503]])
    score[[101, 901]] = [9.0, 8.0]
    two = recall_at_predicted_events(score, events, 2)
    assert (two.found, two.predicted, two.threshold) == (2, 2, 8.0)
    assert two.recall == pytest.approx(2 / 3)
    everything = recall_at_predicted_events(np.ones(100), np.array([[3, 4]]), 10)
    assert everything.found == 0, "one run over all windows is no prediction"


def test_an_event_is_found_one_window_beside_it_and_not_two():
    score = np.zeros(100)
    score[10] = 1.0
    assert recall_at_predicted_events(score, np.array([[11, 13]]), 1).found == 1
    assert recall_at_predicted_events(score, np.array([[12, 13]]), 1).found == 0
