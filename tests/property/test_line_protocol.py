"""Line protocol: the fast way and the exact way agree, and what InfluxDB's own client writes is read back."""

import re
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from hypothesis import example, given
from hypothesis import strategies as st
from influxdb_client import Point, WritePrecision

from service.domain.places import Kind
from service.domain.readings import CountColumns, Origin, nanoseconds
from service.ingest import line_protocol
from service.ingest.line_protocol import PRECISIONS, read_lines
from service.settings.sections import OWN_SCHEMA

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
NEVER = re.compile(rb"(?!)")

WORDS = ("presence", ",stairwell=", "A", ",space=", "cellar", ",kind=", "attic", ",sensor=s", " count=", " note=")
VALUES = ("3", "0", "i", "u", ".0", "-", "t", "nan", "1767222000", "9" * 19)
MARKS = (" ", "\n", "\r\n", "\t", "\\", '"', "#", ",", "=", "é")
fragments = st.sampled_from(WORDS + VALUES + MARKS)
common = st.builds(
    "presence,stairwell={},space={} count={}{} {}".format,
    st.text("ABab1-é", min_size=1, max_size=3),
    st.sampled_from(["cellar", "attic"]),
    st.integers(-1, 12),
    st.sampled_from(["i", "u", ".0", "", ".5"]),
    st.integers(0, 2**63),
)
bodies = st.lists(st.one_of(common, st.lists(fragments, max_size=12).map("".join)), max_size=6).map("\n".join)


def rows_of(columns: CountColumns) -> list[tuple[object, ...]]:
    """Every row with its origin."""
    origins = [columns.origins[number] for number in columns.origin]
    return list(zip(columns.rows.tolist(), origins, columns.times.tolist(), columns.counts.tolist(), strict=True))


@given(bodies, st.sampled_from(sorted(PRECISIONS)))
@example('presence,stairwell=A count=3i 9223372036854775807\npresence,stairwell="A count=3 8', "s")
def test_all_ways_to_read_are_equal(body: str, precision: str) -> None:
    """As columns, by the line, and the exact one: rows, values and problems, to the last word."""
    reader = line_protocol._reader(OWN_SCHEMA)
    fastest = read_lines(body.encode(), now=NOW, precision=precision)
    with patch.object(reader, "read_common", lambda *_: None):
        fast = read_lines(body.encode(), now=NOW, precision=precision)
        with patch.object(reader, "common", NEVER):
            exact = read_lines(body.encode(), now=NOW, precision=precision)
    assert rows_of(fastest) == rows_of(fast) == rows_of(exact)
    assert fastest.problems == fast.problems == exact.problems


@given(st.lists(common, min_size=1, max_size=6).map("\n".join), st.booleans())
@example("presence,stairwell=A count=1i 1\npresence,stairwell=B count=2i", False)
@example("presence,stairwell=A count=1i 1 presence,stairwell=B count=2i 2", False)
@example(" count=1i 1", True)
def test_columns_are_read_of_common_lines_and_of_nothing_else(body: str, ends: bool) -> None:
    """Each line by the regular expression, or none by columns; a line break at the end is none of a line."""
    reader = line_protocol._reader(OWN_SCHEMA)
    lines = body.encode().split(b"\n")
    columns = reader.read_common(b"\n".join(lines) + b"\n" * ends, 1)
    all_common = all(reader.common.fullmatch(line) for line in lines)
    assert columns is None or all_common
    if columns is None:
        assert not all_common or b"#" in body.encode() or any(int(line.split()[2]) > 2**63 - 1 for line in lines)
    else:
        assert columns.rows.tolist() == list(range(1, len(lines) + 1))


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """Any line is a row, a problem, blank or a comment, and stands once."""
    columns = read_lines(body, now=NOW)
    numbers = columns.rows.tolist() + [problem.row for problem in columns.problems]
    assert len(set(numbers)) == len(numbers)
    assert all(1 <= number <= body.count(b"\n") + 1 for number in numbers)


# A tag cannot hold a line break, nor a backslash at its end or before what a backslash escapes; all else it can.
tag = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: not re.search(r"\\([,= \\]|$)", text)
)
times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(
    tags=st.tuples(tag, tag, tag, st.sampled_from(list(Kind))),
    count=st.one_of(st.integers(0, 10**9), st.integers(0, 10**6).map(float)),
    time=times,
    precision=st.sampled_from(["ns", "us", "ms", "s"]),
)
def test_points_of_the_influxdb_client_are_read_back(
    tags: tuple[str, str, str, Kind], count: float, time: datetime, precision: str
) -> None:
    """Whatever is in the tags, as an integer or a float, in every precision."""
    stairwell, space, sensor, kind = tags
    point = Point("presence").tag("stairwell", stairwell).tag("space", space).tag("sensor", sensor)
    line = point.tag("kind", kind.value).field("count", count).time(time, precision).to_line_protocol()
    columns = read_lines(line.encode(), now=NOW, precision=precision)
    written = int(line.rpartition(" ")[2]) * PRECISIONS[precision]
    assert columns.problems == []
    assert rows_of(columns) == [(1, Origin(stairwell, space, kind, sensor), written, int(count))]
    # The client counts microseconds in floats, which are off by one now and then.
    assert abs(written - nanoseconds(time)) <= max(PRECISIONS[precision], 1_000)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20))
def test_a_text_field_may_hold_line_breaks_and_quotes(text: str) -> None:
    """It is another's field: it is not kept, and the lines after it are read."""
    point = Point("presence").tag("stairwell", "A").field("note", text).time(1, WritePrecision.S)
    body = point.to_line_protocol() + "\npresence,stairwell=A count=1i 1767222000"
    columns = read_lines(body.encode(), now=NOW, precision="s")
    assert [str(problem) for problem in columns.problems] == [
        "row 1: the line has no field 'count'; see the setting schema.field"
    ]
    assert columns.rows.tolist() == [body.count("\n") + 1]


def test_a_line_without_a_time_happened_now() -> None:
    """As InfluxDB takes it."""
    columns = read_lines(b"presence,stairwell=A count=1i", now=NOW + timedelta(microseconds=5), precision="s")
    assert columns.times.tolist() == [nanoseconds(NOW) + 5_000]
