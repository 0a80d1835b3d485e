"""The workbook that goes out by mail: what it says, how it prints, and that nothing in it is run."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from service.domain.hotspots import HotspotList
from service.domain.places import UNKNOWN
from service.exports.formats import XLSX, export_list
from service.exports.wording import Language
from tests.exports.worlds import STARTS, canonical, entry, hostile_list, joint_list, rich_list

SHEETS = {"sv": ["Lista", "Veckan", "Övriga platser"], "en": ["List", "Week", "Other places"]}
LINK, FORMULA_TYPE = "hyperlink", "f"


def rendered(listed: HotspotList, language: str = "sv") -> bytes:
    return export_list(canonical(listed), XLSX, Language(language))


def opened(listed: HotspotList, language: str = "sv") -> Workbook:
    return load_workbook(io.BytesIO(rendered(listed, language)))


def texts(sheet: Worksheet) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


@pytest.mark.parametrize("language", SHEETS)
def test_the_first_line_says_what_whose_when_and_how_much_is_unknown(language: str) -> None:
    """On every sheet, so that a page that is printed alone says it too."""
    first = {
        "sv": "Hotspotlista 41 · norrbo, Södra · 19 nov. 2026 kl. 05:05 · modell omtränad 19 nov. 2026 · "
        "okända trapphus: 2 av 1\N{NO-BREAK SPACE}200",
        "en": "Hot-spot list 41 · norrbo, Södra · 19 Nov 2026 at 05:05 · model retrained 19 Nov 2026 · "
        "2 of 1,200 stairwells unknown",
    }
    workbook = opened(rich_list(places=1200), language)
    assert workbook.sheetnames == SHEETS[language]
    assert {sheet["A1"].value for sheet in workbook} == {first[language]}


@pytest.mark.parametrize(("language", "percent"), [("sv", '0"\N{NO-BREAK SPACE}"%'), ("en", "0%")])
def test_per_cent_are_told_as_the_language_does(language: str, percent: str) -> None:
    sheet = opened(rich_list(), language)["Lista" if language == "sv" else "List"]
    assert [cell.number_format for cell in (sheet["L4"], sheet["M4"])] == [percent, percent]


def test_whole_per_cent_are_told_as_they_are() -> None:
    """They were told one less: times 100, 0.29 and 0.57 are a little less than whole."""
    sheet = opened(rich_list(entries=[entry(confidence=0.29, coverage=0.57)]))["Lista"]
    assert [sheet["L4"].value, sheet["M4"].value] == [0.29, 0.57]


def test_an_entry_says_where_and_when_to_go_and_why() -> None:
    """In Swedish, with numbers that are numbers and days that are days."""
    sheet = opened(rich_list())["Lista"]
    headings, one, *_ = texts(sheet)[2:]
    assert dict(zip(headings, one, strict=True)) == {
        "Rang": 1,
        "Sedan förra": "▲ från 4",
        "Adress": "Kvarngatan 1",
        "Område": "Södra",
        "Trapphus": "kvarnen-1a",
        "När och var": "tor–lör 22–03  källare (K2)\nsön 18–21  vind",
        "Vistelser": 14,
        "Normalt": 1.94,
        "Olika dagar": 5,
        "Trend": "ökar",
        "Senast": datetime(2026, 11, 14, 0, 30),  # noqa: DTZ001 - cells know no zones
        "Säkerhet": 0.99,
        "Hörd": 0.99,
        "Varför": "14 vistelser där 1,9 är normalt.",
    }


def test_english_headings_and_reasons() -> None:
    headings, one, *_ = texts(opened(rich_list(), "en")["List"])[2:]
    told = dict(zip(headings, one, strict=True))
    assert told["When and where"] == "Thu–Sat 22–03  cellar (K2)\nSun 18–21  attic"
    assert (told["Since the last"], told["Why"]) == ("▲ from 4", "14 presences where 1.9 are normal.")


def test_a_week_is_headed_by_its_place_once() -> None:
    """By the id of the stairwell where that is all there is."""
    nowhere = entry(2, address="", building=UNKNOWN)
    found = [text for row in texts(opened(rich_list(entry(1), nowhere))["Veckan"]) for text in row]
    assert {f"1. {entry(1).address}, {entry(1).stairwell}", f"2. {nowhere.stairwell}"} <= set(found)


def test_what_is_not_known_is_left_empty_and_what_is_unsure_is_in_brackets() -> None:
    """The rank stays a number, so that the sheet can be sorted."""
    sheet = opened(rich_list())["Lista"]
    headings, *rows = texts(sheet)[2:]
    last = dict(zip(headings, rows[3], strict=True))
    assert (last["Trend"], last["Säkerhet"], last["Hörd"]) == ("", None, None)
    assert last["Adress"] == "kvarnen-3"
    assert [(cell.value, cell.number_format) for cell in sheet["A"][3:]] == [
        (1, "0"),
        (2, "0"),
        (3, '"("0")"'),
        (4, '"("0")"'),
    ]


def test_the_heading_stays_and_comes_again_on_every_page() -> None:
    """Landscape, as wide as one page; a heat map is never cut."""
    workbook = opened(rich_list(*(entry(rank) for rank in range(1, 20))))
    sheet, weeks, _ = workbook
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("D4", "A3:N22")
    assert {page.page_setup.orientation for page in workbook} == {"landscape"}
    assert {page.print_title_rows for page in workbook} == {"$1:$3"}
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert [cut.id for cut in weeks.row_breaks.brk] == [47, 91]
    assert all(sheet.column_dimensions[column].width > 5 for column in "ABCDEFGHIJKLMN")
    assert sheet.oddFooter.left.text == "Trappvakt 2026-11-19-041"


def test_the_week_is_a_heat_map() -> None:
    """Rows from noon to noon: the night of Thursday is in one row, and the block to go is framed."""
    sheet = opened(rich_list())["Veckan"]
    assert [sheet.cell(4, 1).value, sheet.cell(4, 27).value] == [
        "1. Kvarngatan 1, kvarnen-1a",
        "2. Kvarngatan 2, kvarnen-2a",
    ]
    assert [sheet.cell(7 + row, 1).value for row in (0, 3, 6)] == ["mån–tis", "tor–fre", "sön–mån"]
    night = [sheet.cell(10, column) for column in range(2, 26)]
    assert [cell.value for cell in night[10:15]] == [4, 2, 1, 7, 1]
    assert [cell.value for cell in night[15:]] == [None] * 9
    shades = {cell.value: cell.fill.fgColor.rgb for cell in night}
    assert shades[None] == "FFF4F1EA"
    assert shades[7] == "FFB2182B"
    assert len({shades[None], shades[1], shades[4], shades[7]}) == 4
    assert (night[10].border.left.style, night[14].border.right.style) == ("medium", "medium")
    assert (night[9].border.right.style, night[15].border.left.style) == (None, None)
    assert [sheet.cell(9, 22).value, sheet.cell(13, 23).value] == [None, 1], "Monday morning is in Sunday's row"


def test_a_joint_list_tells_whose_each_entry_is() -> None:
    sheet = opened(joint_list())["Lista"]
    headings, *rows = texts(sheet)[2:]
    assert [row[headings.index("Bolag")] for row in rows] == ["norrbo", "söderhem"]
    assert "norrbo, söderhem" in sheet["A1"].value


def test_other_places_are_gone_or_unknown() -> None:
    rows = texts(opened(rich_list())["Övriga platser"])[3:]
    assert [(row[0].split()[0], row[3], row[5]) for row in rows] == [
        ("Borta", "eken-1", 2),
        ("Okänt:", "linden-1b", ""),
        ("Okänt:", "linden-2", ""),
    ]
    assert opened(rich_list(gone=[], unknown=[])).sheetnames == ["Lista", "Veckan"]


def test_an_empty_list_is_a_sheet_too() -> None:
    assert opened(rich_list(gone=[], unknown=[], entries=[])).sheetnames == ["Lista"]


@pytest.mark.parametrize("start", STARTS)
def test_nothing_that_others_named_is_a_formula(start: str) -> None:
    """No formula, no link, and no text that would become one when it is edited or saved as CSV."""
    content = rendered(hostile_list(start))
    cells = [cell for sheet in load_workbook(io.BytesIO(content)) for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == FORMULA_TYPE or cell.hyperlink] == []
    told = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert [text for text in told if text.startswith(STARTS)] == []
    assert sum("HYPERLINK" in text for text in told) > 10
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert not any(b"<f>" in sheet or b"<f " in sheet or LINK.encode() in sheet for sheet in sheets)
        assert not any("externalLink" in name for name in parts.namelist())


def test_a_number_below_zero_stays_a_number() -> None:
    """What is no text needs no apostrophe."""
    assert opened(rich_list(entry(1, expected=-1.5)))["Lista"]["H4"].value == -1.5


def test_the_same_list_gives_the_same_bytes() -> None:
    """So its ETag holds."""
    assert rendered(rich_list()) == rendered(rich_list())


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed (Debian: libreoffice-calc)")
def test_it_opens_in_libreoffice(tmp_path: Path) -> None:
    """As a PDF: a page for the list, whole heat maps on two, and one for the other places; with the Swedish letters."""
    (tmp_path / "list.xlsx").write_bytes(rendered(rich_list(*(entry(rank) for rank in range(1, 13)))))
    convert = ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}", "--convert-to"]
    subprocess.run([*convert, "pdf", "list.xlsx"], cwd=tmp_path, check=True, capture_output=True, timeout=120)
    assert (tmp_path / "list.pdf").read_bytes().count(b"/Type/Page/") == 4
    subprocess.run(
        [*convert, "csv:Text - txt - csv (StarCalc):44,34,76", "list.xlsx"], cwd=tmp_path, check=True, timeout=120
    )
    table = (tmp_path / "list.csv").read_text("utf-8")
    assert "tor–lör 22–03  källare (K2)" in table
    assert "Hotspotlista 41 · norrbo, Södra" in table
