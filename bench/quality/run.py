"""Runs a plan on several cores, one rival on one data set at a time, and shows how far it is."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from joblib import Parallel, delayed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.quality.experiment import Experiment, Row
from bench.quality.neighbours import settings
from bench.quality.panel import Judgement, Panel, Rival
from bench.quality.plan import Plan
from bench.quality.rivals import OURS
from models.version import ModelVersion

NEIGHBOURS = "neighbours"


@dataclass
class Results:
    """What was measured.

    Parameters
    ----------
    rows
        By table, then by rival.
    seconds
        CPU seconds per series-window, by experiment, then by rival.
    spread
        Figures by neighbouring setting.
    """

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    spread: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass
class _Clock:
    """Counts what judging costs; the first week is judged once before, so that imports do not count."""

    judge: Callable[[Panel], Judgement]
    seconds: float = 0.0
    series_windows: int = 0

    def __call__(self, panel: Panel) -> Judgement:
        if not self.series_windows:
            self.judge(panel.until(panel.windows_per_week))
        begin = time.process_time()
        judgement = self.judge(panel)
        self.seconds += time.process_time() - begin
        self.series_windows += panel.counts.size
        return judgement


@dataclass(frozen=True)
class _Outcome:
    """What one task found: rows of tables and the cost, or the figures of a neighbouring setting."""

    experiment: str
    who: str
    rows: Mapping[str, Row] = field(default_factory=dict)
    seconds: float = 0.0
    figures: dict[str, float] = field(default_factory=dict)


def run(plan: Plan, *, only: Collection[str], rivals: Collection[str], jobs: int) -> Results:
    """Measure what is named, or everything."""
    tasks = [*_experiment_tasks(plan, only, rivals), *(_spread_tasks(plan) if NEIGHBOURS in only or not only else ())]
    outcomes: dict[tuple[str, str], _Outcome] = {}
    warnings.filterwarnings("ignore", message="A worker stopped", category=UserWarning)  # they retire when they grow
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()) as progress:
        bar = progress.add_task("measuring", total=len(tasks))
        for outcome in Parallel(n_jobs=jobs, return_as="generator_unordered")(tasks):
            outcomes[outcome.experiment, outcome.who] = outcome
            progress.update(bar, advance=1, description=f"{outcome.experiment}: {outcome.who}")
            if not progress.console.is_terminal:
                progress.console.print(f"{len(outcomes)} of {len(tasks)}: {outcome.experiment}, {outcome.who}")
    return _in_order(plan, outcomes)


def _experiment_tasks(plan: Plan, only: Collection[str], rivals: Collection[str]) -> Iterator[object]:
    for experiment in plan.experiments:
        for rival in experiment.rivals:
            named = not rivals or rival.name in rivals or rival.name == OURS.name
            if named and (not only or experiment.name in only):
                yield delayed(_measure)(experiment, rival)


def _spread_tasks(plan: Plan) -> Iterable[object]:
    chosen = list(settings())[: 2 if plan.quick else None]
    return [delayed(_measure_setting)(plan, name, version) for name, version in chosen]


def _measure(experiment: Experiment, rival: Rival) -> _Outcome:
    clock = _Clock(rival.judge)
    rows = experiment.measure(replace(rival, judge=clock))
    return _Outcome(experiment.name, rival.name, rows, clock.seconds / clock.series_windows)


def _measure_setting(plan: Plan, name: str, version: ModelVersion) -> _Outcome:
    return _Outcome(NEIGHBOURS, name, figures=plan.neighbours.measure(version))


def _in_order(plan: Plan, outcomes: Mapping[tuple[str, str], _Outcome]) -> Results:
    """Results in the plan's order, however they came in."""
    results = Results()
    for experiment in plan.experiments:
        for rival in experiment.rivals:
            if outcome := outcomes.get((experiment.name, rival.name)):
                results.seconds.setdefault(experiment.name, {})[rival.name] = outcome.seconds
                for table, row in outcome.rows.items():
                    results.rows.setdefault(table, {})[rival.name] = row
    spread = {who: outcome.figures for (experiment, who), outcome in outcomes.items() if experiment == NEIGHBOURS}
    results.spread = {name: spread[name] for name, _ in settings() if name in spread} if spread else {}
    return results
