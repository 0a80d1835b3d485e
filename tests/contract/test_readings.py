"""The contract of the reading store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from service.domain.counts import ReadingPoints
from service.errors import StoreError
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import COUNTS
from tests.contract.stores import HOUR, Stores, numbers, points, sqlite_stores


def readings(rows: list[tuple[int, int, int, int]]) -> ReadingPoints:
    """Columns of (series, source, time, value)."""
    return ReadingPoints(*(numbers([row[column] for row in rows]) for column in range(4)))


def test_readings_come_back_by_time(embedded: Stores) -> None:
    """Those of one sensor in one series, in a half-open interval; the newest of equal keys."""
    with embedded.readings.transaction():
        embedded.readings.put(readings([(1, 7, 30, 3), (1, 7, 10, 1), (1, 8, 15, 9), (2, 7, 15, 9), (1, 7, 20, 2)]))
        embedded.readings.put(readings([(1, 7, 20, 5)]))
    assert embedded.readings.read(1, 7, 0, 100) == [(10, 1), (20, 5), (30, 3)]
    assert embedded.readings.read(1, 7, 10, 30) == [(10, 1), (20, 5)]
    assert embedded.readings.read(1, 9, 0, 100) == []


def test_neighbours_are_the_nearest_outside(embedded: Stores) -> None:
    """Of the same sensor and series."""
    with embedded.readings.transaction():
        embedded.readings.put(readings([(1, 7, time, 0) for time in (10, 20, 30, 40)] + [(1, 8, 25, 0)]))
    assert embedded.readings.neighbours(1, 7, 20, 30) == (10, 30)
    assert embedded.readings.neighbours(1, 7, 10, 41) == (None, None)
    assert embedded.readings.neighbours(3, 7, 10, 41) == (None, None)


def test_readings_and_their_counts_are_kept_together_or_not_at_all(tmp_path: Path) -> None:
    """Where both are embedded they share a transaction."""
    stores = sqlite_stores(tmp_path)

    def keep_both() -> None:
        with stores.readings.transaction():
            stores.readings.put(readings([(1, 7, 10, 1)]))
            stores.counts.append(points([(1, 0, -1, 7)]))

    with pytest.raises(StoreError, match="CHECK"):
        keep_both()
    assert stores.readings.read(1, 7, 0, 100) == []


def test_a_file_from_before_readings_keeps_its_counts(tmp_path: Path) -> None:
    """It gets the table of readings the first time it is opened."""
    old = Database(tmp_path / "counts.db", COUNTS[:1])
    old.execute("INSERT INTO count VALUES (10, 1, 0, 0, 4)")
    old.close()
    stores = sqlite_stores(tmp_path)
    with stores.readings.transaction():
        stores.readings.put(readings([(1, 7, 10, 1)]))
    assert stores.counts.read(10 * HOUR, 11 * HOUR, HOUR).counts.tolist() == [4]
    with sqlite3.connect(tmp_path / "counts.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (len(COUNTS),)
