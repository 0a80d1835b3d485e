"""Presences from spreadsheets: what people write, and what does harm."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from defusedxml import EntitiesForbidden
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from service.domain.places import Kind, Liveness, Semantics
from service.domain.readings import Reading
from service.errors import InvalidInput, RowProblem
from service.ingest import xlsx_presences
from service.ingest.xlsx_presences import read_presences_xlsx
from service.usecases.intake.ingest import ingest_counts
from tests.unit.ingest_counts.senders import place, ports_of, stored
from tests.worlds import TENANT

HEADER = ("Start", "Varaktighet (min)", "Trapphus", "Utrymme")
STOCKHOLM = "Europe/Stockholm"


def wall(clock: str) -> datetime:
    """A time as a spreadsheet holds it, without a zone."""
    return datetime.fromisoformat(clock)


def workbook(*rows: Sequence[object]) -> io.BytesIO:
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    return stream


def read(*rows: Sequence[object]) -> list[tuple[int, Reading] | RowProblem]:
    return list(read_presences_xlsx(workbook(*rows), STOCKHOLM))


def only(*rows: Sequence[object]) -> Reading:
    """The one reading."""
    [item] = read(*rows)
    assert not isinstance(item, RowProblem), item
    return item[1]


def packed(changes: dict[str, str], stream: io.BytesIO) -> io.BytesIO:
    """A workbook with parts replaced."""
    result = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name) or old.read(name))
    return result


SHEET = "xl/worksheets/sheet1.xml"


def test_a_row_is_a_presence() -> None:
    """By the clock on the wall; minutes."""
    items = read(
        HEADER,
        (wall("2026-11-20 22:05:00"), 25, "kvarnen-3a", "källare"),
        (wall("2026-07-20 22:05:30"), 17.5, 12, None),
    )
    (first, one), (second, two) = items
    assert (first, second) == (2, 3)
    assert one.origin == ("kvarnen-3a", "källare", None, None, None, Semantics.PRESENCE)
    assert (one.time, one.value) == (datetime(2026, 11, 20, 21, 5, tzinfo=UTC), 1500)
    assert two.origin[:2] == ("12", "stairwell")
    assert (two.time, two.value) == (datetime(2026, 7, 20, 20, 5, 30, tzinfo=UTC), 1050)


START = datetime(2026, 11, 20, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (("START", "Duration", "Stairwell"), (wall("2026-11-20 22:05:00"), 25, "A")),
        (("Tidpunkt", "Sekunder", "Uppgång"), ("2026-11-20 22:05", 1500, "A")),
        (("Starttid", "Varaktighet", "Trapphus"), ("2026-11-20T22:05+01:00", "25", "A")),
        (("Start", "Varaktighet", "Trapphus"), (wall("2026-11-20 22:05:00"), time(0, 25), "A")),
        (("Start", "Varaktighet", "Trapphus"), (wall("2026-11-20 22:05:00"), timedelta(minutes=25), "A")),
        (("Start", "Varaktighet", "Trapphus"), (wall("2026-11-20 22:05:00"), "0:25", "A")),
        (("Start", "Varaktighet", "Trapphus"), (wall("2026-11-20 22:04:59.999600"), "25,0", "A")),
        (("Datum", "Tid", "Varaktighet", "Trapphus"), (date(2026, 11, 20), time(22, 5), 25, "A")),
        (("Datum", "Tid", "Varaktighet", "Trapphus"), ("2026-11-20", "22:05", 25, "A")),
        (("Start", "Slut", "Trapphus"), (wall("2026-11-20 22:05:00"), wall("2026-11-20 22:30:00"), "A")),
        (("Datum", "Starttid", "Slut", "Trapphus"), (date(2026, 11, 20), time(22, 5), time(22, 30), "A")),
    ],
)
def test_people_write_times_in_many_ways(header: Sequence[str], row: Sequence[object]) -> None:
    reading = only(header, row)
    assert (reading.origin.stairwell, reading.time, reading.value) == ("A", START, 1500)


def test_a_presence_may_end_after_midnight() -> None:
    reading = only(("Start", "Slut", "Trapphus"), (wall("2026-11-20 23:30:00"), time(1, 0), "A"))
    assert reading.value == 90 * 60


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-10-24 23:00", "03:00", 300),
        ("2026-10-25 02:50", "02:10", 20),
        ("2026-03-28 23:00", "04:00", 240),
        ("2026-03-29 23:00", "02:30", 210),
    ],
)
def test_a_night_in_which_the_clock_is_moved_is_as_long_as_it_was(start: str, end: str, minutes: int) -> None:
    assert only(("Start", "Slut", "Trapphus"), (start, end, "A")).value == minutes * 60


def test_a_title_above_the_header_and_empty_rows_are_no_rows() -> None:
    items = read(("Händelser november",), (), HEADER, (), (wall("2026-11-20 22:05:00"), 25, "A"))
    assert [row for row, _ in items] == [5]


def test_a_header_is_sought_within_twenty_rows() -> None:
    row = (wall("2026-11-20 22:05:00"), 25, "A", None)
    assert [number for number, _ in read(*[("Rapport",)] * 19, HEADER, row)] == [21]
    with pytest.raises(InvalidInput, match="no header within 20 rows, only 'rapport'"):
        read(*[("Rapport",)] * 20, HEADER, row)


def test_kinds_may_be_swedish_and_sensors_may_stand_for_places() -> None:
    header = ("Start", "Varaktighet", "Trapphus", "Utrymme", "Typ", "Givare")
    assert only(header, ("2026-11-20 22:05", 25, "A", "K1", "Källare", None)).origin.kind is Kind.CELLAR
    assert only(header, ("2026-11-20 22:05", 25, None, None, None, "hp-17")).origin.sensor == "hp-17"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((None, 25, "A"), "the row has no start"),
        (("in the evening", 25, "A"), "the time 'in the evening' is not ISO 8601"),
        ((20, 25, "A"), "the time '20' is not ISO 8601"),
        ((time(22, 5), 25, "A"), "without a date"),
        ((wall("2026-03-29 02:30:00"), 25, "A"), "does not exist in Europe/Stockholm"),
        ((wall("2026-11-20 22:05:00"), None, "A"), "the row has no length"),
        ((wall("2026-11-20 22:05:00"), -3, "A"), "nobody stays a negative time"),
        ((wall("2026-11-20 22:05:00"), "long", "A"), "the length is 'long'"),
        ((wall("2026-11-20 22:05:00"), True, "A"), "the length is True"),
        ((wall("2026-11-20 22:05:00"), 1e300, "A"), "the length is 1e+300, not a time"),
        ((wall("2026-11-20 22:05:00"), 25, None), "neither a stairwell nor a sensor"),
        ((wall("2026-11-20 22:05:00"), 25, "A" * 101), "stairwell: expected str of length <= 100"),
        ((wall("2026-11-20 22:05:00"), "=1+24", "A"), "the row has no length"),
    ],
)
def test_a_bad_row_is_told_and_its_neighbours_are_kept(row: Sequence[object], message: str) -> None:
    """A formula is never evaluated; without a kept value its cell is empty."""
    good = ("2026-11-20 22:05", 25, "A")
    first, bad, last = read(("Start", "Varaktighet", "Trapphus"), good, row, good)
    assert isinstance(bad, RowProblem)
    assert bad.row == 3
    assert message in bad.message
    assert (first[0], last[0]) == (2, 4)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (("Start", "Trapphus"), "no header within 20 rows, only 'start, trapphus'; a row needs"),
        (("Tid", "Trapphus", "Antal"), "; counts of windows are imported as CSV"),
        ((), "no header within 20 rows"),
        ((*HEADER, "Hyresgäst"), "row 1: the column 'hyresgäst' is unknown and may not be sent"),
        (("Start", "Varaktighet", "Trapphus", "Uppgång"), "row 1: more than one column is 'stairwell'"),
    ],
)
def test_a_header_that_does_not_do_is_refused(header: Sequence[str], message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(header)
    assert message in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 40])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="cannot be read as XLSX"):
        read_presences_xlsx(io.BytesIO(content), STOCKHOLM)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """Two hundred megabytes of blanks are a fifth of one when packed."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packing:
        for part in range(3):
            packing.writestr(f"xl/worksheets/sheet{part}.xml", b" " * 2**24)
    with (
        patch.object(xlsx_presences, "MAX_UNPACKED_BYTES", 2**25),
        pytest.raises(InvalidInput, match="unpacks to more"),
    ):
        read_presences_xlsx(bomb, STOCKHOLM)
    with (
        patch.object(xlsx_presences, "MAX_PARTS", 2),
        pytest.raises(InvalidInput, match="or 2 parts"),
    ):
        read_presences_xlsx(bomb, STOCKHOLM)
    with (
        patch.object(xlsx_presences, "MAX_FILE_BYTES", 1000),
        pytest.raises(InvalidInput, match="bytes, more than 1000"),
    ):
        read_presences_xlsx(bomb, STOCKHOLM)


def test_entities_are_not_expanded() -> None:
    """A few lines of XML can mean gigabytes."""
    stream = workbook(HEADER, ("2026-11-20 22:05", 25, "A", "K"))
    sheet = zipfile.ZipFile(stream).read(SHEET).decode()
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 50}">' for n in range(9))
    evil = f"<!DOCTYPE worksheet [{entities}]>{sheet.replace('<v>25</v>', '<v>&e8;</v>')}"
    with pytest.raises(InvalidInput, match="cannot be read as XLSX") as refused:
        list(read_presences_xlsx(packed({SHEET: evil}, stream), STOCKHOLM))
    causes = [refused.value.__cause__, refused.value.__cause__.__cause__]  # type: ignore[union-attr]
    assert any(isinstance(cause, EntitiesForbidden) for cause in causes)


def test_rows_numbered_beyond_a_sheet_are_not_waited_for() -> None:
    stream = workbook(HEADER, ("2026-11-20 22:05", 25, "A", "K"), ("2026-11-20 23:05", 25, "A", "K"))
    sheet = zipfile.ZipFile(stream).read(SHEET).decode()
    far = sheet.replace('r="3"', 'r="999999999"').replace('3"', '999999999"')
    with patch.object(xlsx_presences, "MAX_ROWS", 1000):
        assert len(list(read_presences_xlsx(packed({SHEET: far}, stream), STOCKHOLM))) == 1


UNDAMAGED = workbook(HEADER, ("2026-11-20 22:05", 25, "A", "K")).getvalue()  # once: it holds the time, packed


@settings(max_examples=30)
@given(data=st.data())
def test_a_damaged_file_is_told_not_a_traceback(data: st.DataObject) -> None:
    """Any byte of it changed, any part cut off."""
    content = bytearray(UNDAMAGED)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    with suppress(InvalidInput):
        list(read_presences_xlsx(io.BytesIO(bytes(content)), STOCKHOLM))


def test_presences_become_counts_and_an_import_again_changes_nothing(tmp_path: Path) -> None:
    ports = ports_of("sqlite", tmp_path)
    ports.register.put([place("A", "cellar", sensor="hp-1", semantics=Semantics.PRESENCE, liveness=Liveness.ASSUMED)])
    rows = [
        HEADER,
        (wall("2026-11-20 22:05:00"), 25, "A", "cellar"),
        (wall("2026-11-20 22:40:00"), 40, "A", "cellar"),
        (wall("2026-11-20 22:40:00"), 40, "A", "attic"),
        (wall("2026-11-20 22:50:00"), 2000, "A", "cellar"),
    ]
    for _ in range(2):
        report = ingest_counts(ports, TENANT, read(*rows))
        assert report.accepted == 2
        assert [problem.row for problem in report.problems] == [4, 5]
        assert list(stored(ports).values()) == [2, 1]


def test_long_files_tell_how_far_they_are() -> None:
    told: list[tuple[int, int]] = []
    rows = [("2026-11-20 22:05", 25, "A", "K")] * 25
    with patch.object(xlsx_presences, "PROGRESS_ROWS", 10):
        list(read_presences_xlsx(workbook(HEADER, *rows), STOCKHOLM, lambda done, total: told.append((done, total))))
    assert told == [(10, 26), (20, 26), (26, 26)]
