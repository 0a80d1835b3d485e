"""What the hours before and earlier nights make of a window, before and after its count is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from models.detector.columns import OccupancyColumns
from models.detector.distribution import Floats, Predictive
from models.detector.frame import Frame
from models.detector.occupancy import expect
from models.detector.persistence import Outlook, evidence, foresee, remember
from models.detector.state import Bin, Head, OccupancyState, Slot
from models.detector.step import Step
from models.detector.trust import lesson_of
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


def test_earlier_nights_give_a_head_start_that_falls_with_what_is_normal_and_is_bounded() -> None:
    """By half at the rate, to a fifth at twice as many presences; however often somebody has been there, no further."""
    rates = [0.0, HYPER.memory_rate, 2 * HYPER.memory_rate, 1e12]
    told, often = (outlook(-100.0, rates, night=night).remembered - CALM for night in (2.0, 1e3))
    assert told[1:] == pytest.approx([HYPER.memory_gain, 0.4 * HYPER.memory_gain, 0.0], abs=1e-6)
    assert often[:3] == pytest.approx(HYPER.starting_gain)


def test_size_of_loitering_is_the_root_of_its_summed_squares() -> None:
    """Presences an hour, standard deviations of the count, and means of the week."""
    averages = np.array([0.0, 1.0, 10.0, 100.0])
    told = outlook(0.0, averages.tolist())
    usual = told.usual
    squares = HYPER.loitering_presences_per_hour**2 + HYPER.loitering_sds**2 * usual.mean * (1 + usual.spread)
    assert told.size**2 == pytest.approx(squares + (HYPER.loitering_means * averages) ** 2)


def test_evidence_is_a_likelihood_ratio_of_several_sizes() -> None:
    """Whose mean is 1 where nobody loiters; a larger size than the least explains many presences better."""
    told = outlook(0.0, [0.1] * 4)
    usual = Predictive.of(np.array([0.02, 0.4, 3.0, 20.0]), np.array([3.0, 1.0, 0.5, 0.1]))
    told = told._replace(usual=usual, size=np.array([0.4, 1.0, 3.0, 8.0]))
    counts = np.arange(2000.0)
    of_sizes, of_least = np.array([evidence(told, np.full(4, count)) for count in counts]).swapaxes(0, 1)
    chance = nbinom.pmf(counts[:, None], 1 / usual.excess, 1 / (1 + usual.spread))
    for one in (of_sizes, of_least):
        assert (chance * np.exp(np.minimum(one, 500.0))).sum(axis=0) == pytest.approx(1.0)
    assert (of_sizes[1000] > of_least[1000] + 1.0).all()


def after_a_window(
    block: float = 0.0, count_evidence: float = 0.0, settled: float = 1.0, observed: bool = True, slot: int = SLOT
) -> OccupancyState:
    """What is remembered after a window of a series with a night of 2 in its memory, of the level before this one."""
    state = OccupancyState.new(24, 4)
    state.head[[Head.SEEN, Head.BLOCK, Head.EPOCH]] = np.array([1e4, block, 1.0])[:, None]
    state.bins[slot % 24, [Bin.NIGHT_MEMORY, Bin.MEMORY_EPOCH]] = [[2.0, 2.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]]
    step = Step.of(state, FRAME.moments.at(slot))
    given = (np.full(4, value) for value in (CALM, count_evidence, settled))
    log_odds, least, known = given
    remember(step, FRAME, log_odds=log_odds, count_evidence=least, settled=known, observed=np.full(4, observed))
    return state


def night_of(state: OccupancyState, slot: int = SLOT) -> Floats:
    return state.bins[slot % 24, Bin.NIGHT_MEMORY].astype(np.float64)


def test_one_window_and_one_night_add_so_much_and_calm_hours_take_no_more_than_that() -> None:
    kept = float(FRAME.constants.kept_of_night)
    for one, other in (
        (after_a_window(count_evidence=HYPER.window_cap), after_a_window(count_evidence=300.0)),
        (after_a_window(block=-1.0, count_evidence=2.0), after_a_window(block=-8.0, count_evidence=2.0)),
    ):
        np.testing.assert_array_equal(one.head, other.head)
        np.testing.assert_array_equal(one.bins, other.bins)
    loudest = night_of(after_a_window(block=1e6, count_evidence=300.0))
    assert loudest == pytest.approx([2.0 * kept + HYPER.night_cap, *[HYPER.night_cap] * 3])
    quietest = night_of(after_a_window(block=-1e6, count_evidence=-1e6))
    assert quietest == pytest.approx([2.0 * kept + np.log1p(-HYPER.night_share), 0.0, 0.0, 0.0], abs=1e-3)


def test_memories_are_of_the_level_and_of_what_is_known_and_was_counted() -> None:
    kept = float(FRAME.constants.kept_of_night)
    full = night_of(after_a_window(count_evidence=2.0))
    assert full[0] == pytest.approx(2.0 * kept + full[2])
    assert full[1] == full[2] == full[3] > 0.5
    half = night_of(after_a_window(count_evidence=2.0, settled=0.5))
    assert half[2] == pytest.approx(0.5 * full[2])
    missing = after_a_window(count_evidence=0.0, observed=False)
    assert night_of(missing).tolist() == [2.0, 2.0, 0.0, 0.0]
    assert not missing.slots.any()


def test_a_holiday_is_no_day_of_a_hang_out() -> None:
    """Its windows of the day are remembered, its day of the week is not."""
    holiday = WEEK.holiday_slot(SLOT)
    assert night_of(after_a_window(count_evidence=3.0, slot=holiday), holiday)[0] > 3.0
    assert not after_a_window(count_evidence=3.0, slot=holiday).slots.any()
    assert (after_a_window(count_evidence=3.0).slots[SLOT, Slot.WEEK_GAIN] > 0.0).all()


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


def weeks_with(evenings: tuple[int, ...], weeks: int) -> Floats:
    """Hours of eight weeks with a presence at noon; in the last ones these evenings have some from 20 to 24."""
    hours = np.arange(8 * WEEK.windows)
    used = (hours >= (8 - weeks) * WEEK.windows) & (hours % 24 >= 20) & np.isin(hours // 24 % 7, evenings)
    return np.where(used | (hours % 24 == 12), 1.0, 0.0)


@pytest.fixture(scope="module")
def after_weeks() -> OccupancyState:
    """Four series: a hang-out on three evenings, once and for two weeks, one on a single evening, and none."""
    counts = [weeks_with((1, 3, 5), 1), weeks_with((1, 3, 5), 2), weeks_with((3,), 2), weeks_with((), 2)]
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(4, int), np.full(4, 0.02))
    for window, row in enumerate(np.stack(counts, axis=1)):
        columns.learn(window % WEEK.windows, row)
    return columns.state


def hang_out(state: OccupancyState, day: int) -> Floats:
    """Log odds that a hang-out uses nine in the evening of a day."""
    step = Step.of(state, FRAME.moments.at(24 * day + 21))
    return foresee(step, FRAME, expect(step, FRAME)).hang_out


def test_a_hang_out_is_told_by_all_its_days_together_and_most_on_them(after_weeks: OccupancyState) -> None:
    """A day of it gains from the other days, another day less, and two weeks say more than one."""
    (once, twice, alone, calm), (_, twice_beside, alone_beside, _) = (hang_out(after_weeks, day) for day in (3, 2))
    assert twice > once + 1.0
    assert twice > alone + 1.0
    assert twice == pytest.approx(twice_beside - np.log(HYPER.evening_share), abs=0.05)
    assert twice_beside > alone_beside
    assert calm == pytest.approx(np.log(HYPER.evening_share), abs=1e-3)


def test_what_is_remembered_of_a_hang_out_belongs_to_the_level_it_was_held_against(after_weeks: OccupancyState) -> None:
    state = after_weeks.select(slice(None))
    state.head[Head.EPOCH] += 1.0
    assert hang_out(state, 3)[1] == pytest.approx(np.log(HYPER.evening_share), abs=1e-3)


def test_hours_of_a_hang_out_are_learnt_from_half_as_much_at_least_whatever_they_count() -> None:
    head = np.zeros((Head.TAIL_WINDOWS, 3))
    head[Head.SEEN] = 1e6
    frame = Frame.of(shipped_version(), WEEK, np.zeros(3, int))
    step = Step.of(OccupancyState.new(24, 3), frame.moments.at(SLOT))
    for count, p_value in ((0.0, 1.0), (1.0, 0.4)):
        lesson = lesson_of(
            head,
            frame,
            expect(step, frame),
            count=np.full(3, count),
            p_value=np.full(3, p_value),
            p_above=np.full(3, p_value / 2),
            loitering=np.zeros(3),
            hang_out=np.array([-1.0, 0.7, 50.0]),
            settled=np.ones(3),
            trusted=False,
            observed=np.ones(3, bool),
        )
        assert lesson.trust[0] == 1.0
        assert 0.5 < lesson.trust[1] < 0.8
        assert lesson.trust[2] == pytest.approx(0.5)
