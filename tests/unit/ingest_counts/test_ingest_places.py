"""Counts of places and sensors, known or learnt: where and while they are registered, as what, for whom."""

from datetime import timedelta
from pathlib import Path

import pytest

from service.domain.places import Kind, Semantics
from service.errors import RowProblem
from service.ingest.line_protocol import read_lines
from service.ports import Ports
from service.usecases.intake.ingest import ingest_columns, ingest_counts
from service.usecases.rows import RowsReport
from tests.unit.ingest_counts.senders import HOUR, NOW, place, ports_of, row, take
from tests.worlds import TENANT


def refusal(report: RowsReport) -> str:
    """The message of the one row that was refused."""
    assert (report.accepted, report.rejected, len(report.problems)) == (0, 1, 1)
    return report.problems[0].message


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


def test_new_sensors_of_a_batch_are_committed_together(tmp_path: Path) -> None:
    """A commit each took a batch of 5,000 from sensors that nobody had heard of twenty seconds."""
    ports, journal = ports_of("sqlite", tmp_path), tmp_path / "register.db-wal"
    rows = [row(f"S{number}", sensor=f"s{number}") for number in range(50)]
    ports.register.learn(TENANT, [(one.stairwell, one.space, Kind.OTHER) for one in rows])
    before = commits(journal)
    assert take(ports, *rows).accepted == 50
    assert commits(journal) == before + 1


def commits(journal: Path) -> int:
    """How many commits a log of SQLite holds: the frames that say how large the file is after them."""
    content = journal.read_bytes()
    page_size = int.from_bytes(content[8:12], "big")
    frames = range(32, len(content), 24 + page_size)
    return sum(content[start + 4 : start + 8] != bytes(4) for start in frames)


def test_one_tenants_places_are_unknown_to_another(strict: Ports) -> None:
    strict.register.put([place("A", "cellar")])
    assert ingest_counts(strict, "other", [(1, row("A", space="cellar"))]).accepted == 0


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
