"""The ground that blocks are sought on: counts folded by day and hour, and what they are held against."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.hotspots.blocks import Cells, Days, fold_hours, without_wild_days
from models.hotspots.company import company_of, draw_with_company
from models.hotspots.mood import mood_of
from models.hotspots.scan import BestBlocks, Comparison, scan_blocks
from models.hotspots.significance import ScanNull, draw_rates, simulate_null
from models.hotspots.town import Town
from models.prior import FleetPrior

HISTORY_DAYS = 70  # the past that can support the period's evidence and that the level is taken from
_OWN_LEVEL_SHAPE = 20.0  # a series' own normal is trusted to about a fifth
_UNKNOWN_DISPERSION, _UNKNOWN_DISPERSION_STRENGTH = 0.5, 2.0
_UNKNOWN_PROFILE_SHAPE = 10.0
_UNKNOWN_WEEKDAY_SHAPE = 40.0
_FEWEST_PEERS = 8  # series; fewer have no shape in common that one of them could be held against
_NULL_SERIES = 1200  # as many as the simulated null draws; more would tell it little
_MOOD_SERIES = 400  # that the town's mood is told by; more would tell it little
_COMPANY_SERIES = 200  # the same of company
_SEED = 0  # the same counts give the same list
_SERIES_AT_A_TIME = 128  # keeps the arrays of one pass within a processor's cache


@dataclass(frozen=True)
class Presences:
    """The counts of a list; T windows, n series.

    Parameters
    ----------
    calendar
        Local calendar.
    starts
        int64[T]: UTC epoch seconds of the windows, ascending; the period ends with the last one.
    counts
        float64[T, n]: presences, NaN where missing. Annotated windows are left out by setting them missing.
    expected
        float64[T, n]: what the model expected of each window before it learnt it.
    kinds
        int64[n]: rows of `models.kinds.KINDS`.
    stairwells
        int64[n]: number of each series' stairwell, numbered in the order that breaks ties.

    Raises
    ------
    ValueError
        If shapes disagree.
    """

    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float64]
    expected: NDArray[np.float64]
    kinds: NDArray[np.int64]
    stairwells: NDArray[np.int64]

    def __post_init__(self) -> None:
        shape = (len(self.starts), len(self.kinds))
        if self.counts.shape != shape or self.expected.shape != shape or self.stairwells.shape != shape[1:]:
            raise ValueError(
                f"{shape[0]} windows and {shape[1]} series need counts and expected of that shape and a stairwell for "
                f"each series, not {self.counts.shape}, {self.expected.shape} and {self.stairwells.shape}"
            )

    def last_day(self) -> int:
        """Local day number of the last window."""
        return int(self.local_seconds[-1]) // SECONDS_PER_DAY

    @cached_property
    def local_seconds(self) -> NDArray[np.int64]:
        """Wall-clock seconds of the windows."""
        return self.calendar.local_seconds(self.starts)


@dataclass(frozen=True)
class Ground:
    """What series are scanned on, some at a time: each is judged alone, however they are split.

    Parameters
    ----------
    presences
        The counts.
    prior
        What the kinds are like, fitted to peers; None where nothing is known of them.
    span
        The days.
    against_peers
        Whether series are held against their kind at their own level, or against what the model expected of them.
    town
        That of the series.
    """

    presences: Presences
    prior: FleetPrior | None
    span: Days
    against_peers: bool
    town: Town

    @classmethod
    def of(
        cls,
        presences: Presences,
        prior: FleetPrior | None,
        days: int,
        peers: int | None = None,
        town: Town | None = None,
    ) -> Ground:
        """The ground of a list over so many days; fewer than eight peers, by default all series, are none.

        The town is told by the series, unless it is at hand.
        """
        span = Days.ending(presences.last_day(), period=days, history=HISTORY_DAYS)
        number = len(presences.kinds) if peers is None else peers
        against_peers = prior is not None and number >= _FEWEST_PEERS
        ground = cls(presences, prior, span, against_peers, town or Town.as_ever())
        return replace(ground, town=ground._town_told()) if town is None and against_peers else ground

    def judge(self) -> BestBlocks:
        """Best blocks of all series."""
        n = len(self.presences.kinds)
        parts = [np.arange(begin, min(begin + _SERIES_AT_A_TIME, n)) for begin in range(0, n, _SERIES_AT_A_TIME)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # numpy lets go of the interpreter in every pass
            judged = list(pool.map(lambda part: scan_blocks(*self.cells(part), self.span), parts))
        columns = zip(*(vars(found).values() for found in judged), strict=True)
        return BestBlocks(*(np.concatenate(column) for column in columns))

    def simulate_null(self) -> ScanNull:
        """How rarely evidence comes by chance, drawn from series of every level."""
        return simulate_null(*self.cells(self._evenly(_NULL_SERIES)), self.span, _SEED)

    def cells(self, series: NDArray[np.int64]) -> tuple[Cells, Comparison]:
        """Counts of some series, and what they are held against: the kind's profile, or their own normal.

        Online, a series may long be taken for less than it is in hours that are busier here than in the town version 0
        comes from, so its own normal is nowhere held below what peers at its level have.
        """
        counts = self.presences.counts[:, series]
        alive = ~np.isnan(counts)
        observed, heard = self._fold(counts, alive), self._fold(alive, alive)
        base, level_shape = np.zeros_like(heard), np.full(len(series), _OWN_LEVEL_SHAPE)
        if self.prior is not None:
            base = heard * self._peer_rates(self.prior, series)
            base[self.span.in_period] *= self.town.mood.factor_on(self.span.weekdays[self.span.in_period])
            shape = self._by_series("level_shape", 0.0, series)
            if self.against_peers:
                level_shape = shape
            else:
                base = base * _levels(observed, base, shape)
        if not self.against_peers:
            base = np.maximum(base, self._fold(self.presences.expected[:, series], alive))
        return observed, Comparison(
            base,
            heard * np.float32(self.presences.calendar.window_minutes / 60),
            level_shape,
            self._by_series("time_shape", _UNKNOWN_PROFILE_SHAPE, series),
            self._by_series("slot_shape", _UNKNOWN_WEEKDAY_SHAPE, series),
            self._by_series("dispersion", _UNKNOWN_DISPERSION, series),
            self._by_series("dispersion_strength", _UNKNOWN_DISPERSION_STRENGTH, series),
            self.town,
        )

    def _town_told(self) -> Town:
        """The mood, and in it the company, by some of the series."""
        observed, usual = self.cells(self._evenly(_MOOD_SERIES))
        in_mood = replace(self, town=replace(self.town, mood=mood_of(observed, usual.base, self.span)))
        return replace(in_mood.town, company=in_mood._company())

    def _evenly(self, most: int) -> NDArray[np.int64]:
        """Numbers of so many series, or all, evenly among them."""
        n = len(self.presences.kinds)
        return np.arange(0, n, -(-n // most))

    def _company(self) -> float:
        observed, usual = self.cells(self._evenly(_COMPANY_SERIES))

        def draws() -> Callable[[float], Cells]:
            random = np.random.default_rng(_SEED)
            rates = draw_rates(observed, usual, self.span, random)
            # All are drawn with the same chance, so that they differ by the company alone.
            return lambda company: without_wild_days(draw_with_company(rates, company, deepcopy(random)), usual.hours)

        level = _levels(observed, usual.base, usual.level_shape)
        return company_of(without_wild_days(observed, usual.hours), usual.base * level, draws)

    def _by_series(self, name: str, default: float, series: NDArray[np.int64]) -> NDArray[np.float64]:
        """A table of the prior, float64[k]."""
        kinds = self.presences.kinds[series]
        return np.full(len(kinds), default) if self.prior is None else np.asarray(getattr(self.prior, name)[kinds])

    def _fold(self, values: NDArray[np.float64] | NDArray[np.bool_], alive: NDArray[np.bool_]) -> Cells:
        return fold_hours(self.presences.local_seconds, values, alive, self.span)

    def _peer_rates(self, prior: FleetPrior, series: NDArray[np.int64]) -> Cells:
        """Presences per window that a typical series of the same kind has, float32[days, 24, k]."""
        calendar, kinds = self.presences.calendar, self.presences.kinds[series]
        rates = prior.profile * prior.level[:, None, None] * (calendar.window_minutes / 60)
        by_day = rates[kinds].transpose(1, 2, 0).astype(np.float32)
        return np.ascontiguousarray(by_day)[self._day_types]

    @cached_property
    def _day_types(self) -> NDArray[np.int64]:
        calendar, starts = self.presences.calendar, self.presences.starts
        day_types = self.span.weekdays.copy()
        day = self.presences.local_seconds // SECONDS_PER_DAY - self.span.first
        day_types[day[day >= 0]] = calendar.slots_of(starts[day >= 0]) // calendar.windows_per_day
        return day_types


def _levels(observed: Cells, base: Cells, shape: NDArray[np.float64]) -> NDArray[np.float32]:
    """Level of each series relative to its peers', over the whole history, float32[n]."""
    presences, expected = (
        cells.reshape(-1, cells.shape[2]).cumsum(axis=0, dtype=np.float64)[-1] for cells in (observed, base)
    )
    return np.asarray((shape + presences) / (shape + expected), dtype=np.float32)
