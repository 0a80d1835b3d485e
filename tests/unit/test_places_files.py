"""Places from CSV and JSON: what is read, and what is said of the rest."""

import io
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.domain.places import Kind, Liveness, PlaceRow, Semantics
from service.errors import InvalidInput, RowProblem
from service.ingest.places_files import COLUMNS, read_places_csv, read_places_json

STOCKHOLM = "Europe/Stockholm"
HEADER = ",".join(COLUMNS)
REQUIRED, OPTIONAL = COLUMNS[:6], COLUMNS[6:]
GOOD = {
    "tenant": "t",
    "area": "Norrby",
    "property": "P",
    "building": "B",
    "stairwell": "A",
    "space": "cellar",
    "kind": "cellar",
}
EXAMPLE = Path(__file__).parents[2] / "config" / "places.example.csv"


def read(text: str) -> list[tuple[int, PlaceRow] | RowProblem]:
    return list(read_places_csv(io.BytesIO(text.encode()), STOCKHOLM))


def only(items: list[tuple[int, PlaceRow] | RowProblem]) -> PlaceRow:
    """The one row that was read."""
    (item,) = items
    assert isinstance(item, tuple), item
    return item[1]


def test_the_example_is_read_without_a_problem() -> None:
    with EXAMPLE.open("rb") as stream:
        items = list(read_places_csv(stream, STOCKHOLM))
    rows = [item[1] for item in items if isinstance(item, tuple)]
    assert len(rows) == len(items) == 6
    assert rows[0].address == "Exempelgatan 1, 100 00 Stockholm"
    assert (rows[3].kind, rows[3].liveness) == (Kind.ATTIC, Liveness.ASSUMED)
    assert rows[1].valid_to == rows[2].valid_from == datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_the_sign_for_every_tenant_is_no_tenant() -> None:
    """It would see what belongs to others."""
    (bad,) = read(f"{HEADER}\n*,Norrby,P,B,A,cellar{',' * len(OPTIONAL)}\n")
    assert isinstance(bad, RowProblem)
    assert "'*' stands for every tenant" in bad.message
    (bad,) = read_places_json(json.dumps({"places": [{**GOOD, "tenant": " * "}]}).encode(), STOCKHOLM)
    assert isinstance(bad, RowProblem)


def test_empty_cells_are_left_at_their_defaults() -> None:
    row = only(read(f"{HEADER}\nt,Norrby,P,B,A,cellar{',' * len(OPTIONAL)}\n"))
    assert (row.kind, row.dwellings, row.sensor, row.semantics) == (Kind.OTHER, None, None, Semantics.DELTA)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-12-01T09:00", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-07-01T00:00Z", datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_a_validity_without_an_offset_is_local(written: str, instant: datetime) -> None:
    csv_row = only(read(f"{','.join(REQUIRED)},sensor,valid_from\nt,Norrby,P,B,A,cellar,s1,{written}\n"))
    body = json.dumps({"places": [{**GOOD, "sensor": "s1", "valid_from": written}]}).encode()
    json_row = only(list(read_places_json(body, STOCKHOLM)))
    assert csv_row.valid_from == json_row.valid_from == instant


def test_degrees_may_have_a_decimal_comma() -> None:
    """As a spreadsheet in Swedish saves them."""
    header = ";".join((*REQUIRED, "latitude", "longitude", "dwellings"))
    row = only(read(f"{header}\r\nt;Norrby;P;B;A;cellar;59,33;-18,06;24\r\n"))
    assert (row.latitude, row.longitude, row.dwellings) == (59.33, -18.06, 24)


@pytest.mark.parametrize("column", ["resident", "flat", "phone", "audio"])
def test_a_column_outside_the_register_is_refused(column: str) -> None:
    """Data on persons must not slip in."""
    with pytest.raises(InvalidInput, match=f"line 1: the column '{column}' is unknown and may not be sent"):
        read_places_csv(io.BytesIO(f"{HEADER},{column}\n".encode()), STOCKHOLM)
    (problem,) = read_places_json(json.dumps({"places": [{**GOOD, column: "x"}]}).encode(), STOCKHOLM)
    assert isinstance(problem, RowProblem)
    assert problem.message.startswith(f"'{column}' is unknown and may not be sent; keys are tenant, area")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"kind": "loft"}, "kind: invalid value 'loft'; use one of stairwell, cellar, attic"),
        ({"sensor": "s", "semantics": "sum"}, "semantics: invalid value 'sum'; use one of delta, cumulative, occupied"),
        ({"sensor": "s", "liveness": "yes"}, "liveness: invalid value 'yes'; use one of heartbeat, assumed"),
        ({"latitude": 91, "longitude": 0}, "latitude: expected float <= 90.0"),
        ({"latitude": math.nan, "longitude": 0}, "latitude: expected float >= -90.0"),
        ({"latitude": 59.3}, "latitude and longitude go together"),
        ({"dwellings": -1}, "dwellings: expected int >= 0"),
        ({"dwellings": 1.5}, "dwellings: expected int"),
        ({"dwellings": 2**63}, "dwellings: expected int <= 100000"),
        ({"address": "x" * 201}, "address: expected str of length <= 200"),
        ({"address": "Kvarngatan\x1b[2J 3"}, "address: expected text without control characters"),
        ({"address": "Kvarngatan\x9b2J 3"}, "address: expected text without control characters"),
        ({"address": "Kvarngatan \u202e3"}, "address: expected text without control characters"),
        ({"area": "Norrby\x7f"}, "area: expected text without control characters or a backslash at its end"),
        ({"stairwell": " "}, "stairwell"),
        ({"space": "x" * 101}, "space: expected str of length <= 100"),
        ({"valid_from": "2026-01-01"}, "a validity is a sensor's; name the sensor"),
        ({"sensor": "s", "valid_from": "soon"}, "the time 'soon' is not ISO 8601"),
        ({"sensor": "s", "valid_from": "2026-03-29T02:30"}, "does not exist in Europe/Stockholm"),
        (
            {"sensor": "s", "valid_from": "2026-02-01", "valid_to": "2026-02-01"},
            "valid_to must be later than valid_from; the interval holds its start, not its end",
        ),
    ],
)
def test_a_wrong_row_is_told_and_its_neighbours_are_kept(wrong: dict[str, object], message: str) -> None:
    """The same in CSV and JSON."""
    bad = {**GOOD, **wrong}
    cells = [",".join(str(row.get(name, "")) for name in COLUMNS) for row in (GOOD, bad, GOOD)]
    for before, problem, after in (
        read("\n".join([HEADER, *cells])),
        list(read_places_json(json.dumps({"places": [GOOD, bad, GOOD]}).encode(), STOCKHOLM)),
    ):
        assert isinstance(before, tuple)
        assert isinstance(after, tuple)
        assert isinstance(problem, RowProblem)
        assert problem.row == before[0] + 1 == after[0] - 1
        assert message in problem.message


@pytest.mark.parametrize("row", [7, None, [], "x", {"tenant": "t"}, {**GOOD, "tenant": 7}, {**GOOD, "valid_from": 7}])
def test_a_json_row_of_another_form_is_told(row: object) -> None:
    (problem,) = read_places_json(json.dumps({"places": [row]}).encode(), STOCKHOLM)
    assert isinstance(problem, RowProblem)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"counts": []}', b'{"places": {}}'])
def test_a_body_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_places_json(body, STOCKHOLM)
