"""Signing in: with a key, for some hours, from pages of our own, and no longer than the key is good."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from service.dashboard.blueprint import PAGES
from service.dashboard.sessions import COOKIE
from service.domain.keys import Role
from service.usecases.keys import create_key, list_keys, revoke_key
from tests.api.conftest import memory_ports
from tests.dashboard.conftest import READERS, Person, Site
from tests.worlds import TENANT, sqlite_ports

FORMS = [page for page in PAGES if page.method == "POST"]


def cookie(response: object) -> object:
    """The session that a response gives."""
    jar = SimpleCookie()
    for line in response.headers.getlist("Set-Cookie"):  # type: ignore[attr-defined]
        jar.load(line)
    return jar[COOKIE]


def with_cookie(site: Site, value: str) -> Person:
    """Somebody whose browser sends this session."""
    client = site.app.test_client()
    client.set_cookie(COOKIE, value)
    return Person(client)


@pytest.mark.parametrize("role", READERS)
def test_a_key_opens_the_door(any_site: Site, role: Role) -> None:
    """And who has signed in is led from the door to the lists."""
    person = any_site.person(role)
    assert "Hot-spot lists" in person.read("/lists")
    for door in ("/", "/sign-in"):
        assert person.client.get(door).location == "/lists"


def test_nobody_sees_a_page_before(site: Site) -> None:
    """But is led back to it afterwards."""
    stranger = Person(site.app.test_client())
    assert stranger.client.get("/").location == "/sign-in"
    response = stranger.client.get("/stairwells/A%20B/c?x=1")
    assert response.status_code == 303
    assert response.location == "/sign-in?next=%2Fstairwells%2FA%2520B%2Fc%3Fx%3D1&told=needed"
    page = stranger.read(response.location)
    assert 'value="/stairwells/A%20B/c?x=1"' in page
    assert stranger.sign_in(site.tokens[Role.READER], next="/stairwells/A%20B/c?x=1") == "/stairwells/A%20B/c?x=1"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "javascript:alert(1)", "/\r\nX: y", "\t//e"],
)
def test_the_door_leads_nowhere_else(site: Site, elsewhere: str) -> None:
    person = Person(site.app.test_client())
    assert person.sign_in(site.tokens[Role.READER], next=elsewhere) == "/lists"


@pytest.mark.parametrize("key", ["", "tv_unknown", "å" * 10_000])
def test_other_keys_do_not(site: Site, key: str) -> None:
    """Whatever they are, it is told alike, and the key is not shown again."""
    page = Person(site.app.test_client()).sign_in(key, 403)
    assert "unknown or revoked" in page
    assert not key or key not in page


@pytest.mark.parametrize("role", [Role.INGEST, Role.AUDITOR])
def test_roles_without_a_page_are_told_so(site: Site, role: Role) -> None:
    person = Person(site.app.test_client())
    assert "its role has no pages" in person.sign_in(site.tokens[role], 403)
    assert person.client.get("/lists").location.startswith("/sign-in")


def test_the_cookie_holds_no_key(site: Site) -> None:
    """It is out of reach of scripts and of other sites, and bounded in time."""
    person = Person(site.app.test_client())
    response = person.client.post("/sign-in", data={"token": person.token(), "key": site.tokens[Role.READER]})
    given = cookie(response)
    assert site.tokens[Role.READER] not in str(given)
    assert (given["httponly"], given["samesite"], given["path"], given["max-age"]) == (True, "Strict", "/", "43200")
    assert not given["secure"]


def test_over_tls_it_stays_there(site: Site) -> None:
    person = Person(site.app.test_client())
    assert cookie(person.client.get("/sign-in", base_url="https://trappvakt.example"))["secure"]


def test_a_session_ends_after_some_hours(tmp_path: Path) -> None:
    site = Site(memory_ports(tmp_path, dashboard__session_hours=2))
    person = site.person(Role.READER)
    site.ports.clock.time += timedelta(hours=2, seconds=-1)
    person.read("/lists")
    site.ports.clock.time += timedelta(seconds=1)
    assert person.client.get("/lists").location.startswith("/sign-in")


def test_a_revoked_key_ends_its_sessions_at_once(any_site: Site) -> None:
    person, other = any_site.person(Role.OPERATOR), any_site.person(Role.READER)
    key = next(one for one in list_keys(any_site.ports) if one.role is Role.OPERATOR)
    revoke_key(any_site.ports, key.key_id)
    assert person.client.get("/lists").location.startswith("/sign-in")
    assert person.client.post("/episodes/1-2/close", data={}).location.startswith("/sign-in")
    assert person.client.get("/sign-in").status_code == 200
    other.read("/lists")


def test_a_forged_session_is_none(site: Site, tmp_path: Path) -> None:
    """Not one of another secret, not one that was changed, nor any odd text."""
    person = site.person(Role.OPERATOR)
    good = person.client.get_cookie(COOKIE).value
    stranger = Site(memory_ports(tmp_path / "another")).person(Role.OPERATOR).client.get_cookie(COOKIE).value
    middle = len(good) // 3
    changed = good[:middle] + ("A" if good[middle] != "A" else "B") + good[middle + 1 :]
    for value in (stranger, changed, good[:-1], good.rpartition(".")[0], "", "x", ".", "é", "null.AAAA"):
        client = site.app.test_client()
        client.set_cookie(COOKIE, value)
        assert client.get("/lists").location.startswith("/sign-in"), value


def test_signing_out_forgets_the_session(site: Site) -> None:
    person = site.person(Role.READER)
    assert person.send("/sign-out") == "/sign-in?told=signed_out"
    assert "You have signed out" in person.read("/sign-in?told=signed_out")
    assert person.client.get("/lists").location.startswith("/sign-in")


def test_a_copied_cookie_is_refused_after_signing_out(any_site: Site) -> None:
    """On every page, form or not; its holder is a stranger at the door. Other sessions of the key go on."""
    person, other = any_site.person(Role.OPERATOR), any_site.person(Role.OPERATOR)
    copied, token = person.client.get_cookie(COOKIE).value, person.token()
    assert with_cookie(any_site, copied).token() == token
    person.send("/sign-out")
    for page in PAGES:
        if page.roles:
            path = re.sub(r"<[^>]+>", "1", page.path)
            response = with_cookie(any_site, copied).client.open(path, method=page.method, data={"token": token})
            assert response.location.startswith("/sign-in?"), path
    assert with_cookie(any_site, copied).client.get("/sign-in").status_code == 200
    other.read("/lists")
    person.sign_in(any_site.tokens[Role.OPERATOR])
    person.read("/lists")


def test_signing_out_at_one_process_counts_at_all(tmp_path: Path) -> None:
    """At once, and after a restart: it stands in the file that they share."""
    site, running = Site(sqlite_ports(tmp_path)), Site(sqlite_ports(tmp_path))
    person = site.person(Role.READER)
    copied = person.client.get_cookie(COOKIE).value
    with_cookie(running, copied).read("/lists")
    person.send("/sign-out")
    for one in (running, Site(sqlite_ports(tmp_path))):
        assert with_cookie(one, copied).client.get("/lists").location.startswith("/sign-in")


def test_what_is_kept_of_a_session_that_was_ended_goes_away(tmp_path: Path) -> None:
    """Once it would have ended by itself; nothing is kept of those that nobody ends."""
    site = Site(sqlite_ports(tmp_path, dashboard__session_hours=2))

    def kept() -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(tmp_path / "register.db")) as register:
            return register.execute("SELECT nonce, ends FROM ended_session").fetchall()

    people = [site.person(Role.READER) for _ in range(3)]
    assert kept() == []
    nonces = [person.token() for person in people]
    ends = int(site.ports.clock.now().timestamp()) + 2 * 3600
    people[0].send("/sign-out")
    assert kept() == [(nonces[0], ends)]
    site.ports.clock.time += timedelta(hours=2, seconds=-1)
    people[1].send("/sign-out")
    assert sorted(kept()) == sorted((nonce, ends) for nonce in nonces[:2])
    late = site.person(Role.READER)
    site.ports.clock.time += timedelta(seconds=1)
    nonce = late.token()
    late.send("/sign-out")
    assert kept() == [(nonce, ends + 2 * 3600 - 1)]


def test_nobody_inherits_a_session(site: Site) -> None:
    """The token of the forms is another after signing in: who knew the one before it knows nothing."""
    person = Person(site.app.test_client())
    before = person.token()
    person.sign_in(site.tokens[Role.READER])
    assert person.token() != before


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.name)
@pytest.mark.parametrize("token", [None, "", "x", "å"])
def test_forms_of_other_sites_are_refused(site: Site, page: object, token: str | None) -> None:
    """Every form needs the token of its own session; nothing has happened without it."""
    path = page.path.replace("<int:rank>", "1").replace("<list_id>", "none").replace("<episode>", "1-2")  # type: ignore[attr-defined]
    person = site.person(Role.OPERATOR)
    fields = {"key": site.tokens[Role.READER]} | ({} if token is None else {"token": token})
    response = person.client.post(path, data=fields)
    assert response.status_code == 400
    assert "from a session that is over" in response.text
    assert {entry.action for entry in site.ports.audit.entries(TENANT)} <= {"key.create", "session.begin"}


def test_a_form_of_another_session_is_refused(site: Site) -> None:
    first, second = site.person(Role.OPERATOR), site.person(Role.OPERATOR)
    assert second.client.post("/sign-out", data={"token": first.token()}).status_code == 400


def test_signing_in_is_audited(any_site: Site) -> None:
    """Under the key, like everything that it does."""
    key, token = create_key(any_site.ports, Role.POLICE, TENANT, "analyst")
    person = Person(any_site.app.test_client())
    person.sign_in(token)
    person.send("/sign-out")
    told = [(one.actor, one.action, one.subject) for one in any_site.ports.audit.entries(TENANT)][:2]
    assert told == [(key.key_id, "session.end", key.key_id), (key.key_id, "session.begin", key.key_id)]


def test_tries_are_limited(tmp_path: Path) -> None:
    """By the address; a good key is not let in either until the minute is over, nor is another address kept out."""
    site = Site(memory_ports(tmp_path, dashboard__sign_ins_per_minute=2))
    person = Person(site.app.test_client())
    for _ in range(2):
        person.sign_in("tv_guess", 403)
    response = person.client.post("/sign-in", data={"token": person.token(), "key": site.tokens[Role.READER]})
    assert (response.status_code, int(response.headers["Retry-After"])) == (429, 60)
    assert "Wait 60 s " in response.text
    elsewhere = Person(site.app.test_client())
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.7"
    elsewhere.sign_in(site.tokens[Role.READER])
    site.ports.clock.time += timedelta(minutes=1)
    person.sign_in(site.tokens[Role.READER])


def test_pages_are_limited_like_requests(tmp_path: Path) -> None:
    site = Site(memory_ports(tmp_path, api__requests_per_minute=3))
    person = site.person(Role.READER)
    while person.client.get("/lists").status_code == 200:
        pass
    assert "Too many tries" in person.read("/lists", 429)


@pytest.mark.parametrize("path", ["/lists", "/sign-in", "/lists/none", "/episodes", "/static/none"])
def test_browsers_are_told_to_do_nothing_but_show(site: Site, path: str) -> None:
    """No script, no frame, nothing from elsewhere, no trace of the address, and no copy."""
    response = site.person(Role.READER).client.get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if not path.startswith("/static"):
        assert response.headers["Cache-Control"] == "no-store"
    assert "<script" not in response.text
    assert " style=" not in response.text


def test_the_style_sheet_is_kept_by_its_content(site: Site) -> None:
    page = Person(site.app.test_client()).read("/sign-in")
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    response = site.app.test_client().get(address)
    assert response.mimetype == "text/css"
    assert "immutable" in response.headers["Cache-Control"]
    assert "Set-Cookie" not in response.headers


def test_the_api_takes_no_session(site: Site) -> None:
    """So that a page of another site can make nobody's browser call it."""
    assert site.person(Role.OPERATOR).client.get("/v1/hotspot-lists").status_code == 401
