"""The sheet of the places that are not on the list: gone since the last one, and unknown."""

from __future__ import annotations

from collections.abc import Iterator

from service.exports.wording import area_text
from service.exports.xlsx.sheet import FIRST_ROW, Sheet

_HEADINGS = {
    "sv": ("Vad", "Bolag", "Område", "Trapphus", "Adress", "Förra rangen"),
    "en": ("What", "Company", "Area", "Stairwell", "Address", "Last rank"),
}
_WIDTHS = (38, 18, 18, 20, 32, 15)
_GONE = {"sv": "Borta sedan förra listan", "en": "Gone since the last list"}
_UNKNOWN = {"sv": "Okänt: ingen sensor hördes där", "en": "Unknown: no sensor was heard there"}


def write_other_places(sheet: Sheet) -> None:
    """Write a row a place."""
    headings = _HEADINGS[sheet.language]
    for column, (heading, width) in enumerate(zip(headings, _WIDTHS, strict=True)):
        sheet.page.set_column(column, column, width)
        sheet.text(FIRST_ROW, column, heading, sheet.styles.heading("text"))
    last = FIRST_ROW
    for last, values in enumerate(_rows(sheet), start=FIRST_ROW + 1):
        for column, value in enumerate(values):
            kind = "whole" if isinstance(value, int) else "text"
            sheet.value(last, column, value, sheet.styles.cell(kind))
    sheet.page.freeze_panes(FIRST_ROW + 1, 0)
    sheet.page.autofilter(FIRST_ROW, 0, last, len(headings) - 1)
    sheet.page.repeat_rows(0, FIRST_ROW)
    sheet.page.fit_to_pages(1, 0)


def _rows(sheet: Sheet) -> Iterator[tuple[str | int, ...]]:
    language = sheet.language
    for one in sheet.listed.gone:
        yield _GONE[language], one.tenant, area_text(one.area, language), one.stairwell, one.address, one.previous_rank
    for there in sheet.listed.unknown:
        for stairwell in there.stairwells:
            yield _UNKNOWN[language], there.tenant, area_text(there.area, language), stairwell, "", ""
