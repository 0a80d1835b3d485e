"""Backtests: what settings, or a version, would have done on stored counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta


class DecileRatios(msgspec.Struct, frozen=True, kw_only=True):
    """A tenth of the windows by expected count, and P(p < a) / a there for each level; 1 is right."""

    windows: int
    expected: float
    ratios: list[float]


class RecallFigure(msgspec.Struct, frozen=True, kw_only=True):
    """Injected loitering found within so many days of its first evening, with the 95% interval of its share."""

    days: int
    found: int
    of: int
    low: float
    high: float


class BacktestFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How one version did under some settings, each window judged before it was learnt."""

    name: str
    version: str
    changed: Annotated[dict[str, Any], Meta(description="Settings that differ from those in force.")]
    windows: int
    log_loss: Annotated[float, Meta(description="Mean of -log P(count), nats a window.")]
    levels: list[float]
    overall: Annotated[list[float], Meta(description="P(p < a) / a of all windows after four weeks of evidence.")]
    deciles: list[DecileRatios]
    episodes: int
    stairwell_weeks: float
    opened: Annotated[float, Meta(description="Episodes opened per 100 stairwell-weeks.")]
    opened_low: float
    opened_high: float
    promised: float
    weekly: Annotated[list[float], Meta(description="The same, week by week.")]
    recall: list[RecallFigure]
    listed: Annotated[list[str], Meta(description="The first places of the list at the end, tenant/stairwell.")]


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """A version under the settings in force, and beside it what was asked for."""

    start: datetime
    end: datetime
    learnt_from: datetime
    timezone: str
    seed: int
    series: int
    injected: Annotated[int, Meta(description="Spaces that people were made to loiter in.")]
    figures: list[BacktestFigures]
    overlap: Annotated[float | None, Meta(description="Share of the listed places that both have.")] = None
    entering: list[str] = []
    leaving: list[str] = []
