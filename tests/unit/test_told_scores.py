"""Scores as they are told: loitering is the likelier the more presences are expected, and alarms know nothing of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from models.detector.columns import OccupancyColumns
from models.detector.verdicts import Scored, Verdicts
from models.shipped import shipped_version

WEEK = 168
VERSION = shipped_version()


@cache
def judged(weeks: int, *presences: float) -> tuple[list[Scored], Verdicts]:
    """The last of so many weeks with as many presences at eight, at four and at five; a series for each number."""
    columns = OccupancyColumns(VERSION, 60, np.zeros(len(presences), int), np.full(len(presences), 0.02))
    hours = np.isin(np.arange(WEEK * weeks) % 24, (8, 16, 17))
    scored = [
        columns.advance(hour % WEEK, np.where(busy, presences, np.zeros(len(presences))))
        for hour, busy in enumerate(hours)
    ][-WEEK:]
    return scored, columns.tell(scored)


def test_loitering_is_likelier_where_presences_are_expected_and_as_likely_in_every_series() -> None:
    """In proportion to them, and as a mean over the week by nothing; what is expected moves a little meanwhile."""
    scored, told = judged(12, 0.2, 1.0, 30.0)
    likelier = np.exp(told.score - np.stack([one.log_odds for one in scored]))
    for share, expected in zip(likelier.T, told.expected.T, strict=True):
        assert share / share.sum() == pytest.approx(expected / expected.sum(), rel=0.1)
        assert share.mean() == pytest.approx(1.0, rel=0.05)
    assert told.episode_probability == pytest.approx(1.0 / (1.0 + np.exp(-told.score)))


def test_a_series_is_told_by_its_counts_alone_as_far_as_it_is_not_known() -> None:
    scored, told = judged(1, 1.0, 30.0)
    assert told.score[0].tolist() == scored[0].log_odds.tolist()
    for one, score in zip(scored[1:], told.score[1:], strict=True):
        busy = np.log(one.mean / one.average)
        assert score - one.log_odds == pytest.approx(one.evidence_weeks / 3 * busy)


def test_whether_a_window_is_an_alarm_is_asked_of_windows_like_it() -> None:
    """Hours that are busy or quiet have maps of their own; what ranks them against each other has no part in it."""
    scored, told = judged(12, 0.2, 1.0, 30.0)
    for one, tail in zip(scored, told.tail, strict=True):
        known = one.log_odds, one.mean, one.average, one.evidence_weeks
        np.testing.assert_array_equal(tail, VERSION.calibration.tail(*known, 60))
