"""What the detector is held to, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from bench.quality.experiment import Figure, Row

Rows = Mapping[str, Mapping[str, Row]]
_MOST_FLAGGED = 0.03
_CALIBRATED = -float(np.log(1.25)) - 1e-9
_OF_THE_ORACLE = 0.8
_BUDGET_TEXT = "0.5-2.5 episodes per 100 stairwell-weeks"


@dataclass(frozen=True)
class Promise:
    """A line of the section: what was promised, what was measured, and whether that keeps it."""

    text: str
    measured: str
    kept: bool


def promises(rows: Rows, ours: str, either_way: str, oracle: str) -> Iterator[Promise]:
    """Every promise about a table that was measured."""
    for table, row, wanted, most in (
        ("calit2-in", ours, {"20": 12, "30": 13, "50": 15}, _MOST_FLAGGED),
        ("calit2-out", ours, {"20": 11, "30": 12, "50": 13}, _MOST_FLAGGED),
        ("nyc-taxi", either_way, {"30": 4}, 1.0),
    ):
        if row in rows.get(table, {}):
            yield from _recalls(table, rows[table][row], wanted, most)
    for table in ("calibration", "melbourne-ordinary"):
        if ours in rows.get(table, {}):
            yield from _calibrations(table, rows[table][ours])
    if ours in rows.get("false-episodes", {}):
        figure = rows["false-episodes"][ours]["all"]
        yield Promise(f"null towns at a budget of 2: {_BUDGET_TEXT}", figure.text, _within_budget(figure))
    if ours in rows.get("long-run", {}):
        yield from _budgets_in_the_long_run(rows["long-run"][ours])
    onsets = rows.get("onsets", {})
    if ours in onsets:
        yield from _onsets(onsets[ours], onsets.get(oracle, {}))


def _budgets_in_the_long_run(row: Row) -> Iterator[Promise]:
    for column, figure in row.items():
        if column.startswith("17 on") and column != "17 on, by town":
            text = f"null towns for most of a year, weeks {column}: {_BUDGET_TEXT}"
            yield Promise(text, figure.text, _within_budget(figure))


def _within_budget(figure: Figure) -> bool:
    return figure.detail is not None and 0.5 <= figure.detail <= 2.5


def _recalls(table: str, row: Row, wanted: Mapping[str, int], most: float) -> Iterator[Promise]:
    for budget, events in wanted.items():
        figure = row[budget]
        flagged = "" if most == 1.0 else f", at most {most:.0%} of time flagged"
        kept = _merit(figure) >= events and (figure.detail or 0.0) <= most
        yield Promise(f"{table}: {events} events at {budget}{flagged}", figure.text, kept)


def _calibrations(table: str, row: Row) -> Iterator[Promise]:
    for level in ("0.05", "0.01"):
        figure = row[f"{level}, deciles"]
        yield Promise(f"{table}: 0.8-1.25 in every decile at {level}", figure.text, _merit(figure) >= _CALIBRATED)
    if table == "calibration":
        figure = row["0.001, all"]
        kept = figure.detail is not None and figure.detail <= 1.3
        yield Promise(f"{table}: at most 1.3 over all at 0.001", figure.text, kept)


def _onsets(row: Row, oracle: Row) -> Iterator[Promise]:
    for delay, share in (("7 days", 0.65), ("14 days", 0.85)):
        figure = row[f"<= 0.1: {delay}"]
        yield Promise(f"onsets at <= 0.1 an hour: {share:.0%} within {delay}", figure.text, _merit(figure) >= share)
    for column, figure in row.items():
        if column.startswith("<=") or column.endswith("week 5") or column not in oracle:
            continue
        share = _OF_THE_ORACLE * _merit(oracle[column])
        text = f"onsets at {column}: {_OF_THE_ORACLE:.0%} of the oracle's, {share:.0%}"
        yield Promise(text, figure.text, _merit(figure) >= share)


def _merit(figure: Figure) -> float:
    return -np.inf if figure.merit is None else figure.merit
