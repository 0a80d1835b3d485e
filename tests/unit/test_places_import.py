"""Import of places: what the register takes, in memory and in SQLite."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.places import Kind, PlaceRow
from service.errors import RowProblem
from service.ingest.places_files import read_places_csv
from service.ports import Ports
from service.stores.memory import MemoryPlacesRegister
from service.usecases.intake.places import import_places
from service.usecases.rows import RowsReport
from tests.worlds import TENANT, sqlite_ports

EXAMPLE = Path(__file__).parents[2] / "config" / "places.example.csv"
MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]


@pytest.fixture(params=["memory", "sqlite"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Ports:
    fresh = sqlite_ports(tmp_path)
    return fresh if request.param == "sqlite" else replace(fresh, register=MemoryPlacesRegister())


def place(stairwell: str = "A", building: str = "B", tenant: str = TENANT, **more: object) -> PlaceRow:
    return PlaceRow(
        tenant=tenant,
        area="Norrby",
        property="P",
        building=building,
        stairwell=stairwell,
        space="cellar",
        kind=Kind.CELLAR,
        **more,
    )


def take(ports: Ports, *rows: PlaceRow, tenant: str | None = None) -> RowsReport:
    return import_places(ports, enumerate(rows, start=1), tenant=tenant)


def test_the_example_is_taken_twice_without_a_change(ports: Ports) -> None:
    for _ in range(2):
        with EXAMPLE.open("rb") as stream:
            assert import_places(ports, read_places_csv(stream, "Europe/Stockholm")) == RowsReport(accepted=6)
        found = ports.register.stairwells("example-homes")
        assert [one.stairwell for one in found] == ["LARKAN-1A", "LARKAN-1B", "SVALAN-4"]
        assert sum(len(space.sensors) for one in found for space in one.spaces) == 5


def test_a_row_in_conflict_is_told_and_the_others_are_taken(ports: Ports) -> None:
    rows = [place(f"S{number}") for number in range(20)]
    rows[7] = place("S3", building="another")
    rows[13] = place("S13", sensor="s", valid_from=MONTHS[0])
    rows[17] = place("S17", sensor="s", valid_from=MONTHS[2])
    report = take(ports, *rows)
    assert (report.accepted, report.rejected) == (18, 2)
    assert [problem.row for problem in report.problems] == [8, 18]
    assert "cannot move to Norrby/P/another" in report.problems[0].message
    assert "sensor s would be in two places" in report.problems[1].message
    assert len(ports.register.series(TENANT)) == 18


def test_a_sensor_is_moved_by_ending_its_interval(ports: Ports) -> None:
    """Whatever the order of the rows, and whatever else is wrong in the file."""
    take(ports, place("A", sensor="s", valid_from=MONTHS[0]))
    moved = place("B", sensor="s", valid_from=MONTHS[5])
    ended = place("A", sensor="s", valid_from=MONTHS[0], valid_to=MONTHS[5])
    report = take(ports, moved, place("A", building="another"), ended)
    assert [problem.row for problem in report.problems] == [2]
    sensors = [space.sensors for one in ports.register.stairwells(TENANT) for space in one.spaces]
    assert [(one.valid_from, one.valid_to) for (one,) in sensors] == [(MONTHS[0], MONTHS[5]), (MONTHS[5], None)]


def test_another_tenants_places_are_not_touched(ports: Ports) -> None:
    report = take(ports, place("A"), place("A", tenant="other"), tenant=TENANT)
    assert (report.accepted, report.rejected) == (1, 1)
    assert str(report.problems[0]) == f"row 2: the tenant is 'other', but the key belongs to {TENANT!r}"
    assert ports.register.series("other") == []


def test_rows_that_could_not_be_read_are_told_in_order(ports: Ports) -> None:
    unreadable = [RowProblem(number, "unreadable") for number in range(2, 152)]
    report = import_places(ports, [(1, place("A")), *unreadable, (152, place("A", building="another"))])
    assert (report.accepted, report.rejected, len(report.problems)) == (1, 151, 100)
    assert [problem.row for problem in report.problems] == list(range(2, 102))


rows_strategy = st.lists(
    st.builds(
        lambda stairwell, building, sensor, months: place(
            stairwell,
            building,
            sensor=sensor,
            valid_from=MONTHS[min(months)] if sensor else None,
            valid_to=MONTHS[max(months)] if sensor and len(set(months)) == 2 else None,
        ),
        st.sampled_from("ABC"),
        st.sampled_from("XY"),
        st.sampled_from([None, "s1", "s2"]),
        st.tuples(st.integers(0, 11), st.integers(0, 11)),
    ),
    max_size=12,
)


@settings(max_examples=30)
@given(rows=rows_strategy)
def test_every_row_is_accepted_or_rejected(rows: list[PlaceRow], tmp_path_factory: pytest.TempPathFactory) -> None:
    """And the register knows the stairwells of the accepted rows, and no others."""
    ports = replace(sqlite_ports(tmp_path_factory.mktemp("places")), register=MemoryPlacesRegister())
    report = take(ports, *rows)
    assert report.accepted + report.rejected == len(rows)
    refused = {problem.row for problem in report.problems}
    taken = [row for number, row in enumerate(rows, start=1) if number not in refused]
    known = {(one.stairwell, one.building.building) for one in ports.register.stairwells(TENANT)}
    assert known == {(row.stairwell, row.building) for row in taken}
