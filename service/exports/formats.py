"""The formats that a list is told in: by media type, by suffix, and how each is rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from service.domain.hotspots import HotspotList
from service.exports.csv_table import render_csv
from service.exports.geojson import render_geojson
from service.exports.print_page import render_print_page
from service.exports.wording import Language
from service.exports.xlsx import render_xlsx

Suffix = Literal["json", "csv", "xlsx", "geojson", "html"]


@dataclass(frozen=True)
class Format:
    """One way to tell a list.

    Parameters
    ----------
    suffix
        Of addresses and files, without the dot.
    media_type
        As registered with IANA.
    render
        From the list, the language of its words, and whether it is a draft, to the bytes; None where they are the
        canonical JSON itself.
    """

    suffix: Suffix
    media_type: str
    render: Callable[[HotspotList, Language, bool], bytes] | None


JSON = Format("json", "application/json", None)
XLSX = Format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", render_xlsx)
FORMATS: Mapping[str, Format] = {
    one.suffix: one
    for one in (
        JSON,
        Format("csv", "text/csv", render_csv),
        XLSX,
        Format("geojson", "application/geo+json", render_geojson),
        Format("html", "text/html", render_print_page),
    )
}
"""Every format by its suffix; JSON, the list itself, first."""


def export_list(canonical_json: bytes, form: Format, language: Language, *, draft: bool = False) -> bytes:
    """A list in a format, from its canonical JSON; a draft says that it is one, but for the JSON, whose bytes stay."""
    if form.render is None:
        return canonical_json
    return form.render(msgspec.json.decode(canonical_json, type=HotspotList), language, draft)
