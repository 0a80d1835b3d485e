"""Lists as workbooks (XLSX) to send by mail, read on a screen and print: the list, the weeks, the other places."""

from __future__ import annotations

import io
from datetime import UTC
from functools import partial

from xlsxwriter.workbook import Workbook

from service.domain.hotspots import HotspotList
from service.exports.summary import title
from service.exports.wording import Language
from service.exports.xlsx.entries import write_entries
from service.exports.xlsx.other_places import write_other_places
from service.exports.xlsx.sheet import Sheet
from service.exports.xlsx.styles import FONT, Styles
from service.exports.xlsx.weeks import write_weeks

_NAMES = {"sv": ("Lista", "Veckan", "Övriga platser"), "en": ("List", "Week", "Other places")}
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def render_xlsx(listed: HotspotList, language: Language, draft: bool) -> bytes:
    """A list as a workbook; the same bytes for the same list and language.

    No cell is a formula: texts are written as texts, and those that a spreadsheet would take for a formula once they
    are edited or saved as CSV are preceded by an apostrophe.
    """
    out = io.BytesIO()
    with Workbook(out, {**_OPTIONS, "default_format_properties": {**FONT}}) as workbook:
        workbook.set_properties(
            {
                "title": title(listed, language, draft=draft),
                "author": "Trappvakt",
                "created": listed.made.astimezone(UTC).replace(tzinfo=None),
            }
        )
        styles = Styles(workbook, language)
        entries, weeks, other_places = _NAMES[language]
        sheet = partial(Sheet, workbook, styles=styles, listed=listed, language=language, draft=draft)
        write_entries(sheet(entries))
        if any(entry.week for entry in listed.entries):
            write_weeks(sheet(weeks))
        if listed.gone or listed.unknown:
            write_other_places(sheet(other_places))
    return out.getvalue()
