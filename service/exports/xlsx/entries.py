"""The sheet of the list: a row an entry, best first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from models.numbers import whole_per_cent
from service.domain.hotspots import Change, HotspotEntry
from service.exports.wording import Language, area_text, change_text, reason_text, space_text, trend_text, when_text
from service.exports.xlsx.sheet import FIRST_ROW, Sheet

_Value = str | float | datetime | None
_LINE_POINTS, _PADDING_POINTS, _HEADING_POINTS = 13.0, 4.0, 30.0
_LETTERS_PER_WIDTH = 1.12  # widths are in figures, which are wider than most letters
_FROZEN_COLUMNS = 3  # rank, change and address stay when one scrolls to the right


@dataclass(frozen=True)
class _Column:
    """Headings, width in characters, kind of cell, and what stands in it."""

    sv: str
    en: str
    width: float
    kind: str
    tell: Callable[[HotspotEntry, Language], _Value]
    of_joint: bool = False

    def heading(self, language: Language) -> str:
        return {"sv": self.sv, "en": self.en}[language]


def _where_and_when(entry: HotspotEntry, language: Language) -> str:
    """A line a block, best first."""
    return "\n".join(f"{when_text(block, language)}  {space_text(block, language)}" for block in entry.blocks())


_COLUMNS = (
    _Column("Rang", "Rank", 6.5, "rank", lambda entry, _: entry.rank),
    _Column("Sedan förra", "Since the last", 11.5, "text", change_text),
    _Column("Adress", "Address", 24, "text", lambda entry, _: entry.place()),
    _Column("Bolag", "Company", 14, "text", lambda entry, _: entry.tenant, of_joint=True),
    _Column("Område", "Area", 14, "text", lambda entry, language: area_text(entry.area, language)),
    _Column("Trapphus", "Stairwell", 12, "text", lambda entry, _: entry.stairwell),
    _Column("När och var", "When and where", 32, "text", _where_and_when),
    _Column("Vistelser", "Presences", 9.5, "whole", lambda entry, _: entry.observed),
    _Column("Normalt", "Normal", 8, "decimal", lambda entry, _: entry.expected),
    _Column("Olika dagar", "Different days", 9, "whole", lambda entry, _: entry.days),
    _Column("Trend", "Trend", 13, "text", trend_text),
    _Column("Senast", "Last seen", 10.5, "day", lambda entry, _: entry.last_seen),
    _Column("Säkerhet", "Sure", 9, "share", lambda entry, _: _rounded_down(entry.confidence)),
    _Column("Hörd", "Heard", 7, "share", lambda entry, _: _rounded_down(entry.coverage)),
    _Column("Varför", "Why", 58, "text", reason_text),
)


def write_entries(sheet: Sheet) -> None:
    """Write headings and entries; the headings stay on the screen and come again on every printed page."""
    columns = [column for column in _COLUMNS if sheet.joint or not column.of_joint]
    for number, column in enumerate(columns):
        sheet.page.set_column(number, number, column.width)
        sheet.text(FIRST_ROW, number, column.heading(sheet.language), sheet.styles.heading(column.kind))
    sheet.page.set_row(FIRST_ROW, _HEADING_POINTS)
    for row, entry in enumerate(sheet.listed.entries, start=FIRST_ROW + 1):
        _write_entry(sheet, row, columns, entry)
    last = FIRST_ROW + len(sheet.listed.entries)
    sheet.page.freeze_panes(FIRST_ROW + 1, _FROZEN_COLUMNS)
    sheet.page.autofilter(FIRST_ROW, 0, last, len(columns) - 1)
    sheet.page.repeat_rows(0, FIRST_ROW)
    sheet.page.print_area(0, 0, last, len(columns) - 1)
    sheet.page.fit_to_pages(1, 0)


def _write_entry(sheet: Sheet, row: int, columns: Sequence[_Column], entry: HotspotEntry) -> None:
    lines = 1
    for number, column in enumerate(columns):
        strong = column.tell is change_text and entry.change is Change.NEW
        style = sheet.styles.cell(column.kind, strong=strong, faint=not entry.significant)
        value = column.tell(entry, sheet.language)
        sheet.value(row, number, value, style)
        if isinstance(value, str):
            lines = max(lines, _lines(value, column.width))
    sheet.page.set_row(row, lines * _LINE_POINTS + _PADDING_POINTS)


def _lines(text: str, width: float) -> int:
    """Lines that a text takes in a cell: not every program finds that out by itself."""
    return sum(len(wrap(line, int(width * _LETTERS_PER_WIDTH))) for line in text.splitlines())


def _rounded_down(share: float | None) -> float | None:
    """Whole per cent, lest what is almost sure be told as sure."""
    return None if share is None else whole_per_cent(share) / 100
