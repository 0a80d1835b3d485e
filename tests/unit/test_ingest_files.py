"""Counts from CSV and JSON: what is read, and what is said of the rest."""

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.places import Kind
from service.domain.readings import CountRow, Origin
from service.errors import InvalidInput, RowProblem
from service.ingest.csv_counts import read_counts_csv
from service.ingest.json_counts import read_counts_json

STOCKHOLM = "Europe/Stockholm"
GOOD = {"stairwell": "A", "time": "2026-07-01T16:00:00Z", "count": 2}


def read(text: str | bytes, timezone: str = STOCKHOLM) -> tuple[list[tuple[int, CountRow]], list[RowProblem]]:
    """Good rows and problems of a table."""
    data = text if isinstance(text, bytes) else text.encode()
    items = list(read_counts_csv(io.BytesIO(data), timezone))
    return [one for one in items if isinstance(one, tuple)], [one for one in items if isinstance(one, RowProblem)]


def table(*lines: str, header: str = "time,stairwell,space,count") -> str:
    return "\n".join([header, *lines]) + "\n"


WHOLE = CountRow(
    stairwell="A",
    space="loft",
    kind=Kind.ATTIC,
    sensor="s1",
    time=datetime(2026, 7, 1, 16, tzinfo=UTC),
    count=3,
)
"""A row that says all there is to say."""


def test_a_table_with_all_columns_in_any_order() -> None:
    rows, problems = read(
        table("3,s1,attic,loft,2026-07-01T18:00+02:00,A", header="count,sensor,kind,space,time,stairwell")
    )
    assert (rows, problems) == ([(2, WHOLE)], [])


def test_without_a_space_the_kind_is_other() -> None:
    rows, _ = read(table("2026-07-01T18:00,A,1", header="time,stairwell,count"))
    assert (rows[0][1].space, rows[0][1].kind) == ("stairwell", Kind.OTHER)


def test_a_named_space_leaves_the_kind_open() -> None:
    rows, _ = read(table("2026-07-01T18:00,A,cellar,1"))
    assert (rows[0][1].space, rows[0][1].kind) == ("cellar", None)


def test_tables_of_swedish_spreadsheets() -> None:
    rows, problems = read(b'\xef\xbb\xbfTime; Stairwell ;Count\r\n2026-07-01 18:00;"L\xc3\xa4rkan; 1";2\r\n')
    assert problems == []
    assert (rows[0][1].stairwell, rows[0][1].count) == ("Lärkan; 1", 2)


def test_whole_counts_may_be_written_with_a_decimal_comma() -> None:
    """But what an English file means by 1,000 is not for us to guess."""
    rows, problems = read("time;stairwell;count\n2026-07-01T18:00;A;2,0\n2026-07-01T19:00;A;1,000\n")
    assert [row.count for _, row in rows] == [2]
    assert [str(problem) for problem in problems] == [
        "row 3: the count is '1,000', not a number; leave out rows without a value"
    ]


def test_tables_between_tabs() -> None:
    """As cells are pasted from a spreadsheet."""
    rows, problems = read("time\tstairwell\tcount\n2026-07-01T18:00\tLärkan, 1\t2\n")
    assert problems == []
    assert (rows[0][1].stairwell, rows[0][1].count) == ("Lärkan, 1", 2)


def test_a_bad_row_claims_no_time() -> None:
    """The good row of that time is kept, before it or after it."""
    rows, problems = read(table("2026-07-01T18:00,A,cellar,-1", "2026-07-01T18:00,A,cellar,4"))
    assert ([row.count for _, row in rows], [problem.row for problem in problems]) == ([4], [2])


def test_a_bad_row_of_the_hour_that_comes_twice_is_of_one_of_its_passings() -> None:
    """So the row after it is of the other."""
    rows, problems = read(table("2026-10-25T02:00,A,cellar,", "2026-10-25T02:00,A,cellar,4"))
    assert [(row.time.hour, row.count) for _, row in rows] == [(1, 4)]
    assert [problem.row for problem in problems] == [2]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("time,stairwell,space,count,name", "the column 'name' is unknown and may not be sent; columns are time"),
        ("time,stairwell,space", "the header has no column 'count'"),
        ("time,stairwell,count,count", "the column 'count' stands there twice"),
        ("", "the header has no column 'time'"),
        ('time,"stairwell,count', "a quote is not closed"),
    ],
)
def test_a_wrong_header_is_refused_at_once(header: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=f"line 1: {message}"):
        read_counts_csv(io.BytesIO(header.encode()), STOCKHOLM)


def test_a_table_in_another_encoding_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="line 1 is not UTF-8"):
        read_counts_csv(io.BytesIO("time,stairwell,space,count".encode("utf-16")), STOCKHOLM)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2026-07-01T18:00,A,cellar,-1", "the count is -1, but presences are never negative"),
        ("2026-07-01T18:00,A,cellar,1.5", "the count is 1.5, but presences are whole"),
        ('2026-07-01T18:00,A,cellar,"1,5"', "the count is 1.5, but presences are whole"),
        ("2026-07-01T18:00,A,cellar,NaN", "the count is nan, not a number of presences"),
        ("2026-07-01T18:00,A,cellar,-inf", "the count is -inf, not a number of presences"),
        ("2026-07-01T18:00,A,cellar,1e12", "more than 1000000000; the counter is broken"),
        ("2026-07-01T18:00,A,cellar,", "the count is '', not a number; leave out rows without a value"),
        ("2026-07-01T18:00,A,cellar,1_000", "the count is '1_000', not a number"),
        ("2026-07-01T18:00,A,cellar,٣", "the count is '٣', not a number"),
        ("2026-07-01T18:00,,cellar,1", "missing required field stairwell"),
        ("2026-07-01T18:00,A,cellar", "this line has 3 cells, but the header has 4"),
        ("2026-07-01T18:00,A,cellar,1,5", "this line has 5 cells, but the header has 4"),
        ('2026-07-01T18:00,"A,cellar,1', "a quote is not closed on its line"),
        ("yesterday,A,cellar,1", "the time 'yesterday' is not ISO 8601"),
        ("2026-07-01 10.30,A,cellar,1", "the time '2026-07-01 10.30' is not ISO 8601"),
        ("2026-07-01 10:30.5,A,cellar,1", "the time '2026-07-01 10:30.5' is not ISO 8601"),
        ("0001-01-01T00:00,A,cellar,1", "the time '0001-01-01T00:00' is beyond the calendar"),
        ("9999-12-31T23:00Z,A,cellar,1", "the time '9999-12-31T23:00Z' is beyond the calendar"),
        ("2262-01-01T00:00Z,A,cellar,1", "the time '2262-01-01T00:00Z' is beyond the calendar"),
        ("2026-03-29T02:30,A,cellar,1", "does not exist in Europe/Stockholm: the clock is put forward past it"),
        ("2026-01-01T00:00,A,cellar,1", "line 2 already has this series at 2026-01-01T00:00; keep one of the two"),
        ("2025-12-31T23:00Z,A,cellar,1", "line 2 already has this series at 2025-12-31T23:00Z"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_its_neighbours_are_kept(line: str, message: str) -> None:
    rows, problems = read(table("2026-01-01T00:00,A,cellar,1", line, "2026-08-01T00:00,A,cellar,1"))
    assert [number for number, _ in rows] == [2, 4]
    assert [problem.row for problem in problems] == [3]
    assert message in problems[0].message


def test_a_line_in_another_encoding_is_told() -> None:
    rows, problems = read(
        table("2026-01-01T00:00,A,cellar,1").encode() + "2026-01-01T00:00,Å,cellar,1\n".encode("latin-1")
    )
    assert (len(rows), str(problems[0])) == (1, "row 3: this line is not UTF-8; save the file as CSV UTF-8")


def test_the_repeated_hour_is_passed_once_a_row() -> None:
    """By series: first row first, second row second, a third is one too many."""
    lines = [f"2026-10-25T{time},{name},cellar,1" for time in ("02:00", "02:30", "02:00", "02:30") for name in "AB"]
    rows, problems = read(table(*lines, "2026-10-25T02:30,A,cellar,1", "2026-10-25T03:00,A,cellar,1"))
    times = [row.time for _, row in rows if row.stairwell == "A"]
    assert times == [datetime(2026, 10, 25, 0, tzinfo=UTC) + number * timedelta(minutes=30) for number in range(5)]
    assert [row.time for _, row in rows if row.stairwell == "B"] == times[:4]
    assert [str(problem) for problem in problems] == [
        "row 10: line 8 already has this series at 2026-10-25T02:30; keep one of the two"
    ]


def test_a_bad_count_in_the_repeated_hour_keeps_its_passing() -> None:
    rows, problems = read(table("2026-10-25T02:00,A,cellar,-1", "2026-10-25T02:00,A,cellar,2"))
    assert [problem.row for problem in problems] == [2]
    assert rows[0][1].time == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_duplicates_are_found_wherever_they_stand() -> None:
    lines = [f"2026-07-{day:02},A,cellar,1" for day in (5, 3, 9, 1, 3, 9, 4)]
    _, problems = read(table(*lines))
    assert [str(problem)[:20] for problem in problems] == ["row 6: line 3 alread", "row 7: line 4 alread"]


@pytest.mark.parametrize("written", ["2026-07-01T10:30:00.948372283", "2026-07-01 10:30:00,5", "20260701T103000.5Z"])
def test_parts_of_a_second_are_read(written: str) -> None:
    rows, problems = read(table(f'"{written}",A,cellar,1'))
    assert (problems, rows[0][1].time.minute, rows[0][1].time.second) == ([], 30, 0)


def test_two_sensors_or_spaces_are_no_duplicates() -> None:
    header = "time,stairwell,space,sensor,count"
    lines = [f"2026-07-01,{place},1" for place in ("A,cellar,s1", "A,cellar,s2", "A,attic,s1", "B,cellar,s1")]
    assert read(table(*lines, header=header))[1] == []


def test_blanks_do_not_make_another_series() -> None:
    _, problems = read(table("2026-07-01,A,cellar,1", "2026-07-01, A ,cellar,1"))
    assert [problem.row for problem in problems] == [3]


def test_blank_lines_are_no_rows() -> None:
    good, problems = read("time,stairwell,space,count\n\n2026-07-01,A,cellar,1\n \t\r\n2026-07-02,A,cellar,1\n\n")
    assert ([line for line, _ in good], problems) == ([3, 5], [])


def test_progress_ends_with_everything() -> None:
    data = table(*(f"{datetime(2026, 1, 1) + timedelta(hours=number)},A,cellar,1" for number in range(25_000))).encode()  # noqa: DTZ001
    seen: list[tuple[int, int]] = []
    rows = list(read_counts_csv(io.BytesIO(data), "UTC", lambda done, total: seen.append((done, total))))
    assert len(rows) == 25_000
    assert {total for _, total in seen} == {len(data)}
    assert len(seen) == 3
    assert seen[-1] == (len(data), len(data))
    assert all(before < after for (before, _), (after, _) in pairwise(seen))


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "Australia/Melbourne", "Australia/Lord_Howe", "UTC"])
def test_a_year_by_the_wall_clock_comes_back_in_utc(zone: str) -> None:
    """Both changes of the clock are in it; half an hour's in Lord Howe."""
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + number * timedelta(minutes=30) for number in range(365 * 48)]
    walls = [time.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat() for time in instants]
    rows, problems = read(table(*(f"{wall},A,cellar,1" for wall in walls)), zone)
    assert problems == []
    assert [row.time for _, row in rows] == instants


cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(cells, min_size=4, max_size=4), max_size=8))
def test_no_table_breaks_the_reader(rows: list[list[str]]) -> None:
    """Whatever a CSV writer writes, each line that is not blank is a row or a problem, and stands once."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["time", "stairwell", "space", "count"])
    writer.writerows(rows)
    lines = text.getvalue().encode().split(b"\n")
    good, problems = read(text.getvalue())
    written = [number for number, line in enumerate(lines, start=1) if line.decode() and not line.decode().isspace()]
    assert sorted([number for number, _ in good] + [problem.row for problem in problems]) == written[1:]


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
            st.text(
                st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\\"), min_size=1, max_size=10
            ),
            st.integers(0, 10**9),
        ),
        unique_by=lambda row: row[:2],
        max_size=8,
    )
)
def test_good_tables_are_read_in_full(rows: list[tuple[datetime, str, int]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["time", "stairwell", "count"])
    writer.writerows((time.isoformat(), stairwell, count) for time, stairwell, count in rows)
    good, problems = read(text.getvalue())
    assert problems == []
    assert [(row.time, row.stairwell, row.count) for _, row in good] == rows


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Tidpunkt;Trapphus;Utrymme;Typ;Givare;Antal", "2026-07-01 18:00;A;loft;Vind;s1;3"),
        ("Datum;Tid;Uppgång;Utrymme;Typ;Sensor-ID;Antal", "2026-07-01;18:00;A;loft;vind;s1;3"),
        ("Tid;Trappuppgång;Utrymme;Typ;Enhet;Antal;Datum", "2026-07-01T18:00;A;loft;attic;s1;3;2026-07-02"),
    ],
)
def test_columns_have_the_swedish_names_of_workbooks(header: str, line: str) -> None:
    rows, problems = read(table(line, header=header))
    assert (rows, problems) == ([(2, WHOLE)], [])


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("tid;start;trapphus;antal", "the columns 'start' and 'tid' both say 'time'; keep one of them"),
        ("tid;trapphus;antal;lägenhet", "the column 'lägenhet' is unknown and may not be sent"),
        ("tid;trapphus;varaktighet", "the header has no column 'count'"),
    ],
)
def test_a_swedish_header_that_does_not_do_is_refused(header: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read(table(header=header))


def test_json_counts_are_read() -> None:
    body = json.dumps({"counts": [GOOD, {**GOOD, "space": "loft", "kind": "attic", "sensor": "s1"}]}).encode()
    columns = read_counts_json(body)
    assert columns.origins == [Origin("A", "stairwell", None, None), Origin("A", "loft", Kind.ATTIC, "s1")]
    assert columns.times.tolist() == [int(datetime(2026, 7, 1, 16, tzinfo=UTC).timestamp()) * 10**9] * 2
    assert (columns.rows.tolist(), columns.origin.tolist(), columns.counts.tolist()) == ([1, 2], [0, 1], [2, 2])


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({**GOOD, "count": -1}, "count: expected int >= 0"),
        ({**GOOD, "count": math.nan}, "count: expected int, got float"),
        ({**GOOD, "count": math.inf}, "count: expected int, got float"),
        ({**GOOD, "count": 1.5}, "count: expected int, got float"),
        ({**GOOD, "count": True}, "count: expected int, got bool"),
        ({**GOOD, "count": "2"}, "count: expected int, got str"),
        ({**GOOD, "count": None}, "count: expected int, got null"),
        ({**GOOD, "count": 10**10}, "count: expected int <= 1000000000"),
        ({**GOOD, "count": 10**4000}, "count: expected int, got float"),
        ({"stairwell": "A", "count": 1}, "missing required field time"),
        (
            {**GOOD, "time": "2026-07-01T16:00:00"},
            "time: expected a time with its seconds and offset, such as 2026-11-22T18:00:00Z",
        ),
        (
            {**GOOD, "time": "2026-07-01T16:00Z"},
            "time: expected a time with its seconds and offset, such as 2026-11-22T18:00:00Z",
        ),
        ({**GOOD, "time": "now"}, "time: expected a time with its seconds and offset, such as 2026-11-22T18:00:00Z"),
        ({**GOOD, "stairwell": ""}, "stairwell: expected str of length >= 1"),
        ({**GOOD, "stairwell": "A\n"}, "stairwell: expected text without control characters"),
        ({**GOOD, "stairwell": "A\\"}, "stairwell: expected text without control characters or a backslash at its end"),
        ({**GOOD, "stairwell": "\ud800"}, "a text holds half a character"),
        ({**GOOD, "kind": "loft"}, "kind: invalid value 'loft'; use one of stairwell, cellar"),
        ({**GOOD, "resident": "x"}, "unknown field resident"),
        ({**GOOD, "datetime": "2026-07-01T16:00:00Z"}, "unknown field datetime"),
        ([1], "expected object, got array"),
        (7, "expected object, got int"),
    ],
)
def test_a_bad_json_row_is_told_and_its_neighbours_are_kept(bad: object, message: str) -> None:
    columns = read_counts_json(json.dumps({"counts": [GOOD, bad, GOOD]}).encode())
    [problem] = columns.problems
    assert columns.rows.tolist() == [1, 3]
    assert str(problem).startswith(f"row 2: {message}")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is not JSON"),
        (b'{"counts": [', "the body is not JSON: Expecting value in line 1, column 13"),
        (b"\xff", r"the body is not UTF-8 \(byte 1\)"),
        (b"[]", 'the one key "counts"'),
        (b'{"counts": 3}', 'the one key "counts"'),
        (b'{"counts": [], "more": 1}', 'the one key "counts"'),
        (b'{"counts": ' + b"[" * 100_000, "the body is nested too deeply"),
    ],
)
def test_a_body_of_another_form_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_counts_json(body)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)
json_rows = st.one_of(
    values, st.fixed_dictionaries({"stairwell": values, "time": values, "count": values}), st.just(GOOD)
)


@given(st.lists(json_rows, max_size=5))
def test_every_json_row_is_read_or_told(rows: list[object]) -> None:
    columns = read_counts_json(json.dumps({"counts": rows}).encode())
    read = set(columns.rows.tolist())
    assert sorted([*read, *(one.row for one in columns.problems)]) == list(range(1, len(rows) + 1))
    assert all(number in read for number, row in enumerate(rows, start=1) if row == GOOD)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "stairwell": st.sampled_from(["A", "B", "Å\n"]),
                "time": st.sampled_from(["2026-07-01T16:00:00Z", "2026-07-01t18:00:00.5+02:00", "0001-01-01T00:00Z"]),
                "count": st.sampled_from([0, 2, 2.0, -0.0, 10**9, 10**20]),
            },
            optional={"space": st.just("loft"), "kind": st.just("attic"), "sensor": st.sampled_from(["s1", None])},
        ),
        max_size=5,
    )
)
def test_a_row_is_read_alike_whatever_is_wrong_with_others(rows: list[object]) -> None:
    """A body without a fault is read as columns, any other row by row."""
    read = [read_counts_json(json.dumps({"counts": [*rows, *more]}).encode()) for more in ([], [7])]
    told = [
        [(columns.origins[origin], *row) for origin, *row in zip(*numbers, strict=True)]
        for columns in read
        for numbers in [[one.tolist() for one in (columns.origin, columns.rows, columns.times, columns.counts)]]
    ]
    assert told[0] == told[1]
    assert [*read[0].problems] == read[1].problems[:-1]
