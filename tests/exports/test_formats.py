"""Tables for programs, maps and pages: rendered from the canonical JSON alone."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from html.parser import HTMLParser

import msgspec
import openpyxl
import pytest

from service.domain.hotspots import GoneEntry, HotspotList, UnknownPlaces
from service.domain.places import UNKNOWN
from service.domain.versions import SHIPPED_MANIFEST
from service.exports.formats import FORMATS, export_list
from service.exports.week import heat_map
from service.exports.wording import Language
from tests.exports.worlds import STARTS, canonical, entry, hostile_list, joint_list, rich_list

VOID = {"meta", "rect", "path", "br"}


def told(suffix: str, listed: HotspotList, language: str = "sv") -> str:
    return export_list(canonical(listed), FORMATS[suffix], Language(language)).decode()


def rows(listed: HotspotList, language: str = "sv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(told("csv", listed, language), newline="")))


def test_json_is_the_list_itself() -> None:
    """To the last byte, also with members that this version does not know."""
    content = canonical(rich_list()).replace(b'{"list_id"', b'{ "later": 1, "list_id"', 1)
    assert export_list(content, FORMATS["json"], Language.EN) == content


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("language", Language)
def test_old_lists_are_told_in_every_format(suffix: str, language: Language) -> None:
    """Of which nothing is known but what the first lists told."""
    later = {"week", "weekly", "further_blocks", "trend", "coverage", "confidence", "tenant", "property", "change"}
    old = msgspec.to_builtins(rich_list())
    for name in ("number", "timezone", "unknown", "unknown_places", "suppressed", "held_back", "gone", "sources"):
        del old[name]
    old["entries"] = [{name: value for name, value in one.items() if name not in later} for one in old["entries"]]
    content = export_list(msgspec.json.encode(old), FORMATS[suffix], language)
    if suffix == "xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            content = parts.read("xl/sharedStrings.xml")
    assert b"kvarnen-1a" in content


@pytest.mark.parametrize("start", STARTS)
def test_a_spreadsheet_runs_no_cell_of_the_table(start: str) -> None:
    """A text that begins like a formula is a text; a negative number stays a number."""
    [row] = rows(hostile_list(start))
    assert row["address"].startswith(f"'{start}HYPERLINK(")
    assert row["longitude"] == "-18.06"
    assert [name for name, value in row.items() if value.startswith(STARTS) and name != "longitude"] == []


@pytest.mark.parametrize("start", STARTS)
def test_a_spreadsheet_that_cuts_at_semicolons_runs_none_either(start: str) -> None:
    """As one in Swedish does, when a table is opened by a double click."""
    named = f"Kvarngatan;{start}1+1"
    table = told("csv", rich_list(entry(1, address=named, stairwell=named, space=named)))
    cut = [cell for line in table.split("\r\n") for cell in line.split(";")]
    assert sum(cell.startswith(f"'{start}1+1") for cell in cut) > 2
    assert [cell for cell in cut if cell.startswith(STARTS)] == []


def test_the_table_tells_every_block() -> None:
    """In words; the other columns are the members of the API."""
    one, *_ = rows(rich_list(), "en")
    assert one["when"] == "Thu–Sat 22–03 cellar (K2); Sun 18–21 attic"
    assert (one["weekdays"], one["trend"], one["significant"]) == ("3 4 5", "rising", "true")


def test_the_map_is_geojson() -> None:
    """RFC 7946: longitude first; a place that nobody has put on the map has the geometry null."""
    found = msgspec.json.decode(told("geojson", rich_list()))
    assert found["type"] == "FeatureCollection"
    assert [one["type"] for one in found["features"]] == ["Feature"] * 4
    assert [one["geometry"] for one in found["features"]][2:] == [
        {"type": "Point", "coordinates": [-18.06, 59.33]},
        None,
    ]
    properties = found["features"][0]["properties"]
    assert properties["when"] == ["tor–lör 22–03", "sön 18–21"]
    assert properties["reason"] == "14 vistelser där 1,9 är normalt."
    assert (found["list_id"], found["unknown_places"]) == ("2026-11-19-041", 2)
    assert not {"coordinates", "geometries", "geometry", "properties"} & set(found), "RFC 7946, 7.1"


class Elements(HTMLParser):
    """Checks that elements are closed in order, and keeps tags, attributes and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(" ".join(data.split()))


def page(listed: HotspotList, language: str = "sv") -> Elements:
    elements = Elements()
    elements.feed(told("html", listed, language))
    assert elements.open == []
    return elements


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sv", ["tor–lör 22–03", "källare (K2)", "14 vistelser där 1,9 är normalt.", "1,9", "14 nov. 2026", "99 %"]),
        ("en", ["Thu–Sat 22–03", "cellar (K2)", "14 presences where 1.9 are normal.", "1.9", "14 Nov 2026", "99%"]),
    ],
)
def test_the_page_says_where_when_and_why(language: str, words: list[str]) -> None:
    """In the language asked for; what is gone and what is unknown stands below."""
    found = page(rich_list(), language)
    assert ("html", {"lang": language}) in found.seen
    for text in [*words, "14", "Kvarngatan 1", "linden-1b"]:
        assert text in found.texts
    assert any("eken-1" in text for text in found.texts)
    assert "(3)" in found.texts


@pytest.mark.parametrize(
    ("language", "shipped", "retrained"),
    [
        ("sv", "modellen som följer med Trappvakt", "modell omtränad 19 nov. 2026"),
        ("en", "the model that ships with Trappvakt", "model retrained 19 Nov 2026"),
    ],
)
def test_readers_are_told_of_the_model_in_words(language: str, shipped: str, retrained: str) -> None:
    """Its number is in the JSON; where several models judged, or the list is of before it was told, nothing is said."""
    told = [
        next(text for text in page(listed, language).texts if "05:05 · " in text).split(" · ")[1:-1]
        for listed in (
            rich_list(version=SHIPPED_MANIFEST.version_id, retrained=None),
            rich_list(version="7"),
            rich_list(version="0, 7", retrained=None),
        )
    ]
    assert told == [[shipped], [retrained], []]


@pytest.mark.parametrize(("language", "area"), [("sv", "okänt område"), ("en", "unknown area")])
def test_people_are_told_in_words_that_an_area_is_unknown(language: str, area: str) -> None:
    """In title and entries of page and sheet; programs go on filtering by the word for it."""
    nowhere = {"tenant": "norrbo", "area": UNKNOWN}
    gone = GoneEntry(stairwell="eken-1", address="Ekgatan 1", previous_rank=2, **nowhere)
    unknown = [UnknownPlaces(stairwells=["linden-2"], **nowhere)]
    listed = rich_list(entry(1, area=UNKNOWN), area=UNKNOWN, gone=[gone], unknown=unknown)
    found = page(listed, language)
    assert sum(area in text for text in found.texts) == 5  # the title twice
    workbook = openpyxl.load_workbook(io.BytesIO(export_list(canonical(listed), FORMATS["xlsx"], Language(language))))
    cells = [str(cell.value) for sheet in workbook for row in sheet.iter_rows() for cell in row]
    assert sum(area in cell for cell in cells) == 3 + 3  # three sheets' titles
    assert UNKNOWN not in cells
    assert rows(listed, language)[0]["area"] == UNKNOWN


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """No script, no style of an element's own, no address but the name space of SVG."""
    text = told("html", hostile_list('"><script>alert(1)</script><img src=x onerror=alert(1)>'))
    assert "<script" not in text
    assert "<img" not in text
    found = page(hostile_list('"><script>alert(1)</script>'))
    assert {tag for tag, _ in found.seen} & {"script", "link", "img", "iframe", "object", "form", "a"} == set()
    assert not any(name in attributes for _, attributes in found.seen for name in ("style", "src", "href", "onload"))
    assert not re.search(r"@import|url\(", text)


def test_the_page_of_a_joint_list_tells_whose_each_entry_is() -> None:
    assert any("söderhem ·" in text for text in page(joint_list()).texts)


def test_the_page_of_an_empty_list_says_so() -> None:
    assert "Inga platser står på listan." in page(rich_list(entries=[])).texts


def test_the_frame_goes_round_the_hours_to_go() -> None:
    """A block that wraps midnight is one rectangle; its frame has as many edges as its outline."""
    found = heat_map(entry(weekdays=[3], from_hour=22, to_hour=3, further_blocks=[]))
    assert found is not None
    assert found.framed == {(3, column) for column in range(10, 15)}
    assert sum(len(found.edges(cell)) for cell in found.cells()) == 12
    assert found.level((3, 13)) == 5
    assert found.level((0, 0)) == 0


def test_one_presence_in_a_calm_week_is_pale() -> None:
    """The darkest shade is for many, not for the most there was."""
    week = [[0] * 24 for _ in range(7)]
    week[2][20] = 1
    found = heat_map(entry(week=week))
    assert found is not None
    assert found.level((2, 8)) == 2


@pytest.mark.parametrize("language", list(Language))
def test_a_draft_says_that_it_is_one(language: Language) -> None:
    """In every format but the canonical JSON; an approved list does not."""
    content, word = canonical(rich_list()), {"sv": "UTKAST", "en": "DRAFT"}[language]
    told = {
        (suffix, draft): export_list(content, form, language, draft=draft)
        for suffix, form in FORMATS.items()
        for draft in (True, False)
    }
    assert told["json", True] == told["json", False] == content
    assert told["html", True].decode().count(word) == 2, "title and heading"
    assert word not in told["html", False].decode()
    assert [msgspec.json.decode(told["geojson", draft])["draft"] for draft in (True, False)] == [True, False]
    for draft in (True, False):
        rows = list(csv.DictReader(io.StringIO(told["csv", draft].decode())))
        assert {row["draft"] for row in rows} == {str(draft).lower()}
        book = openpyxl.load_workbook(io.BytesIO(told["xlsx", draft]))
        assert {str(sheet["A1"].value).startswith(word) for sheet in book} == {draft}
