"""Damping: order stays while evidence does, and follows it once it has clearly changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.list_stability import STEADY_TOWN, damped, heard_in, overlaps, ranked_at
from models.city import simulate_city
from service.domain.hotspots import Change
from service.settings import load_settings
from service.usecases.lists.standing import gone_since, order_by_standing, standing, standings_of, told_against
from tests.api.drafts import entry, listed

scores = st.floats(0, 1e6)
margins = st.floats(0, 10)


@given(scores, margins)
def test_the_same_score_keeps_its_standing(score: float, margin: float) -> None:
    """However often the list is made again."""
    first = standing(score, None, margin)
    assert standing(score, first, margin) == first


@given(scores, st.none() | scores, margins)
def test_a_standing_stays_within_the_margin_of_its_score(score: float, before: float | None, margin: float) -> None:
    """So nothing is listed for evidence that is no more."""
    stands = standing(score, before, margin)
    assert score / (1 + margin) <= stands <= score * (1 + margin)


@given(scores, scores, scores, margins)
def test_more_evidence_never_stands_lower(score: float, more: float, before: float, margin: float) -> None:
    """Among places that stood equal."""
    low, high = sorted((score, more))
    assert standing(low, before, margin) <= standing(high, before, margin)


@given(scores, scores, margins)
def test_without_a_margin_the_score_alone_counts(score: float, before: float, margin: float) -> None:
    """The setting 0 turns damping off."""
    assert standing(score, before, 0.0) == score


@pytest.mark.parametrize(("score", "passes"), [(10.0, False), (13.0, False), (14.0, True)])
def test_a_new_place_passes_one_that_stands_when_it_has_a_margin_more(score: float, passes: bool) -> None:
    """A newcomer against a place that stands at its score of ten."""
    there, newcomer = standing(10.0, 10.0, 0.35), standing(score, None, 0.35)
    ordered = order_by_standing([("there", there), ("newcomer", newcomer)])
    assert (ordered[0][0] == "newcomer") == passes


def test_equal_standings_keep_the_order_they_came_in() -> None:
    """That of the ranking, whose ties are broken by the place."""
    assert [name for name, _ in order_by_standing([("b", 1.0), ("a", 2.0), ("c", 1.0)])] == ["a", "b", "c"]


def test_changes_are_told_against_the_list_before() -> None:
    """Up is nearer the top; what is on one list only is new, or gone."""
    before = listed("1", *(entry(rank=rank, stairwell=name) for rank, name in enumerate("abcd", start=1)))
    now = [entry(rank=rank, stairwell=name) for rank, name in enumerate("bdxc", start=1)]
    told = told_against(before, now)
    assert [(one.stairwell, one.change, one.previous_rank) for one in told] == [
        ("b", Change.UP, 2),
        ("d", Change.UP, 4),
        ("x", Change.NEW, None),
        ("c", Change.DOWN, 3),
    ]
    assert [(one.stairwell, one.previous_rank) for one in gone_since(before, now)] == [("a", 1)]
    assert [one.change for one in told_against(before, before.entries)] == [Change.SAME] * 4


def test_without_a_list_before_everything_is_new() -> None:
    """And nothing is gone."""
    assert told_against(None, [entry()])[0].change is Change.NEW
    assert gone_since(None, [entry()]) == []
    assert standings_of(None) == {}


def test_entries_from_before_there_were_standings_stand_at_their_score() -> None:
    """Old lists are read on."""
    assert standings_of(listed("1", entry(score=3.0), entry(stairwell="b", standing=2.0))) == {
        "kvarnen-3a": 3.0,
        "b": 2.0,
    }


def test_the_first_twenty_stay_from_week_to_week_where_nothing_is_new() -> None:
    """In a town whose loitering goes on as it was there is no new evidence but chance; damping holds that off."""
    settings = load_settings(environment={}).hotspots
    whole = heard_in(simulate_city(106, stairwells=200, weeks=12, parameters=STEADY_TOWN))
    weekly = [ranked_at(whole, settings, week) for week in range(10, 13)]
    kept = overlaps(list(damped(weekly, settings.overtake_margin, settings.top)))
    undamped = overlaps(list(damped(weekly, 0.0, settings.top)))
    assert np.mean(kept) >= 0.9
    assert np.mean(kept) > np.mean(undamped) + 0.02
