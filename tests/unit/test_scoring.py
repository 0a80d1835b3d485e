"""Windows through the detector: what is assumed, found and said of them beside their counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.calendar import Calendar
from models.detector.columns import OccupancyColumns
from models.shipped import shipped_version
from service.domain.annotations import Marks
from service.domain.verdicts import VerdictColumns
from service.usecases.learning.scoring import Roster, score_and_learn

HOUR, WEEK = 3600, 168
ONE = Roster(numbers=np.array([7]), kinds=np.array([0]), shares=np.array([0.02]))


def scored(counts: np.ndarray, roster: Roster = ONE, **said: object) -> VerdictColumns:
    """The verdicts on a series' counts, an hour each."""
    columns = OccupancyColumns(shipped_version(), 60, roster.kinds, roster.shares)
    starts = np.arange(len(counts)) * HOUR
    return score_and_learn(columns, Calendar("UTC"), roster, starts, counts[:, None], **said)


def test_a_sensor_is_assumed_to_be_alive_until_its_interval_ends() -> None:
    """The window that begins with the end is another's."""
    roster = replace(ONE, assumed=((0, HOUR, 3 * HOUR),))
    assert roster.assumed_alive(np.arange(4) * HOUR)[:, 0].tolist() == [False, True, True, False]


def test_of_two_silences_in_a_batch_the_first_is_found() -> None:
    """What comes later was found in a state that had learnt from it."""
    counts = np.full(3 * WEEK, 3.0)
    counts[2 * WEEK : 2 * WEEK + 72] = counts[2 * WEEK + 73 :] = np.nan
    found: dict[int, int] = {}
    scored(counts, replace(ONE, assumed=((0, 0, 2**40),)), silence_odds=1e-6, found=found)
    assert 2 * WEEK * HOUR < found[7] < (2 * WEEK + 72) * HOUR


def test_what_has_a_known_cause_is_no_anomaly_whatever_its_score() -> None:
    """Also what a person says is normal."""
    counts = np.full(5 * WEEK, 0.0)
    counts[-8:] = 6.0
    loud = (np.arange(len(counts)) >= len(counts) - 8)[:, None]
    never = np.zeros_like(loud)
    plain = scored(counts)
    assert plain.anomalous[-8:].all()
    for marks in (Marks(loud, never), Marks(never, loud)):
        marked = scored(counts, marks=marks)
        assert not marked.anomalous.any()
        assert marked.score[-8] == plain.score[-8]
