"""The contract of the counter of requests."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from service.ports.access import RequestCounter
from service.stores.memory import MemoryRequestCounter
from service.stores.sqlite.connection import Database
from service.stores.sqlite.requests import SqliteRequestCounter
from service.stores.sqlite.schema import REQUESTS


def in_file(folder: Path) -> RequestCounter:
    return SqliteRequestCounter(Database(folder / "requests.db", REQUESTS, durable=False))


@pytest.fixture(params=["sqlite", "memory"])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> RequestCounter:
    return in_file(tmp_path) if request.param == "sqlite" else MemoryRequestCounter()


def test_each_key_and_policy_is_counted_by_itself(counter: RequestCounter) -> None:
    """From one, in every window anew."""
    assert [counter.count("a", "writes", 7) for _ in range(3)] == [1, 2, 3]
    assert counter.count("b", "writes", 7) == counter.count("a", "requests", 7) == 1
    assert [counter.count("a", "writes", 8) for _ in range(2)] == [1, 2]


def count_many(folder: Path, times: int) -> list[int]:
    return [in_file(folder).count("a", "writes", 7) for _ in range(times)]


def test_processes_count_together(tmp_path: Path) -> None:
    """Every number once, whoever counts."""
    with multiprocessing.get_context("spawn").Pool(2) as processes:
        counted = processes.starmap(count_many, [(tmp_path, 100)] * 2)
    assert sorted(counted[0] + counted[1]) == list(range(1, 201))


def test_commits_are_not_synced(tmp_path: Path) -> None:
    """A request that reads is not to wait for the disk; another process may open the file nevertheless."""
    database = Database(tmp_path / "requests.db", REQUESTS, durable=False)
    assert database.rows("PRAGMA synchronous") == [(1,)]
    rebuilt, (path, migrations) = database.__reduce__()
    assert rebuilt(path, migrations).rows("PRAGMA synchronous") == [(1,)]
