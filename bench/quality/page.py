"""The page of results: tables with the first in each column bold, promises, and where our detector is not first."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from bench.quality.experiment import Figure, Row, Table
from bench.quality.neighbours import write_spread
from bench.quality.plan import Plan
from bench.quality.promises import promises
from bench.quality.rivals import ORACLE, OURS, OURS_EITHER_WAY
from bench.quality.run import Results

_PACKAGES = ("trappvakt", "numpy", "scipy", "river", "krcf", "statsforecast", "statsmodels", "holidays")
_TIE = 1e-9
_COST = Table(
    "cost",
    "Cost",
    "CPU time per window of a series, in that of Trappvakt in the same run: one series (calit2, nyc-taxi), four "
    "(melbourne), hundreds at once (towns).",
    "Trappvakt takes every window by itself, as the service does; rivals refitted weekly judge a week at a stroke.",
)
Rows = Mapping[str, Row]  # by the name of the rival


def write_page(plan: Plan, results: Results, command: str) -> str:
    """The whole page in Markdown."""
    sections = (
        _head(plan, command),
        _promises(results),
        _shortfalls(plan, results),
        _tables(plan, results),
        _notes(plan),
    )
    return "\n".join(line for section in sections for line in section)


def write_tables(plan: Plan, results: Results) -> str:
    """The tables alone."""
    return "\n".join([*_promises(results), *_tables(plan, results)])


def _head(plan: Plan, command: str) -> Iterator[str]:
    yield "# Benchmarks of detection"
    yield ""
    yield f"Written by this command, which needs the extra `bench`; seed {plan.seed}:"
    yield ""
    yield "```text"
    yield command
    yield "```"
    yield ""
    kind = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    yield f"Machine: {kind}, Python {platform.python_version()}. Packages: {', '.join(_versions(_PACKAGES))}."
    yield ""
    yield (
        "Everybody goes once over each series and uses nothing later than the window that is scored; what is refitted "
        "is refitted weekly on the past. Trappvakt is the shipped version with the same settings everywhere. The first "
        "in each column is bold."
    )
    yield ""


def _tables(plan: Plan, results: Results) -> Iterator[str]:
    titles = _titles(plan)
    yield "## Measured"
    yield ""
    for table, rows in _measured(plan, results):
        yield from write_table(table, rows, titles)
    if results.spread:
        yield from write_spread(results.spread)


def _measured(plan: Plan, results: Results) -> Iterator[tuple[Table, Rows]]:
    """Every table that has rows; who is out of the race has no merit."""
    racing = {rival.name for experiment in plan.experiments for rival in experiment.rivals if rival.racing}
    tables = [table for experiment in plan.experiments for table in experiment.tables]
    costs = _cost_rows(results)
    for table in (*tables, _COST):
        rows = costs if table is _COST else results.rows.get(table.name, {})
        if rows:
            yield table, {name: row if name in racing else _out_of_race(row) for name, row in rows.items()}


def _out_of_race(row: Row) -> Row:
    return {column: Figure(figure.text) for column, figure in row.items()}


def _cost_rows(results: Results) -> Rows:
    rows: dict[str, dict[str, Figure]] = {}
    for experiment, seconds in results.seconds.items():
        if own := seconds.get(OURS.name):
            for rival, spent in seconds.items():
                rows.setdefault(rival, {})[experiment] = Figure(f"{spent / own:.2g}", merit=-spent / own)
    return rows


def write_table(table: Table, rows: Rows, titles: Mapping[str, str]) -> Iterator[str]:
    """Lines of a table's section; the best of each column is bold."""
    columns = _columns(rows)
    yield f"### {table.title}"
    yield ""
    yield table.text
    yield ""
    yield f"| | {' | '.join(columns)} |"
    yield "|---|" + "---|" * len(columns)
    for name, row in rows.items():
        yield f"| {titles[name]} | {' | '.join(_cell(column, row, rows) for column in columns)} |"
    yield ""


def _promises(results: Results) -> Iterator[str]:
    lines = [
        f"| {promise.text} | {promise.measured} | {'yes' if promise.kept else '**no**'} |"
        for promise in promises(results.rows, OURS.name, OURS_EITHER_WAY.name, ORACLE.name)
    ]
    if lines:
        yield from ("## What is asked of Trappvakt", "", "| | measured | kept |", "|---|---|---|", *lines, "")


def _shortfalls(plan: Plan, results: Results) -> Iterator[str]:
    titles = _titles(plan)
    yield "## Where Trappvakt is not first"
    yield ""
    for table, rows in _measured(plan, results):
        behind = [line for column in _columns(rows) if (line := _behind(column, rows, titles))]
        if behind:
            yield f"- **{table.title}.** {'; '.join(behind)}.{f' {table.why}' if table.why else ''}"
    yield ""


def _behind(column: str, rows: Rows, titles: Mapping[str, str]) -> str:
    merits = _merits(column, rows)
    own = merits.get(OURS.name)
    first = max(merits, key=lambda name: merits[name], default=None)
    if own is None or first is None or merits[first] <= own + _TIE:
        return ""
    return f"{column}: {rows[OURS.name][column].text} against {rows[first][column].text} ({titles[first]})"


def _notes(plan: Plan) -> Iterator[str]:
    yield "## Who takes part"
    yield ""
    rivals = {rival.name: rival for experiment in plan.experiments for rival in experiment.rivals}
    for name, rival in rivals.items():
        yield f"- **{rival.title}** (`{name}`). {rival.note}"
    yield ""


def _versions(packages: Sequence[str]) -> Iterator[str]:
    for package in packages:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} not installed"


def _columns(rows: Rows) -> list[str]:
    return list(dict.fromkeys(column for row in rows.values() for column in row))


def _merits(column: str, rows: Rows) -> dict[str, float]:
    return {name: merit for name, row in rows.items() if column in row and (merit := row[column].merit) is not None}


def _cell(column: str, row: Row, rows: Rows) -> str:
    if column not in row:
        return ""
    figure, best = row[column], max(_merits(column, rows).values(), default=None)
    first = figure.merit is not None and best is not None and figure.merit >= best - _TIE
    return f"**{figure.text}**" if first else figure.text


def _titles(plan: Plan) -> dict[str, str]:
    return {rival.name: rival.title for experiment in plan.experiments for rival in experiment.rivals}
