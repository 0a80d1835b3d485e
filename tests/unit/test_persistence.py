"""What the hours before and earlier nights make of a window, before and after its count is known."""

from __future__ import annotations

import numpy as np
import pytest

from models.detector.columns import OccupancyColumns
from models.detector.frame import Frame
from models.detector.occupancy import expect
from models.detector.persistence import Outlook, foresee
from models.detector.state import Bin, Head
from models.detector.step import Step
from models.detector.week import Week
from models.shipped import shipped_version

HYPER = shipped_version().hyperparameters
WEEK = Week(60)
SLOT = 20
FRAME = Frame.of(shipped_version(), WEEK, np.zeros(4, int))
CALM = float(FRAME.constants.calm_log_odds)


def outlook(loitering: float, means: list[float], night: float = 0.0) -> Outlook:
    """Of four series with so much belief in loitering from before, these means and a memory of nights."""
    state = OccupancyColumns(shipped_version(), 60, np.zeros(4, int), np.full(4, 0.02)).state
    state.head[Head.LOITERING], state.head[Head.MEAN] = loitering, means
    state.bins[WEEK.time_of_day(SLOT), Bin.NIGHT_MEMORY] = night
    step = Step.of(state, FRAME.moments.at(SLOT))
    return foresee(step, FRAME, expect(step, FRAME))


def test_evidence_of_the_hours_before_falls_with_what_is_normal() -> None:
    """By half at the rate, to a fifth at four times as many presences."""
    told = outlook(100.0, [0.0, HYPER.lasting_rate, 4 * HYPER.lasting_rate, 1e12])
    most = np.log(np.exp(told.lasting - CALM) - 1.0) + WEEK.hours / HYPER.loitering_hours
    assert most[1:3] == pytest.approx([HYPER.lasting_gain / 2, HYPER.lasting_gain / 5])
    assert most[1] < most[0] <= HYPER.lasting_gain
    assert most[3] == pytest.approx(0.0, abs=1e-6)


def test_loitering_is_never_less_likely_than_a_calm_start() -> None:
    for loitering in (-100.0, 0.0):
        told = outlook(loitering, [0.1] * 4)
        assert (told.lasting >= CALM).all()
        assert (told.remembered >= told.lasting).all()


def test_earlier_nights_count_once_the_evidence_is_above_zero() -> None:
    told = outlook(0.0, [0.02] * 4, night=6.0)
    assert (told.remembered > told.lasting + 2.0).all()
    evidence = np.array([-1.0, 0.0, 1e-9, 1.0])
    assert told.log_odds(evidence) == pytest.approx(
        [*(told.lasting[:2] + evidence[:2]), *(told.remembered[2:] + evidence[2:])]
    )
    calmed = told.calmed(np.array([True, False, True, False]), FRAME.constants.calm_log_odds)
    assert calmed.lasting.tolist() == [CALM, told.lasting[1], CALM, told.lasting[3]]
    assert calmed.remembered.tolist() == [CALM, told.remembered[1], CALM, told.remembered[3]]
