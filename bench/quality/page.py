"""The page of results: tables with the first in each column marked, and where our detector is not first."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from bench.quality.experiment import Row, Table
from bench.quality.panel import Rival

_PACKAGES = ("trappvakt", "numpy", "scipy", "river", "krcf", "statsforecast", "statsmodels", "holidays")
_TIE = 1e-9
Rows = Mapping[str, Row]  # by the name of the rival


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
        cells = [_cell(column, row, rows) for column in columns]
        yield f"| {titles[name]} | {' | '.join(cells)} |"
    yield ""


def write_shortfalls(table: Table, rows: Rows, titles: Mapping[str, str], ours: str) -> Iterator[str]:
    """Lines that say in which columns another is ahead of our detector, and why."""
    if ours not in rows:
        return
    behind = [line for column in _columns(rows) if (line := _behind(column, rows, titles, ours))]
    if not behind:
        return
    yield f"- **{table.title}**: {'; '.join(behind)}.{f' {table.why}' if table.why else ''}"


def _behind(column: str, rows: Rows, titles: Mapping[str, str], ours: str) -> str:
    merits = _merits(column, rows)
    own = merits.get(ours)
    ahead = [name for name, merit in merits.items() if own is not None and merit > own + _TIE]
    if not ahead:
        return ""
    first = max(ahead, key=lambda name: merits[name])
    return f"{column}: {rows[ours][column].text}, {titles[first]} {rows[first][column].text}"


def environment() -> Iterator[str]:
    """Kind of machine and versions of packages."""
    kind = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    yield f"Machine: {kind}, Python {platform.python_version()}."
    yield f"Packages: {', '.join(_versions(_PACKAGES))}."


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
    figure = row[column]
    best = max(_merits(column, rows).values(), default=None)
    first = figure.merit is not None and best is not None and figure.merit >= best - _TIE
    return f"**{figure.text}**" if first else figure.text


def titles_of(rivals: Sequence[Rival]) -> dict[str, str]:
    """Titles by name."""
    return {rival.name: rival.title for rival in rivals}
