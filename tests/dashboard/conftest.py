"""The site over a simulated town, and people who have signed in to it."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.city import SimulatedCity
from service.domain.hotspots import HotspotEntry
from service.domain.keys import Role
from service.domain.places import PlaceRow
from service.ports import Ports
from service.site import create_site
from service.usecases.keys import create_key
from tests.api.conftest import PORTS, STORES, Town, memory_ports, scored_ports, six_weeks
from tests.api.drafts import add, entry
from tests.worlds import TENANT

READERS = (Role.READER, Role.POLICE, Role.OPERATOR)


class Site(Town):
    """A town with its pages."""

    @cached_property
    def app(self) -> Flask:
        return create_site(self.ports)

    def person(self, role: Role, tenant: str = TENANT, language: str = "en") -> Person:
        """Somebody who has signed in with a key of this role."""
        token = self.tokens[role] if tenant == TENANT else create_key(self.ports, role, tenant, "test")[1]
        one = Person(self.app.test_client(), language)
        one.sign_in(token)
        return one


class Person:
    """Somebody at a browser: reads pages, and sends their forms."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language

    def read(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        response = self.client.get(path)
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.text

    def send(self, path: str, status: int = 303, **fields: object) -> str:
        """Send a form with its token; where it leads, or the page that it is answered with."""
        response = self.client.post(path, data={"token": self.token(), **fields})
        assert response.status_code == status, (path, response.status_code, response.text)
        return response.location if status == 303 else response.text

    def sign_in(self, token: str, status: int = 303, **fields: object) -> str:
        return self.send("/sign-in", status, key=token, **fields)

    def token(self) -> str:
        """Of the forms of this session."""
        page = self.client.get("/lists", follow_redirects=True).text
        found = re.search(r'name="token" value="([^"]+)"', page)
        assert found, page
        return found[1]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site to which nothing has come yet."""
    return Site(memory_ports(tmp_path))


@pytest.fixture(params=STORES)
def any_site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """The same, over stores of either kind."""
    return Site(PORTS[request.param](tmp_path))


@pytest.fixture(scope="session")
def city() -> SimulatedCity:
    return six_weeks()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site over a town that is scored; tests that write take ``site``."""
    return Site(scored_ports("memory", tmp_path_factory))


def with_draft(site: Site, list_id: str = "2026-11-01-001", entries: int = 3) -> list[HotspotEntry]:
    """Add a draft, of entries that nobody can mistake for each other."""
    made = [
        entry(rank=rank, address=f"Kvarngatan {rank}", stairwell=f"kvarnen-{rank}") for rank in range(1, entries + 1)
    ]
    site.ports.register.put(
        PlaceRow(tenant=TENANT, area="Norra", property="Kvarnen", building="k", stairwell=one.stairwell, space="cellar")
        for one in made
    )
    add(site.ports, list_id, *made)
    return made


def marks(**reasons: str) -> dict[str, object]:
    """The fields that hold entries back: ``marks(r2="...")``."""
    ranks = [name.removeprefix("r") for name in reasons]
    return {"hold": ranks, **{f"why-{rank}": reasons[f"r{rank}"] for rank in ranks}}


def approved(ports: Ports, list_id: str = "2026-11-01-001") -> str:
    """The status of a list."""
    return ports.lists.get(TENANT, list_id)[0].status.value
