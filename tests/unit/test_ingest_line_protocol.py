"""Line protocol: which lines are counts, and what is said of the others."""

from datetime import UTC, datetime
from time import process_time

import pytest
from msgspec.structs import replace

from service.domain.places import Semantics
from service.domain.readings import Origin
from service.errors import InvalidInput
from service.ingest.line_protocol import read_lines
from service.settings.sections import OWN_SCHEMA

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("presence,stairwell=A count=-1i 1", "the count is -1, but presences are never negative"),
        ("presence,stairwell=A count=1.5 1", "the count is 1.5, but presences are whole"),
        ("presence,stairwell=A count=nan 1", "this is not line protocol: Failed to parse type of field value"),
        ("presence,stairwell=A count=inf 1", "this is not line protocol: Failed to parse type of field value"),
        ("presence,stairwell=A count=10000000000000000i 1", "the count is 1e+16, more than 9007199254740992"),
        ('presence,stairwell=A count="3" 1', "the count is a str, not a number"),
        ("presence,stairwell=A battery=3i 1", "the line has no field 'count'; see the setting schema.field"),
        ("cpu,stairwell=A count=1i 1", "the measurement is 'cpu', but only 'presence' is taken in"),
        ("presence,space=cellar count=1i 1", "the tags do not name a place: there is no 'stairwell' or 'sensor'"),
        ("presence,stairwell=A,kind=loft count=1i 1", "kind: invalid value 'loft'; use one of stairwell, cellar"),
        ("presence,stairwell=A count=1i 1.5", "this is not line protocol: Failed to parse nanoseconds integer"),
        ("presence,stairwell=A", "this is not line protocol"),
        ("presence,stairwell=A,stairwell=B count=1i 1", "this is not line protocol: Failed to parse key of tag"),
        ("presence,stairwell=" + "A" * 101 + " count=1i 1", "stairwell: expected str of length <= 100"),
        ("presence,stairwell=A\x01 count=1i 1", "stairwell: expected text without control characters"),
    ],
)
def test_a_bad_line_is_told_and_its_neighbours_are_kept(line: str, message: str) -> None:
    good = "presence,stairwell=A count=1i 1"
    columns = read_lines("\n".join([good, line, good]).encode(), now=NOW)
    assert columns.rows.tolist() == [1, 3]
    assert [problem.row for problem in columns.problems] == [2]
    assert message in columns.problems[0].message


def test_text_that_is_not_utf8_is_told() -> None:
    columns = read_lines(b"presence,stairwell=\xe5 count=1i 1\npresence,stairwell=A count=1i 1", now=NOW)
    assert str(columns.problems[0]) == "row 1: this is not UTF-8; send line protocol as UTF-8"
    assert columns.rows.tolist() == [2]


def test_blank_lines_and_comments_are_no_rows_but_count_as_lines() -> None:
    body = b'\n# "a comment\n  \npresence,stairwell=A count=1i 1\r\n\n'
    columns = read_lines(body, now=NOW)
    assert (columns.rows.tolist(), columns.problems) == ([4], [])


@pytest.mark.parametrize("indent", ["", " ", "\t"])
def test_a_line_of_more_tags_than_influxdb_takes_is_told_before_it_is_parsed(indent: str) -> None:
    """The parser would take hours over one body of such a line; a long text or comment is none."""
    tags = ",".join(f"t{number}=x" for number in range(80_000))
    long = "." * 70_000
    good = f'presence,stairwell=B count=1i,text="{long}"'
    lines = [f"{indent}presence,stairwell=A,{tags} count=1i", good, f"#{long}"]
    started = process_time()
    columns = read_lines("\n".join(lines).encode(), now=NOW)
    assert process_time() - started < 1.0
    assert [origin.stairwell for origin in columns.origins] == ["B"]
    assert [str(problem) for problem in columns.problems] == [
        "row 1: measurement and tags have more than 65535 bytes, which InfluxDB takes at most"
    ]


def test_a_quote_in_a_tag_is_a_letter() -> None:
    body = b'presence,stairwell="A count=1i 1\npresence,stairwell="B count=1i 1'
    assert [origin.stairwell for origin in read_lines(body, now=NOW).origins] == ['"A', '"B']


def test_tags_that_name_no_place_are_not_kept() -> None:
    """Telegraf adds the name of its host to every point."""
    columns = read_lines(b"presence,host=gateway-1,stairwell=A,tenant=t count=1i 1", now=NOW)
    assert columns.origins == [Origin("A", "stairwell", None, None, "t")]


@pytest.mark.parametrize(
    ("precision", "unit"),
    [("n", 1), ("u", 10**3), ("us", 10**3), ("ms", 10**6), ("s", 10**9), ("m", 60 * 10**9), ("h", 3600 * 10**9)],
)
def test_timestamps_count_in_the_unit_of_the_precision(precision: str, unit: int) -> None:
    columns = read_lines(b"presence,stairwell=A count=1i 7", now=NOW, precision=precision)
    assert columns.times.tolist() == [7 * unit]


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(InvalidInput, match="precision 'days' is unknown; use one of n, ns"):
        read_lines(b"", now=NOW, precision="days")


THEIRS = replace(OWN_SCHEMA, measurement="lora.uplink", field="motion", sensor_tag="dev-eui", stairwell_tag="object")


def test_lines_are_taken_as_others_write_them() -> None:
    """By their names; the common way and the exact way."""
    body = (
        b"lora.uplink,dev-eui=a81758fffe0312ab motion=3i 1767222000000000000\n"
        b'lora.uplink,dev-eui=a81758fffe0312ab,room=K1 motion=4i,battery=3.6,codec="v2" 1767222600000000000\n'
        b"lora.uplink,object=A,space=cellar motion=2i 1767222000000000000\n"
        b"presence,stairwell=A count=1i 1767222000000000000"
    )
    columns = read_lines(body, now=NOW, schema=THEIRS)
    origins = [columns.origins[number] for number in columns.origin]
    assert [(one.stairwell, one.space, one.sensor) for one in origins] == [
        (None, "stairwell", "a81758fffe0312ab"),
        (None, "stairwell", "a81758fffe0312ab"),
        ("A", "cellar", None),
    ]
    assert columns.counts.tolist() == [3, 4, 2]
    assert [str(problem) for problem in columns.problems] == [
        "row 4: the measurement is 'presence', but only 'lora.uplink' is taken in"
    ]


def test_a_boolean_says_whether_somebody_is_there() -> None:
    columns = read_lines(b"presence,sensor=s1 count=true 1\npresence,sensor=s1 count=f 2", now=NOW)
    assert [origin.semantics for origin in columns.origins] == [Semantics.OCCUPIED]
    assert columns.counts.tolist() == [1, 0]


def test_a_counter_may_be_large() -> None:
    """Its sensor's semantics decide whether a number is one of presences."""
    columns = read_lines(b"presence,sensor=s1 count=4294967295i 1", now=NOW)
    assert columns.counts.tolist() == [2**32 - 1]
