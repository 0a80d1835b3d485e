"""All series of one window at once: score, then learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.detector.alone import alone
from models.detector.frame import Frame
from models.detector.judging import Judgement, bounded, confirmed_by_a_person, count_silence, judge, learn, without
from models.detector.state import Head, OccupancyState, row
from models.detector.step import Step
from models.detector.tail_alone import tail_alone
from models.detector.tails import Tail
from models.detector.verdicts import Scored, Verdicts, tell
from models.detector.week import Week
from models.kinds import KINDS
from models.surroundings import Surroundings
from models.version import ModelVersion

Scalar = TypeVar("Scalar", bound=np.generic)


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
        frame = Frame.of(version, self.week, self.kinds, self.surroundings)
        self._frame = frame.alone() if self.width == 1 else frame
        self._alone: tuple[OccupancyState, OccupancyState] | None = None

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
        return _only(self.tell([self._scored(*self._judge(self._step(slot), counts))]))

    def learn(self, slot: int, counts: NDArray[np.float64]) -> None:
        """Learn the counts of a window (NaN where missing)."""
        self.advance(slot, counts)

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
        if holiday is not None and np.count_nonzero(holiday) and not self.week.is_holiday(slot):
            return self._advance_apart(np.flatnonzero(holiday), slot, counts, left_out, confirmed)
        step = self._step(slot)
        judgement, tail = self._judge(step, counts)
        scored = self._scored(judgement, tail)
        if left_out is not None:
            judgement = without(judgement, self._given(left_out))
        if confirmed is not None:
            judgement = confirmed_by_a_person(judgement, self._given(confirmed) & judgement.observed, self._frame)
        self._learn(step, judgement, tail)
        return scored

    def tell(self, windows: Sequence[Scored]) -> Verdicts:
        """The verdicts on windows that were advanced over: arrays of [windows, n]."""
        return tell(windows, self.version, self.week.window_minutes, self.shares)

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

    def _step(self, slot: int) -> Step:
        """The state around a slot as the kernels take it."""
        moment = self._frame.moments.at(slot)
        if self.width != 1:
            return Step.of(self.state, moment)
        if self._alone is None or self._alone[0] is not self.state:
            self._alone = self.state, alone(self.state)
        return Step.of(self._alone[1], moment)

    def _given(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the series as the kernels take them."""
        given: Any = values.item() if self.width == 1 else values
        return given  # type: ignore[no-any-return]

    def _judge(self, step: Step, counts: NDArray[np.float64]) -> tuple[Judgement, Tail]:
        given = np.ascontiguousarray(counts, dtype=np.float64)
        if given.shape != self.kinds.shape:
            raise ValueError(f"{given.size} counts for {self.width} series")
        judgement = judge(step, self._frame, self._given(given))
        tail_of: Callable[..., Tail] = tail_alone if self.width == 1 else Tail.of
        tail = tail_of(
            step.new_head,
            self._frame,
            mean=judgement.expectation.mean,
            p_value=judgement.p_value,
            p_above=judgement.p_above,
        )
        return bounded(judgement, tail.counted_log_frequency), tail

    def _scored(self, judgement: Judgement, tail: Tail) -> Scored:
        observed = _array(judgement.observed)
        p_value, p_above = np.where(observed, tail.frequency, np.nan)
        return Scored(
            mean=_array(judgement.expectation.mean),
            excess=_array(judgement.expectation.excess),
            average=row(self.state.head, Head.MEAN),
            log_odds=np.where(observed, _array(judgement.log_odds), np.nan),
            p_value=p_value,
            p_above=p_above,
            evidence_weeks=self.evidence_weeks,
            log_ratios=tail.log_ratios,
        )

    def _learn(self, step: Step, judgement: Judgement, tail: Tail) -> None:
        learn(step, self._frame, judgement)
        if not step.moment.holiday:
            tail.learn(step.new_head, self._frame, judgement.observed)
        count_silence(step, judgement)


def _array(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Values as an array, also those of a series alone."""
    return values if type(values) is np.ndarray else np.array([values])


def _only(verdicts: Verdicts) -> Verdicts:
    """Those of the one window there is."""
    return Verdicts(*(getattr(verdicts, each.name)[0] for each in fields(Verdicts)))
