"""Weeks as tables shaded like a map: the numbers stand in the cells, so that nothing is told by colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from markupsafe import Markup, escape

from service.dashboard.lately import Lately
from service.domain.hotspots import HotspotEntry
from service.exports.week import DAYS, HOURS, LEVELS, NOON, HeatMap, heat_map, hour_names, row_name
from service.exports.wording import Language, number_text

_HOURS_A_HEADING = 3
_POWER = 0.75
_NO_EDGES: frozenset[str] = frozenset()

Cell = tuple[str, int, frozenset[str], str]
"""Text, shade, sides of the frame, further class."""


def heat_table(entry: HotspotEntry, language: Language, caption: str) -> Markup:
    """The week of an entry, the hours to go framed; empty if its list does not tell the week."""
    week = heat_map(entry)
    if week is None:
        return Markup()
    names = [row_name(row, language) for row in range(DAYS)]
    return _table(caption, "week", ((name, _counted(week, row)) for row, name in enumerate(names)))


def lately_table(lately: Lately, caption: str) -> Markup:
    """What was counted in the last days, a row a night; anomalous hours are framed."""
    rows = ((name, _counted(lately.counted, row, lately.marks[row])) for row, name in enumerate(lately.nights))
    return _table(caption, "lately", rows)


def normal_table(hourly: Sequence[Sequence[float]], language: Language, caption: str, holiday: str) -> Markup:
    """A normal week, from a row per day type (Monday to Sunday, holiday) of 24 hours each."""
    most = max(map(max, hourly)) or 1.0
    rows = [[*hourly[day][NOON:], *hourly[(day + 1) % DAYS][:NOON]] for day in range(DAYS)]
    names = [row_name(row, language) for row in range(DAYS)]
    rows.append([*hourly[DAYS][NOON:], *hourly[DAYS][:NOON]])
    return _table(
        caption,
        "normal",
        ((name, _expected(row, most, language)) for name, row in zip([*names, holiday], rows, strict=True)),
    )


def _counted(week: HeatMap, row: int, marks: Sequence[str] = ("",) * HOURS) -> Iterator[Cell]:
    for column, count in enumerate(week.presences[row]):
        cell = (row, column)
        yield str(count) if count else "", week.level(cell), week.edges(cell), marks[column]


def _expected(hours: Iterable[float], most: float, language: Language) -> Iterator[Cell]:
    for value in hours:
        yield number_text(value, language), round(LEVELS * (value / most) ** _POWER), _NO_EDGES, ""


def _table(caption: str, kind: str, rows: Iterable[tuple[str, Iterable[Cell]]]) -> Markup:
    """The end tags that HTML lets out are left out: a list has thousands of cells."""
    told = [f'<table class="heat {kind}"><caption>{escape(caption)}</caption>{_head()}<tbody>']
    for name, cells in rows:
        told.append(f'<tr><th scope="row">{escape(name)}')
        told.extend(_cell(*cell) for cell in cells)
    told.append("</tbody></table>")
    return Markup("".join(told))  # noqa: S704 - names are escaped, all else is ours


@cache
def _head() -> str:
    hours = hour_names()[::_HOURS_A_HEADING]
    return "<thead><tr><td>" + "".join(f'<th scope="colgroup" colspan="{_HOURS_A_HEADING}">{hour}' for hour in hours)


@cache
def _cell(text: str, level: int, edges: frozenset[str], more: str) -> str:
    classes = [f"l{level}"] if level else []
    classes += sorted(f"edge-{side}" for side in edges)
    classes += [more] if more else []
    classes += [f"d{min(len(text), 4)}"] if text.isdecimal() and len(text) > 1 else []  # narrow cells have small digits
    return f'<td class="{" ".join(classes)}">{text}' if classes else f"<td>{text}"
