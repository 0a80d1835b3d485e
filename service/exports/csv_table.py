"""Lists as CSV, for programs: the names of the API, a row an entry."""

from __future__ import annotations

import csv
import io

import msgspec

from service.domain.hotspots import HotspotEntry, HotspotList
from service.exports.inert import inert
from service.exports.wording import Language, space_text, when_text

_NESTED = {"further_blocks", "weekly", "week", "source"}  # what a row has no cell for
_COLUMNS = [name for name in HotspotEntry.__struct_fields__ if name not in _NESTED]
_WHEN, _DRAFT = "when", "draft"


def render_csv(listed: HotspotList, language: Language, draft: bool) -> bytes:
    """A list as CSV (UTF-8, a header, a row per entry).

    Weekdays are 0 to 6 from Monday, joined by spaces. ``when`` tells all blocks of the entry in words, ``draft`` that
    nobody has approved the list. A text that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, _WHEN, _DRAFT])
    for entry in listed.entries:
        cells = (_cell(getattr(entry, name)) for name in _COLUMNS)
        writer.writerow([*cells, _text(_blocks(entry, language)), _cell(draft)])
    return table.getvalue().encode()


def _blocks(entry: HotspotEntry, language: Language) -> str:
    return "; ".join(f"{when_text(block, language)} {space_text(block, language)}" for block in entry.blocks())


def _cell(value: object) -> object:
    match value:
        case list():
            return " ".join(map(str, value))
        case None:
            return ""
        case bool() | float() | int():
            return str(value).lower()
        case _:
            return _text(value if isinstance(value, str) else msgspec.to_builtins(value))


def _text(text: str) -> str:
    """Inert as a whole, and between semicolons, where a spreadsheet in Swedish cuts it into cells."""
    return ";".join(map(inert, text.split(";")))
