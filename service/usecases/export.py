"""Export: hot-spot lists as tables that spreadsheets open safely."""

from __future__ import annotations

import csv
import io

import msgspec

from service.domain.hotspots import HotspotEntry, HotspotList

_NESTED = {"further_blocks", "weekly", "week", "source"}  # what a row has no cell for
_COLUMNS = [name for name in HotspotEntry.__struct_fields__ if name not in _NESTED]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def list_csv(canonical_json: bytes) -> bytes:
    """A hot-spot list as CSV (UTF-8, a header, a row per entry), from its canonical JSON.

    Weekdays are 0 to 6 from Monday, joined by spaces. A text that a spreadsheet would take for a formula is preceded by
    an apostrophe.
    """
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for entry in msgspec.json.decode(canonical_json, type=HotspotList).entries:
        writer.writerow(_cell(getattr(entry, name)) for name in _COLUMNS)
    return table.getvalue().encode()


def _cell(value: object) -> object:
    match value:
        case list():
            return " ".join(map(str, value))
        case None:
            return ""
        case bool() | float() | int():
            return str(value).lower()
        case _:
            text = value if isinstance(value, str) else msgspec.to_builtins(value)
            return f"'{text}" if text.startswith(_FORMULA) else text
