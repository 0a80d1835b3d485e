"""The sheet of the weeks: a heat map an entry, two beside each other, the hours to go framed."""

from __future__ import annotations

from service.domain.hotspots import HotspotEntry
from service.exports.week import DAYS, HOURS, NOON, HeatMap, heat_map, hour_names, row_name, week_legend
from service.exports.wording import when_text
from service.exports.xlsx.sheet import FIRST_ROW, Sheet

_ABREAST, _DOWN = 2, 4  # maps on a printed page
_LABEL_WIDTH, _HOUR_WIDTH, _GAP_WIDTH = 8.5, 2.7, 3.5
_COLUMNS = 1 + HOURS + 1  # labels, hours, a gap
_ROWS = 3 + DAYS + 1  # place, when, hours, days, a gap
_PRINT_SCALE_PERCENT = 64  # two abreast fit even where Arial is replaced by the widest of the usual fonts, DejaVu
_ROW_POINTS = 13


def write_weeks(sheet: Sheet) -> None:
    """Write the maps; a printed page holds whole ones only."""
    sheet.page.set_default_row(_ROW_POINTS)
    for beside in range(_ABREAST):
        first = beside * _COLUMNS
        sheet.page.set_column(first, first, _LABEL_WIDTH)
        sheet.page.set_column(first + 1, first + HOURS, _HOUR_WIDTH)
        sheet.page.set_column(first + HOURS + 1, first + HOURS + 1, _GAP_WIDTH)
    sheet.text(1, 0, week_legend(sheet.language), sheet.styles.note)
    maps = [(entry, found) for entry in sheet.listed.entries if (found := heat_map(entry))]
    for number, (entry, found) in enumerate(maps):
        down, beside = divmod(number, _ABREAST)
        _write_map(sheet, FIRST_ROW + 1 + down * _ROWS, beside * _COLUMNS, entry, found)
    bands = -(-len(maps) // _ABREAST)
    sheet.page.freeze_panes(FIRST_ROW, 0)
    sheet.page.repeat_rows(0, FIRST_ROW)
    sheet.page.print_area(0, 0, FIRST_ROW + bands * _ROWS, _ABREAST * _COLUMNS - 2)
    sheet.page.set_print_scale(_PRINT_SCALE_PERCENT)
    sheet.page.set_h_pagebreaks([FIRST_ROW + 1 + band * _ROWS for band in range(_DOWN, bands, _DOWN)])


def _write_map(sheet: Sheet, top: int, left: int, entry: HotspotEntry, found: HeatMap) -> None:
    styles, language = sheet.styles, sheet.language
    names = [*([entry.tenant] if sheet.joint else []), *dict.fromkeys((entry.place(), entry.stairwell))]
    sheet.text(top, left, f"{entry.rank}. {', '.join(names)}", styles.place)
    blocks = " · ".join(when_text(block, language) for block in entry.blocks())
    sheet.text(top + 1, left, blocks, styles.note)
    for column, name in enumerate(hour_names()):
        if column % 3 == 0:
            sheet.text(top + 2, left + 1 + column, name, styles.hour)
    for row in range(DAYS):
        sheet.text(top + 3 + row, left, row_name(row, language), styles.weekday)
    for row, column in found.cells():
        style = styles.heat(found.level((row, column)), found.edges((row, column)), midnight=column == HOURS - NOON)
        sheet.value(top + 3 + row, left + 1 + column, found.presences[row][column] or None, style)
