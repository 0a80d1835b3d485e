"""Ingest: what is stored, what is refused and why, in memory and in SQLite."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count as counting
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.places import Kind, PlaceRow, Semantics
from service.domain.readings import MAX_COUNT, CountRow
from service.errors import RowProblem
from service.ingest.line_protocol import read_lines
from service.ports import Ports
from service.stores.memory import MemoryCountStore, MemoryPlacesRegister, MemoryReadingStore
from service.usecases.intake import ingest
from service.usecases.intake.ingest import IngestReport, ingest_columns, ingest_counts
from tests.worlds import TENANT, sqlite_ports

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ports_of(kind: str, folder: Path, mode: str = "learning") -> Ports:
    """Ports over fresh stores."""
    ports = sqlite_ports(folder, NOW, places__mode=mode)
    if kind == "sqlite":
        return ports
    return replace(ports, register=MemoryPlacesRegister(), counts=MemoryCountStore(), readings=MemoryReadingStore())


@pytest.fixture(params=["memory", "sqlite"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ports(kind: str, tmp_path: Path) -> Ports:
    return ports_of(kind, tmp_path)


@pytest.fixture
def strict(kind: str, tmp_path: Path) -> Ports:
    return ports_of(kind, tmp_path, mode="strict")


def row(stairwell: str = "A", *, time: datetime = NOW - HOUR, count: int = 1, **more: object) -> CountRow:
    return CountRow(stairwell=stairwell, time=time, count=count, **more)


def place(stairwell: str = "A", space: str = "cellar", **more: object) -> PlaceRow:
    return PlaceRow(
        tenant=TENANT,
        area="Norrby",
        property="P",
        building="B",
        stairwell=stairwell,
        space=space,
        kind=Kind.CELLAR,
        **more,
    )


def take(ports: Ports, *rows: CountRow, **more: bool) -> IngestReport:
    return ingest_counts(ports, TENANT, enumerate(rows, start=1), **more)


def stored(ports: Ports) -> dict[tuple[int, int], int]:
    """Every count by (series, start of the hour)."""
    start, end = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    windows = ports.counts.read(start, end, 3600)
    return dict(
        zip(zip(windows.series.tolist(), windows.starts.tolist(), strict=True), windows.counts.tolist(), strict=True)
    )


def refusal(report: IngestReport) -> str:
    """The message of the one row that was refused."""
    assert (report.accepted, report.rejected, len(report.problems)) == (0, 1, 1)
    return report.problems[0].message


def test_counts_are_stored_where_and_when_they_belong(ports: Ports) -> None:
    report = take(ports, row(count=3), row("A", space="cellar", count=2), row("B", count=0))
    assert report == IngestReport(accepted=3)
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


def test_learning_takes_the_kind_from_the_row_then_from_the_name(ports: Ports) -> None:
    take(ports, row(space="loft", kind=Kind.ATTIC), row(space="garage"), row(space="bikes"), row())
    kinds = {one.space: one.kind for one in ports.register.series(TENANT)}
    assert kinds == {"loft": "attic", "garage": "garage", "bikes": "other", "stairwell": "stairwell"}


def test_a_bad_row_teaches_the_register_nothing(ports: Ports) -> None:
    take(ports, row("A", count=-1), row("B", time=NOW + HOUR))
    assert ports.register.series(TENANT) == []


def test_strict_mode_refuses_what_the_register_does_not_know(strict: Ports) -> None:
    strict.register.put([place("A", "cellar")])
    report = take(strict, row("A", space="cellar"), row("A", space="attic"), row("B", space="cellar"))
    assert (report.accepted, report.rejected) == (1, 2)
    assert report.problems[0] == RowProblem(
        2,
        "stairwell 'A' has no space 'attic' in the register; import it with its place, or set places.mode to learning",
    )
    assert len(strict.register.series(TENANT)) == 1


def test_a_place_is_known_as_soon_as_it_is_imported(strict: Ports) -> None:
    assert take(strict, row("A", space="cellar")).accepted == 0
    strict.register.put([place("A", "cellar")])
    assert take(strict, row("A", space="cellar")).accepted == 1


def test_one_tenants_places_are_unknown_to_another(strict: Ports) -> None:
    strict.register.put([place("A", "cellar")])
    assert ingest_counts(strict, "other", [(1, row("A", space="cellar"))]).accepted == 0


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


def test_the_future_may_be_allowed(ports: Ports) -> None:
    assert take(ports, row(time=NOW + HOUR), allow_past_only=False).accepted == 1


def test_a_sensor_counts_only_where_and_while_it_is_registered(ports: Ports) -> None:
    moved = NOW - timedelta(days=2)
    ports.register.put(
        [
            place("A", sensor="s1", valid_from=NOW - timedelta(days=9), valid_to=moved),
            place("B", sensor="s1", valid_from=moved),
        ]
    )
    before, after = moved - HOUR, moved
    report = take(
        ports,
        row("A", space="cellar", sensor="s1", time=before),
        row("A", space="cellar", sensor="s1", time=after),
        row("B", space="cellar", sensor="s1", time=before),
        row("B", space="cellar", sensor="s1", time=after),
        row("C", space="cellar", sensor="s1", time=after),
    )
    assert (report.accepted, report.rejected) == (2, 3)
    assert [str(problem).partition("; ")[0] for problem in report.problems] == [
        "row 2: sensor 's1' did not count in A/cellar at 2026-11-20T18:00:00Z",
        "row 3: sensor 's1' did not count in B/cellar at 2026-11-20T17:00:00Z",
        "row 5: sensor 's1' is in B/cellar",
    ]


def test_a_sensor_that_came_back_counts_in_both_intervals(ports: Ports) -> None:
    days = [NOW - timedelta(days=number) for number in range(10)]
    ports.register.put(
        [
            place(sensor="s1", valid_from=days[9], valid_to=days[6]),
            place(sensor="s1", valid_from=days[3], valid_to=None),
        ]
    )
    report = take(ports, *(row(space="cellar", sensor="s1", time=day) for day in (days[7], days[5], days[1])))
    assert [problem.row for problem in report.problems] == [2]


@pytest.mark.parametrize(
    ("semantics", "count", "message"),
    [
        (Semantics.CUMULATIVE, 2**53 + 1, "the counter is broken"),
        (Semantics.OCCUPIED, 2, "the reading is 2, but the sensor says 1 when somebody is there"),
        (Semantics.PRESENCE, 86_401, "the presence lasts 86401 seconds, more than a day"),
    ],
)
def test_a_number_must_mean_something_in_the_semantics_of_its_sensor(
    ports: Ports, semantics: Semantics, count: int, message: str
) -> None:
    ports.register.put([place(sensor="s1", semantics=semantics)])
    assert message in refusal(take(ports, row(space="cellar", sensor="s1", count=count)))
    assert take(ports, row(space="cellar", sensor="s1", count=1)).accepted == 1


def test_a_kind_that_contradicts_the_register_is_told(ports: Ports) -> None:
    """Other is what a space is taken for when nobody says, so it contradicts nothing."""
    ports.register.put([place()])
    for kind in (None, Kind.CELLAR, Kind.OTHER):
        assert take(ports, row(space="cellar", kind=kind)).accepted == 1
    message = refusal(take(ports, row(space="cellar", kind=Kind.ATTIC)))
    assert message == (
        "the kind is attic, but A/cellar is registered as cellar; correct the row, or import the place with its kind"
    )


def test_a_space_is_learnt_with_the_kind_that_some_row_says(ports: Ports) -> None:
    assert take(ports, row(space="Kvarnen"), row(space="Kvarnen", kind=Kind.CELLAR)).accepted == 2
    assert [one.kind for one in ports.register.series(TENANT)] == [Kind.CELLAR]


def test_a_sensor_the_register_does_not_know(ports: Ports, strict: Ports) -> None:
    """Learning takes it, strict does not."""
    assert take(ports, row(sensor="new")).accepted == 1
    strict.register.put([place()])
    assert "sensor 'new' is not in the register" in refusal(take(strict, row(space="cellar", sensor="new")))


def test_the_tenant_of_a_line_must_be_that_of_the_key(ports: Ports) -> None:
    body = f"presence,stairwell=A,tenant={TENANT} count=1i\npresence,stairwell=B,tenant=other count=1i"
    report = ingest_columns(ports, TENANT, read_lines(body.encode(), now=NOW))
    assert report.accepted == 1
    assert str(report.problems[0]) == f"row 2: the tenant is 'other', but the key belongs to {TENANT!r}"
    assert [one.stairwell for one in ports.register.series(TENANT)] == ["A"]


def test_problems_beyond_the_first_hundred_are_counted(ports: Ports) -> None:
    report = take(ports, *(row(count=-1 if number % 2 else 1) for number in range(1000)))
    assert (report.accepted, report.rejected, len(report.problems)) == (500, 500, 100)
    assert [problem.row for problem in report.problems] == list(range(2, 202, 2))


def test_long_input_is_stored_in_batches(ports: Ports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "BATCH_ROWS", 7)
    rows = [row(time=NOW - number * HOUR, count=number) for number in range(1, 31)]
    assert take(ports, *rows) == IngestReport(accepted=30)
    assert sorted(stored(ports).values()) == list(range(1, 31))


def test_an_empty_input_is_an_empty_report(ports: Ports) -> None:
    assert take(ports) == IngestReport()
    assert ingest_columns(ports, TENANT, read_lines(b"", now=NOW)) == IngestReport()


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
@settings(max_examples=60, deadline=None)
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
