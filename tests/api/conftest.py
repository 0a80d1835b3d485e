"""A simulated town behind the API, over stores in memory and over SQLite, and a client for a key of every role."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
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


@pytest.fixture(scope="session")
def city() -> SimulatedCity:
    """Six weeks of a few stairwells, long enough for anomalies and a list."""
    return simulate_city(5, stairwells=10, weeks=6)


@pytest.fixture(params=PORTS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Town:
    """A service to which nothing has come yet."""
    return Town(PORTS[request.param](tmp_path))


@pytest.fixture(scope="session", params=PORTS)
def town(request: pytest.FixtureRequest, city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A service that has scored everything and a draft; tests read it, those that write take ``empty``."""
    return scored_town(PORTS[request.param](tmp_path_factory.mktemp("town"), now=end_of(city)), city)


def scored_town(ports: Ports, city: SimulatedCity) -> Town:
    """Register, store and score the town, with a draft."""
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    add(ports, "2025-01-01-001", entry())
    return Town(ports)


def body(response: object) -> dict[str, object]:
    """The JSON of a response."""
    decoded: dict[str, object] = msgspec.json.decode(response.data)  # type: ignore[attr-defined]
    return decoded


@contextmanager
def served(app: Flask, encrypted: ssl.SSLContext | None = None) -> Iterator[str]:
    """The application behind a real socket; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=encrypted)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"{'https' if encrypted else 'http'}://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
