"""All series of one window at once: score, then learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.detector.distribution import Floats, at_least, log_zero
from models.detector.frame import Frame
from models.detector.occupancy import Expectation, Lesson, expect, learn_rates
from models.detector.persistence import Outlook, calm_log_odds, evidence, foresee, remember
from models.detector.shift import learn_shift
from models.detector.state import Head, OccupancyState, row
from models.detector.tails import counted_tails, learn_tail
from models.detector.trust import learn_distrust, lesson_of
from models.detector.verdicts import Scored, Verdicts, tell
from models.detector.week import Week
from models.kinds import KINDS
from models.surroundings import Surroundings
from models.version import ModelVersion


@dataclass(frozen=True)
class _Judgement:
    """One window, predicted and compared with its counts."""

    expectation: Expectation
    outlook: Outlook
    observed: NDArray[np.bool_]
    count: Floats  # 0 where missing
    evidence: Floats  # 0 where missing
    p_value: Floats
    p_above: Floats
    trusted: NDArray[np.bool_] | bool = False  # however unlikely the count

    @property
    def score(self) -> Floats:
        return self.outlook.log_odds + self.evidence

    @property
    def probability(self) -> Floats:
        return 1.0 / (1.0 + np.exp(-np.clip(self.score, -700.0, 700.0)))


class OccupancyColumns:
    """The detector of ``n`` series, a window of all of them at a time.

    Every operation is elementwise over the series and adds in a fixed order, so a series' verdicts do not depend on the
    series beside it. State is float32, arithmetic float64. A step writes one slot, one window of the day and the head.

    Parameters
    ----------
    version
        The model version.
    window_minutes
        Length of a window; divides 60.
    kinds
        int[n]: kind of each series' space, numbers of `models.kinds.KINDS`.
    shares
        float64[n]: each series' share of the alarm budget, in episodes opened per series-week.
    state
        What was learnt so far; new series by default. It is used in place, not copied.
    surroundings
        Areas and buildings of the series; unknown by default.

    Raises
    ------
    ValueError
        If lengths disagree or a kind, share or window is out of range.

    Examples
    --------
    >>> from models.shipped import shipped_version
    >>> columns = OccupancyColumns(shipped_version(), 60, kinds=[0, 1], shares=[0.02, 0.02])
    >>> verdicts = columns.step(slot=20, counts=np.array([6.0, np.nan]))
    >>> bool(verdicts.p_value[0] < 0.05), bool(np.isnan(verdicts.score[1]))
    (True, True)
    """

    def __init__(
        self,
        version: ModelVersion,
        window_minutes: int,
        kinds: ArrayLike,
        shares: ArrayLike,
        state: OccupancyState | None = None,
        *,
        surroundings: Surroundings | None = None,
    ) -> None:
        self.version = version
        self.week = Week(window_minutes)
        self.kinds = np.array(kinds, dtype=np.int64, ndmin=1)
        self.shares = np.array(shares, dtype=np.float64, ndmin=1)
        self.state = state or OccupancyState.new(self.week.windows_per_day, self.kinds.size)
        self.surroundings = surroundings or Surroundings.unknown(self.kinds.size)
        self._check()
        self._frame = Frame.of(version, self.week, self.kinds, self.surroundings)

    @property
    def width(self) -> int:
        """Number of series."""
        return int(self.kinds.size)

    @property
    def quiet(self) -> NDArray[np.float64]:
        """float64[n]: -log probability of the silence since the latest presence."""
        return row(self.state.head, Head.QUIET)

    @property
    def evidence_weeks(self) -> NDArray[np.float64]:
        """float64[n]: weeks learnt."""
        return row(self.state.head, Head.SEEN) / self.week.windows

    def select(self, columns: NDArray[np.intp] | Sequence[int]) -> OccupancyColumns:
        """The detector of some of the series, with a copy of their state."""
        return OccupancyColumns(
            self.version,
            self.week.window_minutes,
            self.kinds[columns],
            self.shares[columns],
            self.state.select(columns),
            surroundings=self.surroundings[columns],
        )

    def score(self, slot: int, counts: NDArray[np.float64]) -> Verdicts:
        """Verdicts on the counts of a window (NaN where missing); changes nothing."""
        return _only(self.tell([self._scored(self._judge(slot, counts))]))

    def learn(self, slot: int, counts: NDArray[np.float64]) -> None:
        """Learn the counts of a window (NaN where missing)."""
        self._learn(slot, self._judge(slot, counts))

    def step(
        self,
        slot: int,
        counts: NDArray[np.float64],
        *,
        holiday: NDArray[np.bool_] | None = None,
        left_out: NDArray[np.bool_] | None = None,
        confirmed: NDArray[np.bool_] | None = None,
    ) -> Verdicts:
        """Score, then learn; `advance` and `tell` in one."""
        scored = self.advance(slot, counts, holiday=holiday, left_out=left_out, confirmed=confirmed)
        return _only(self.tell([scored]))

    def advance(
        self,
        slot: int,
        counts: NDArray[np.float64],
        *,
        holiday: NDArray[np.bool_] | None = None,
        left_out: NDArray[np.bool_] | None = None,
        confirmed: NDArray[np.bool_] | None = None,
    ) -> Scored:
        """Score, then learn. The verdicts are told later, of many windows at once, which takes less time.

        Parameters
        ----------
        slot
            Of the window.
        counts
            float64[n], NaN where missing.
        holiday
            bool[n]: series for which the day is a holiday whatever ``slot`` says; theirs is the holiday's slot at the
            same time of day. Their state is copied and put back, so it should be few of them, or seldom.
        left_out
            bool[n]: scored, but learnt as if the count were missing, because its cause is known.
        confirmed
            bool[n]: a person says that the count is normal. It is learnt with full trust, however unlikely, and is no
            evidence of loitering.
        """
        if holiday is not None and holiday.any() and not self.week.is_holiday(slot):
            return self._advance_apart(np.flatnonzero(holiday), slot, counts, left_out, confirmed)
        judgement = self._judge(slot, counts)
        scored = self._scored(judgement)
        if left_out is not None:
            judgement = _without(judgement, left_out)
        if confirmed is not None:
            judgement = self._confirm(judgement, confirmed & judgement.observed)
        self._learn(slot, judgement)
        return scored

    def tell(self, windows: Sequence[Scored]) -> Verdicts:
        """The verdicts on windows that were advanced over: arrays of [windows, n]."""
        return tell(windows, self.version, self.week.window_minutes, self.shares)

    def step_score(self, slot: int, counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Expected counts and scores alone, then learn: what calibration needs of a step."""
        judgement = self._judge(slot, counts)
        self._learn(slot, judgement)
        return judgement.expectation.mean, np.where(judgement.observed, judgement.score, np.nan)

    def _check(self) -> None:
        if self.shares.shape != self.kinds.shape or self.kinds.ndim != 1:
            raise ValueError(f"{self.kinds.size} kinds but {self.shares.size} shares: one of each for a series")
        if len(self.surroundings) != self.width:
            raise ValueError(f"surroundings of {len(self.surroundings)} series given to {self.width}")
        if ((self.kinds < 0) | (self.kinds >= len(KINDS))).any():
            raise ValueError(f"kinds must be numbers from 0 to {len(KINDS) - 1}")
        if not (self.shares >= 0).all():
            raise ValueError("shares of the alarm budget must not be negative")
        if (self.state.windows_per_day, self.state.width) != (self.week.windows_per_day, self.width):
            raise ValueError(
                f"state of {self.state.width} series with {self.state.windows_per_day} windows a day given to "
                f"{self.width} series with {self.week.windows_per_day}"
            )

    def _advance_apart(
        self,
        apart: NDArray[np.intp],
        slot: int,
        counts: NDArray[np.float64],
        left_out: NDArray[np.bool_] | None,
        confirmed: NDArray[np.bool_] | None,
    ) -> Scored:
        """Advance everybody, and instead of the series ``apart`` a copy of them that keeps a holiday."""
        keeping = self.select(apart)
        kept = keeping.advance(
            self.week.holiday_slot(slot),
            counts[apart],
            left_out=None if left_out is None else left_out[apart],
            confirmed=None if confirmed is None else confirmed[apart],
        )
        scored = self.advance(slot, counts, left_out=left_out, confirmed=confirmed)
        self._put_step(slot, apart, keeping.state)
        scored.put(apart, kept)
        return scored

    def _put_step(self, slot: int, apart: NDArray[np.intp], keeping: OccupancyState) -> None:
        """Put back what a step at ``slot``, or at the same time of a holiday, writes of some series."""
        time = self.week.time_of_day(slot)
        for one in (slot, self.week.holiday_slot(slot)):
            self.state.slots[one][:, apart] = keeping.slots[one]
        self.state.bins[time][:, apart] = keeping.bins[time]
        self.state.head[:, apart] = keeping.head

    def _judge(self, slot: int, counts: NDArray[np.float64]) -> _Judgement:
        given = np.ascontiguousarray(counts, dtype=np.float64)
        if given.shape != self.kinds.shape:
            raise ValueError(f"{given.size} counts for {self.width} series")
        observed = ~np.isnan(given)
        count = np.where(observed, given, 0.0)
        expectation = expect(self.state, slot, self._frame)
        outlook = foresee(self.state, slot, self._frame, expectation)
        return _Judgement(
            expectation=expectation,
            outlook=outlook,
            observed=observed,
            count=count,
            evidence=np.where(observed, evidence(expectation, outlook, count), 0.0),
            p_value=at_least(count, expectation.mean, expectation.excess),
            p_above=at_least(count + 1.0, expectation.mean, expectation.excess),
        )

    def _scored(self, judgement: _Judgement) -> Scored:
        observed, expectation = judgement.observed, judgement.expectation
        return Scored(
            mean=expectation.mean,
            excess=expectation.excess,
            score=np.where(observed, judgement.score, np.nan),
            p_value=np.where(observed, judgement.p_value, np.nan),
            p_above=np.where(observed, judgement.p_above, np.nan),
            evidence_weeks=self.evidence_weeks,
            counted=counted_tails(self.state.head, expectation.mean),
        )

    def _confirm(self, judgement: _Judgement, confirmed: NDArray[np.bool_]) -> _Judgement:
        """The judgement with the calm that a person vouches for."""
        before = judgement.outlook.log_odds
        calm = np.where(confirmed, np.minimum(before, calm_log_odds(self._frame)), before)
        return replace(
            judgement,
            outlook=replace(judgement.outlook, log_odds=calm),
            evidence=np.where(confirmed, np.minimum(judgement.evidence, 0.0), judgement.evidence),
            trusted=confirmed,
        )

    def _learn(self, slot: int, judgement: _Judgement) -> None:
        state, frame, observed = self.state, self._frame, judgement.observed
        expectation, lesson = judgement.expectation, self._lesson(judgement)
        learn_rates(state, slot, frame, expectation, lesson)
        learn_distrust(state.head, frame, lesson, observed)
        remember(
            state,
            slot,
            frame,
            log_odds=judgement.score,
            count_evidence=judgement.evidence,
            observed=observed,
        )
        learn_shift(
            state,
            slot,
            frame,
            mean=expectation.mean,
            excess=expectation.excess,
            count=lesson.count,
            observed=observed,
        )
        learn_tail(
            state.head,
            frame,
            mean=expectation.mean,
            p_value=judgement.p_value,
            p_above=judgement.p_above,
            observed=observed,
        )
        self._count_silence(judgement)

    def _lesson(self, judgement: _Judgement) -> Lesson:
        return lesson_of(
            self.state.head,
            self._frame,
            judgement.expectation,
            count=judgement.count,
            p_value=judgement.p_value,
            p_above=judgement.p_above,
            loitering=judgement.probability,
            trusted=judgement.trusted,
            observed=judgement.observed,
        )

    def _count_silence(self, judgement: _Judgement) -> None:
        head = self.state.head
        silence = -log_zero(judgement.expectation.mean, judgement.expectation.excess)
        silence = np.where(judgement.count > 0.0, 0.0, row(head, Head.QUIET) + silence)
        head[Head.QUIET] = np.where(judgement.observed, silence, row(head, Head.QUIET))
        head[Head.SEEN] = row(head, Head.SEEN) + judgement.observed


def _without(judgement: _Judgement, left_out: NDArray[np.bool_]) -> _Judgement:
    """The judgement with counts taken for missing."""
    return replace(
        judgement,
        observed=judgement.observed & ~left_out,
        count=np.where(left_out, 0.0, judgement.count),
        evidence=np.where(left_out, 0.0, judgement.evidence),
    )


def _only(verdicts: Verdicts) -> Verdicts:
    """Those of the one window there is."""
    return Verdicts(*(getattr(verdicts, each.name)[0] for each in fields(Verdicts)))
