"""A simulated town behind the API, over stores in memory and over SQLite, and a client for a key of every role."""

from __future__ import annotations

import copy
import shutil
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from models.city import SimulatedCity, simulate_city
from service.api.application import create_app
from service.domain.keys import Role
from service.ports import Ports
from service.stores import memory
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from tests.api.drafts import add, entry
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

STRANGER = "grannbolaget"
"""Another tenant: nothing of ours exists for it."""


@dataclass(frozen=True)
class Town:
    """An application over stores, and how to call it."""

    ports: Ports

    @cached_property
    def app(self) -> Flask:
        return create_app(self.ports)

    @cached_property
    def tokens(self) -> dict[Role, str]:
        return {role: create_key(self.ports, role, TENANT, "test")[1] for role in Role}

    def client(self, role: Role, tenant: str = TENANT) -> FlaskClient:
        """A client that sends a key of this role."""
        token = self.tokens[role] if tenant == TENANT else create_key(self.ports, role, tenant, "test")[1]
        client = self.app.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    ingest = property(lambda self: self.client(Role.INGEST))
    reader = property(lambda self: self.client(Role.READER))
    police = property(lambda self: self.client(Role.POLICE))
    operator = property(lambda self: self.client(Role.OPERATOR))
    auditor = property(lambda self: self.client(Role.AUDITOR))


def memory_ports(folder: Path, **overrides: object) -> Ports:
    """Ports over stores in memory; model versions stay in their folder."""
    ports = sqlite_ports(folder, **overrides)
    tables = memory.MemoryTables()
    counts, readings = memory.MemoryCountStore(), memory.MemoryReadingStore()
    deliveries, audit = memory.MemoryDeliveryStore(), memory.MemoryAuditLog()
    return Ports(
        settings=ports.settings,
        clock=ports.clock,
        registry=ports.registry,
        register=memory.MemoryPlacesRegister(),
        counts=counts,
        readings=readings,
        sensors=memory.MemorySensorStore(),
        verdicts=memory.MemoryVerdictStore(tables),
        state=memory.MemoryStateStore(tables),
        lists=memory.MemoryHotspotListStore(),
        annotations=memory.MemoryAnnotationStore(),
        episodes=memory.MemoryEpisodeDecisionStore(),
        outcomes=memory.MemoryOutcomeStore(),
        deliveries=deliveries,
        mail=ports.mail,
        webhooks=ports.webhooks,
        keys=memory.MemoryKeyStore(),
        requests=memory.MemoryRequestCounter(),
        session_secret=memory.MemorySessionSecret(),
        audit=audit,
        jobs=memory.MemoryJobStore(),
        aging=memory.aging_rows(counts, readings, tables, deliveries, audit),
    )


PORTS: dict[str, Callable[..., Ports]] = {"sqlite": sqlite_ports, "memory": memory_ports}
STORES = ("sqlite", pytest.param("memory", marks=pytest.mark.long))  # the contract holds them to the same answers
_SCORED: dict[str, Ports] = {}
"""The town over stores of each kind, as it is copied; nobody changes it."""


@cache
def six_weeks() -> SimulatedCity:
    """Of a few stairwells, long enough for anomalies and a list."""
    return simulate_city(5, stairwells=10, weeks=6)


@pytest.fixture(scope="session")
def city() -> SimulatedCity:
    return six_weeks()


@pytest.fixture(params=STORES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    """A service to which nothing has come yet."""
    return Town(PORTS[request.param](tmp_path))


@pytest.fixture(scope="session", params=STORES)
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A service that has scored everything and a draft; tests read it, those that write take ``own_town``."""
    return Town(scored_ports(request.param, tmp_path_factory))


@pytest.fixture(params=STORES)
def own_town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The same, for one test alone."""
    return Town(scored_ports(request.param, tmp_path_factory))


def scored_ports(kind: str, factory: pytest.TempPathFactory, **overrides: object) -> Ports:
    """The town of ``city``, scored, with a draft, over stores of its own; the clock shows its end."""
    if kind not in _SCORED:
        _SCORED[kind] = _scored(kind, factory.mktemp("scored"))
    held = _SCORED[kind]
    now, folder = held.clock.now(), factory.mktemp("town")
    if kind == "sqlite":
        shutil.copytree(held.settings.data_dir, folder, dirs_exist_ok=True)
        return sqlite_ports(folder, now, **overrides)
    stores = {one.name: getattr(held, one.name) for one in fields(Ports)}
    ours = {name: store for name, store in stores.items() if type(store).__module__.startswith(memory.__name__)}
    locks = {id(store._lock): threading.RLock() for store in ours.values() if hasattr(store, "_lock")}
    return replace(memory_ports(folder, now=now, **overrides), **copy.deepcopy(ours | {"aging": held.aging}, locks))


def _scored(kind: str, folder: Path) -> Ports:
    """Register, store and score the town, with a draft."""
    city = six_weeks()
    ports = PORTS[kind](folder, now=end_of(city))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    add(ports, "2025-01-01-001", entry())
    return ports


def body(response: object) -> dict[str, object]:
    """The JSON of a response."""
    decoded: dict[str, object] = msgspec.json.decode(response.data)  # type: ignore[attr-defined]
    return decoded


@contextmanager
def served(app: Flask, encrypted: ssl.SSLContext | None = None, *, threaded: bool = True) -> Iterator[str]:
    """The application behind a real socket; its address.

    Each request has a thread, and so connections of its own to the stores, unless only one comes at a time.
    """
    server = make_server("127.0.0.1", 0, app, threaded=threaded, ssl_context=encrypted)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"{'https' if encrypted else 'http'}://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
