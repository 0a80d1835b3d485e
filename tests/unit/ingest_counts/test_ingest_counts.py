"""Counts: good rows are stored where and when they belong, bad ones are refused and told."""

from datetime import UTC, datetime, timedelta
from itertools import count as counting
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.readings import MAX_COUNT, CountRow
from service.errors import RowProblem
from service.ingest.line_protocol import read_lines
from service.ports import Ports
from service.usecases.intake import ingest
from service.usecases.intake.ingest import ingest_columns, ingest_counts
from service.usecases.rows import RowsReport
from tests.unit.ingest_counts.senders import HOUR, NOW, place, ports_of, row, stored, take
from tests.worlds import TENANT


def test_counts_are_stored_where_and_when_they_belong(ports: Ports) -> None:
    report = take(ports, row(count=3), row("A", space="cellar", count=2), row("B", count=0))
    assert report == RowsReport(accepted=3)
    hour = int((NOW - HOUR).timestamp())
    index = ports.register.index(TENANT)
    assert stored(ports) == {
        (index["A", "stairwell"], hour): 3,
        (index["A", "cellar"], hour): 2,
        (index["B", "stairwell"], hour): 0,
    }


def test_rows_sent_again_change_nothing(ports: Ports) -> None:
    rows = [row(count=3), row("A", space="cellar", sensor="s1", count=2)]
    take(ports, *rows)
    before = stored(ports)
    take(ports, *rows)
    assert stored(ports) == before


def test_a_corrected_row_replaces_the_one_before(ports: Ports) -> None:
    take(ports, row(count=3))
    take(ports, row(count=5))
    assert list(stored(ports).values()) == [5]


def test_several_sensors_in_one_space_add_up(ports: Ports) -> None:
    take(ports, row(sensor="s1", count=2), row(sensor="s2", count=3))
    assert list(stored(ports).values()) == [5]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(time=NOW + 2 * HOUR), "the time 2026-11-22T20:00:00Z is in the future, now being 2026-11-22T18:00Z"),
        (row(time=datetime(1999, 12, 31, 23, tzinfo=UTC)), "the time 1999-12-31T23:00:00Z is before 2000-01-01"),
        (row(time=datetime.max.replace(tzinfo=UTC)), "is in the future"),
        (row(time=datetime.min.replace(tzinfo=UTC)), "is before 2000-01-01"),
        (row(count=-1), "the count is -1, but presences are never negative"),
        (row(count=-(10**30)), "presences are never negative"),
        (row(count=MAX_COUNT + 1), "more than 1000000000; the counter is broken"),
        (row(count=10**30), "more than 1000000000; the counter is broken"),
    ],
)
def test_a_row_that_cannot_be_is_refused_and_its_neighbours_are_kept(ports: Ports, bad: CountRow, message: str) -> None:
    report = take(ports, row("A"), bad, row("B"))
    assert (report.accepted, report.rejected) == (2, 1)
    assert report.problems[0].row == 2
    assert message in report.problems[0].message


def test_a_senders_clock_may_be_a_minute_ahead(ports: Ports) -> None:
    assert take(ports, row(time=NOW + timedelta(seconds=60))).accepted == 1
    assert take(ports, row(time=NOW + timedelta(seconds=61))).accepted == 0


def test_problems_beyond_the_first_hundred_are_counted(ports: Ports) -> None:
    report = take(ports, *(row(count=-1 if number % 2 else 1) for number in range(1000)))
    assert (report.accepted, report.rejected, len(report.problems)) == (500, 500, 100)
    assert [problem.row for problem in report.problems] == list(range(2, 202, 2))


def test_long_input_is_stored_in_batches(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BATCH_ROWS", 7)
    rows = [row(time=NOW - number * HOUR, count=number) for number in range(1, 31)]
    assert take(ports, *rows) == RowsReport(accepted=30)
    assert sorted(stored(ports).values()) == list(range(1, 31))


def test_an_empty_input_is_an_empty_report(ports: Ports) -> None:
    assert take(ports) == RowsReport()
    assert ingest_columns(ports, TENANT, read_lines(b"", now=NOW)) == RowsReport()


any_row = st.builds(
    CountRow,
    stairwell=st.sampled_from("ABC"),
    space=st.sampled_from(["cellar", "attic"]),
    sensor=st.sampled_from([None, "s1", "s2", "s3"]),
    time=st.one_of(
        st.datetimes(timezones=st.just(UTC)),
        st.integers(-200, 3).map(lambda hours: NOW + hours * HOUR),
    ),
    count=st.one_of(st.integers(-3, 20), st.integers()),
)


@pytest.mark.parametrize("mode", ["learning", "strict"])
@settings(max_examples=30)
@given(rows=st.lists(st.one_of(any_row, st.just("unreadable")), max_size=30))
def test_every_row_is_accepted_or_rejected(mode: str, rows: list[CountRow | str]) -> None:
    """Nothing is dropped silently, and the store holds exactly the rows that no problem names."""
    with TemporaryDirectory() as folder:
        ports = ports_of("memory", Path(folder), mode)
        ports.register.put(
            [
                place("A", sensor="s1", valid_from=NOW - 100 * HOUR),
                place("B", sensor="s2", valid_from=NOW - 50 * HOUR),
            ]
        )
        numbered = [
            (number, item) if isinstance(item, CountRow) else RowProblem(number, item)
            for number, item in zip(counting(1), rows, strict=False)
        ]
        report = ingest_counts(ports, TENANT, numbered)
        refused = {problem.row for problem in report.problems}
        good = [item for number, item in enumerate(rows, start=1) if number not in refused]
        assert report.accepted + report.rejected == len(rows)
        assert (report.accepted, report.rejected) == (len(good), len(refused))
        last = {
            (one.stairwell, one.space, one.sensor, one.time): one.count for one in good if isinstance(one, CountRow)
        }
        assert sum(stored(ports).values()) == sum(last.values())
