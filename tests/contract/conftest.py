"""Fresh stores of every kind. Those over InfluxDB run where a server is named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from service.stores.influx import connection
from tests.contract.influx import InfluxServer
from tests.contract.stores import Stores, memory_stores, sqlite_stores

SERVER = ("TRAPPVAKT_TEST_INFLUXDB_URL", "TRAPPVAKT_TEST_INFLUXDB_TOKEN", "TRAPPVAKT_TEST_INFLUXDB_ORG")
INFLUX = pytest.param("influx", marks=pytest.mark.influx)

FreshStores = Callable[[], Stores]


def named_server() -> list[str]:
    """Address, token and organisation of the InfluxDB to test with; empty where the environment names none."""
    return [os.environ.get(name, "") for name in SERVER]


@pytest.fixture(scope="session")
def influx_server() -> Iterator[InfluxServer]:
    """The server that the environment names, without the buckets made on it once the tests are over."""
    if not all(named_server()):
        pytest.skip(f"no InfluxDB 2 to test with: set {', '.join(SERVER)}")
    server = InfluxServer(*named_server())
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "memory", INFLUX])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> FreshStores:
    """Makes empty stores, as often as it is called."""
    return _maker(request, request.param, tmp_path)


@pytest.fixture(params=["sqlite", "memory"])
def fresh_embedded(request: pytest.FixtureRequest, tmp_path: Path) -> FreshStores:
    """The same, for ports that are never behind InfluxDB."""
    return _maker(request, request.param, tmp_path)


def _maker(request: pytest.FixtureRequest, kind: str, folder: Path) -> FreshStores:
    if kind == "memory":
        return memory_stores
    number = count()
    if kind == "sqlite":
        return lambda: sqlite_stores(folder / str(next(number)))
    server: InfluxServer = request.getfixturevalue("influx_server")
    return lambda: server.stores(folder / str(next(number)))


@pytest.fixture
def stores(fresh: FreshStores) -> Stores:
    """One set of empty stores."""
    return fresh()


@pytest.fixture
def embedded(fresh_embedded: FreshStores) -> Stores:
    """One set of empty stores that are never behind InfluxDB."""
    return fresh_embedded()


@pytest.fixture
def tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As often as ever, but without the waits, for tests of what is said in the end."""
    monkeypatch.setattr(connection, "_PATIENT", connection._PATIENT.new(backoff_factor=0.0))
