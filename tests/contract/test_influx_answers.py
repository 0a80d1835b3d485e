"""Answers that a real InfluxDB 2.9 gave to ``record_answers`` are read as what was written; needs no server."""

from __future__ import annotations

import pytest

from service.stores.influx.annotated_csv import Answer
from tests.contract.record_answers import ANSWERS, LINES, QUERIES

START = 1_793_491_200
HOUR = 3600
PLACES = {
    "tenant": ["norrbo"] * 3,
    "stairwell": ["A", 'Kv. "3", B', "C"],
    "space": ["attic", "vi\\nd", ""],
    "kind": ["", "", "stairwell"],
}


def recorded(name: str) -> Answer:
    return Answer((ANSWERS / f"{name}.csv").read_bytes())


def test_every_query_has_its_answer() -> None:
    assert {path.stem for path in ANSWERS.glob("*.csv")} == set(QUERIES)


@pytest.mark.parametrize(
    ("name", "seconds", "counts"),
    [
        ("points", [60, 120, HOUR + 60, HOUR, 2 * HOUR], [3, 4, 0, 12, 1]),
        ("windows", [0, 0, HOUR, HOUR, 2 * HOUR], [3, 4, 0, 12, 1]),
        ("fractions", [60, 120, HOUR + 60, HOUR, 2 * HOUR], [4, 6, 0, 18, 1]),
    ],
)
def test_times_counts_and_places_are_read(name: str, seconds: list[int], counts: list[int]) -> None:
    """Whole and broken seconds, whole and broken numbers, names in quotes, tables under headers of their own."""
    answer = recorded(name)
    assert (answer.seconds("_time") - START).tolist() == seconds
    assert answer.integers("_value").tolist() == counts
    places, table = answer.tables(list(PLACES))
    assert places == PLACES
    assert table.tolist() == [0, 0, 1, 2, 2]
    rows = answer.columns(["_time", *PLACES])
    assert all(rows[tag] == [PLACES[tag][one] for one in table] for tag in PLACES)


def test_fractions_are_read_whole() -> None:
    """As floats, whatever columns each table has, and whole numbers too."""
    assert recorded("fractions").floats("_value").tolist() == [4.5, 6.0, 0.0, 18.0, 1.5]
    assert recorded("points").floats("_value").tolist() == [3.0, 4.0, 0.0, 12.0, 1.0]


def test_nanoseconds_are_those_written() -> None:
    times = recorded("points").nanoseconds("_time").tolist()
    assert sorted(times) == sorted(int(line.split()[-1]) for line in LINES)


def test_an_answer_without_rows_is_empty() -> None:
    answer = recorded("nothing")
    assert answer.columns(["_value"]) == {"_value": []}
    assert len(answer.seconds("_time")) == len(answer.integers("_value")) == len(answer.floats("_value")) == 0
    assert len(answer.tables(["space"])[1]) == 0
