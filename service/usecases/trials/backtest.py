"""Backtest: what other settings, or another version, would have done on the stored counts. Nothing stored is changed.

A window is judged before it is learnt, by the path that live counts take. Beside the series as they were, copies of
some are judged in which people loiter from some day on: what there is to find in them is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.calendar import SECONDS_PER_WEEK, Calendar
from models.evaluation import overlap
from models.version import ModelVersion
from service.domain.backtests import Backtest, BacktestFigures
from service.domain.places import Series
from service.domain.verdicts import VerdictColumns
from service.errors import InvalidInput, TooLittleData
from service.ports import Ports
from service.settings import Settings
from service.usecases.learning.rosters import calendar_of, full_roster, settings_calendar
from service.usecases.learning.scoring import window_starts
from service.usecases.learning.shards import manifest_in_force
from service.usecases.lists.entries import rank_places
from service.usecases.lists.ranking import start_of_history
from service.usecases.trials.backtest_trials import Tally, Trial

DEFAULT_WEEKS = 8
FEWEST_WEEKS = 2
FIRST_ENTRIES = 20
TRIED = ("general", "window", "detector", "hotspots")
"""Sections of the settings that change what is judged or listed; ``general.data_dir`` does not."""
_LEARNING_WEEKS = 26
_HANGOUTS = 200
_LEAST_SHARE = 0.1  # of the stairwells that loitering is injected in, however many they are
_SERIES_AT_ONCE = 500

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Asked:
    """What to try beside the champion under the settings in force: other settings, another version, or both."""

    settings: Settings
    changed: Mapping[str, Any]
    version: str | None = None


@dataclass(frozen=True)
class _Span:
    """Windows in seconds UTC: learnt from ``begin`` on, judged in [start, end)."""

    begin: int
    start: int
    end: int


def backtest(
    ports: Ports,
    asked: Asked | None = None,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    seed: int = 0,
    progress: Progress = lambda _step, _done, _total: None,
) -> Backtest:
    """Judge stored counts anew.

    Parameters
    ----------
    ports
        Counts, places, annotations and versions.
    asked
        What to try; without it the champion is judged alone.
    start, end
        What is judged, at most up to the watermark; by default the last :data:`DEFAULT_WEEKS` weeks. It is learnt from
        up to half a year before.
    seed
        Of the loitering injected.
    progress
        Called with a step, windows done, and all there are.

    Raises
    ------
    Conflict
        If nothing has been scored yet.
    InvalidInput
        If the interval is shorter than :data:`FEWEST_WEEKS` weeks or settings are named that change nothing here.
    NotFound, VersionRefused
        If there is no such version, or it was altered.
    TooLittleData
        If there are no counts to judge.
    """
    manifest = manifest_in_force(ports, "a backtest")
    if asked:
        _check(asked.changed)
    span = _span_of(manifest.origin, manifest.watermark, start, end)
    champion = ports.registry.load(manifest.version)
    runs = [_Run("in force", ports, champion, calendar_of(ports, champion), span, seed, {})]
    if asked:
        version = ports.registry.load(asked.version or manifest.version)
        other = replace(ports, settings=asked.settings)
        own = any(key.startswith("general.") for key in asked.changed)
        calendar = settings_calendar(other.settings) if own else calendar_of(other, version)
        runs.append(_Run("as asked", other, version, calendar, span, seed, asked.changed))
    done = [run.judge(progress) for run in runs]
    tally, figures = done[0][0], [figures for _, figures in done]
    listed = [one.listed for one in figures]
    return Backtest(
        start=datetime.fromtimestamp(span.start, UTC),
        end=datetime.fromtimestamp(span.end, UTC),
        learnt_from=datetime.fromtimestamp(span.begin, UTC),
        timezone=runs[0].calendar.timezone,
        seed=seed,
        series=tally.series,
        injected=tally.injected,
        figures=figures,
        overlap=overlap(listed[0], listed[-1], FIRST_ENTRIES) if asked else None,
        entering=[place for place in listed[-1] if place not in listed[0]],
        leaving=[place for place in listed[0] if place not in listed[-1]],
    )


def _check(changed: Mapping[str, Any]) -> None:
    for key in changed:
        if key.partition(".")[0] not in TRIED or key == "general.data_dir":
            raise InvalidInput(f"{key} changes nothing that is judged or listed; set keys of {', '.join(TRIED)}")


def _span_of(origin: int, watermark: int, start: datetime | None, end: datetime | None) -> _Span:
    """Whole hours, so that windows of every length begin with them."""
    last = min(watermark, int(end.timestamp())) if end else watermark
    first = int(start.timestamp()) if start else last - DEFAULT_WEEKS * SECONDS_PER_WEEK
    first, last = max(first, origin) // 3600 * 3600, last // 3600 * 3600
    if last - first < FEWEST_WEEKS * SECONDS_PER_WEEK:
        scored = " to ".join(datetime.fromtimestamp(time, UTC).isoformat() for time in (origin, watermark))
        raise InvalidInput(f"a backtest judges {FEWEST_WEEKS} weeks or more of what is scored, {scored}")
    return _Span(max(origin, first - _LEARNING_WEEKS * SECONDS_PER_WEEK) // 3600 * 3600, first, last)


@dataclass(frozen=True)
class _Run:
    """One version under one set of settings, which ``ports`` hold."""

    name: str
    ports: Ports
    version: ModelVersion
    calendar: Calendar
    span: _Span
    seed: int
    changed: Mapping[str, Any]

    def judge(self, progress: Progress) -> tuple[Tally, BacktestFigures]:
        """Series by series, some at once; then the list at the end."""
        roster = full_roster(self.ports).with_silences(self.ports.state.ledger().silences)
        everybody = self.ports.register.series()
        stairwells = np.unique([f"{one.tenant}\0{one.stairwell}" for one in everybody], return_inverse=True)[1]
        trial = self._trial(int(stairwells.max(initial=0)) + 1)
        tally = Tally(trial, len(roster))
        windows = len(trial.starts)
        for first in range(0, len(roster), _SERIES_AT_ONCE):
            chosen = np.arange(first, min(first + _SERIES_AT_ONCE, len(roster)))
            for done in trial.run(roster.select(chosen), stairwells[chosen], tally):
                progress(f"Judging {self.name}", first * windows + done * len(chosen), len(roster) * windows)
        if not tally.windows:
            raise TooLittleData("there is not one count in the weeks to judge; name others with --from and --to")
        return tally, tally.figures(self.name, self.changed, self._listed(trial, everybody, tally))

    def _trial(self, stairwells: int) -> Trial:
        listed = max(start_of_history(self.span.end, self.ports.settings.hotspots), self.span.begin)
        return Trial(
            ports=self.ports,
            version=self.version,
            calendar=self.calendar,
            start=self.span.start,
            listed=listed,
            starts=window_starts(self.span.begin, self.span.end, self.calendar.window_seconds),
            share=min(1.0, max(_LEAST_SHARE, _HANGOUTS / stairwells)),
            seed=self.seed,
        )

    def _listed(self, trial: Trial, everybody: list[Series], tally: Tally) -> list[str]:
        """The first entries of each tenant's list at the end, by evidence alone."""
        verdicts = VerdictColumns.concatenate(self.version.id, tally.recent)
        starts = window_starts(trial.listed, self.span.end, self.calendar.window_seconds)
        listed = []
        for tenant in sorted({one.tenant for one in everybody}):
            series = [one for one in everybody if one.tenant == tenant]
            own = verdicts.where(np.isin(verdicts.series, [one.number for one in series]))
            ranked = rank_places(
                self.ports,
                self.version,
                self.calendar,
                own,
                starts,
                series=series,
                places={one.stairwell: one for one in self.ports.register.stairwells(tenant)},
                asked=self.ports.settings.hotspots,
            )
            entries, _ = ranked.entries(None)
            listed += [f"{tenant}/{entry.stairwell}" for entry in entries[:FIRST_ENTRIES]]
        return listed
