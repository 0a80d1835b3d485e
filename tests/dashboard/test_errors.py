"""When it does not work: words for people, the right status, and nothing that does not belong to them."""

from __future__ import annotations

import dataclasses
import html
import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
import pytest

from service.api.contract import OPERATIONS
from service.api.problems import type_of
from service.dashboard import errors as pages
from service.dashboard.words import words
from service.domain.hotspots import HeldBack
from service.domain.keys import Role
from service.domain.places import PlaceRow
from service.errors import InvalidInput, TooManyRequests, VersionRefused
from service.exports.wording import Language
from service.site import create_site
from service.stores.session_secret import FileSessionSecret
from service.usecases.lists.hotspots import approve_list
from tests.api.conftest import body, memory_ports, scored_ports
from tests.api.drafts import MADE, add
from tests.api.test_operating import Unreachable
from tests.challengers import add_challenger, promote
from tests.dashboard.conftest import READERS, Person, Site, with_draft
from tests.exports.worlds import STARTS, hostile_list
from tests.worlds import TENANT

LIST, DELETED = "2026-11-01-001", "2025-11-01-001"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_pages_and_api_agree_on_what_an_error_is() -> None:
    """But that people's input is 400, as browsers know it."""
    for error, status in pages.STATUSES.items():
        assert status == (400 if error is InvalidInput else type_of(error).status), error


@pytest.mark.parametrize("language", Language)
def test_every_status_has_words(language: Language) -> None:
    said = words(language).error
    for status in {*pages.STATUSES.values(), 405}:
        assert getattr(said.titles, f"e{status}")
        assert getattr(said.meanings, f"e{status}")


def told_on(page: str) -> list[str]:
    """What the page of an error says, paragraph by paragraph."""
    section = page.split('<section class="door">')[1].split("</section>", maxsplit=1)[0]
    return [html.unescape(re.sub("<.*?>", "", line)) for line in section.split("\n") if line]


def door(language: Language, status: int, **gaps: object) -> list[str]:
    """The same from the words of a language alone."""
    said, name = words(language).error, f"e{status}"
    return [str(status), getattr(said.titles, name), getattr(said.meanings, name).format(**gaps), said.home]


CAUSED = [
    ("GET", "/lists/none", 404),
    ("GET", f"/lists/{LIST}/download/pdf", 404),
    ("GET", f"/lists/{DELETED}", 410),
    ("GET", "/stairwells/none", 404),
    ("GET", "/sensors?from=x", 400),
    ("POST", "/episodes/1-2/acknowledge", 404),
    ("POST", "/episodes/1-2/close", 404),
    ("POST", "/episodes/1-2/mute", 400),
    ("POST", "/episodes/1-2/mute?until=2999-01-01&reason=handled", 404),
    ("POST", f"/lists/{LIST}/decision", 400),
    ("POST", f"/lists/{LIST}/decision?hold=99", 400),
    ("POST", f"/lists/{LIST}/entries/1/outcomes?found=gold", 400),
    ("POST", f"/lists/{LIST}/entries/1/outcomes?found=nothing&visited=2026-11-01T01:00", 404),
    ("POST", "/sign-out?token=another", 400),
]
"""What an operator can cause on each page; the fields of a form stand in its query."""


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("method", "path", "status"), CAUSED)
def test_what_a_person_causes_is_told_in_the_reader_s_language(
    site: Site, language: Language, method: str, path: str, status: int
) -> None:
    """And in no other: the message of the error, which is English, was shown to Swedish readers too."""
    with_draft(site)
    add(site.ports, DELETED, made=MADE - timedelta(days=400))
    site.ports.lists.expire(MADE, MADE)
    person = site.person(Role.OPERATOR, language=language.value)
    path, _, fields = path.partition("?") if method == "POST" else (path, "", "")
    form = {"token": person.token(), **dict(parse_qsl(fields))}
    response = person.client.open(path, method=method, data=form if method == "POST" else None)
    assert (response.status_code, told_on(response.text)) == (status, door(language, status))


@pytest.mark.parametrize("language", Language)
def test_who_may_not_is_told_of_the_role_and_who_must_wait_how_long(
    site: Site, language: Language, tmp_path: Path
) -> None:
    page = site.person(Role.POLICE, language=language.value).read("/sensors", 403)
    assert told_on(page) == door(language, 403, role=words(language).roles.police)
    limited = Site(memory_ports(tmp_path / "limited", dashboard__sign_ins_per_minute=1))
    person = Person(limited.app.test_client(), language.value)
    person.sign_in("tv_wrong", 403)
    page = person.sign_in("tv_wrong", 429)
    seconds = person.client.post("/sign-in", data={"token": person.token()}).headers["Retry-After"]
    assert told_on(page) == door(language, 429, seconds=seconds)


@pytest.mark.parametrize("seconds", [1, 2])
def test_how_long_to_wait_is_right_in_number(site: Site, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second was told as 1 seconds."""

    def too_many(*_: object) -> None:
        raise TooManyRequests("too many", seconds)

    monkeypatch.setattr("service.dashboard.signing_in.limit_sign_ins", too_many)
    for language, told in ((Language.SV, f"Vänta {seconds} s och"), (Language.EN, f"Wait {seconds} s and")):
        assert told in Person(site.app.test_client(), language.value).sign_in("tv_wrong", 429)


def test_a_model_that_cannot_be_used_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """As the API has it, where it was a fault of ours; and not as if somebody else had decided."""
    town = Site(scored_ports("memory", tmp_path_factory))
    add_challenger(town.ports)
    promote(town.ports, "1", "test")
    path = town.ports.settings.data_dir / "versions" / "1" / "tables" / "level.npy"
    path.write_bytes(path.read_bytes()[:-1])
    stairwell = town.ports.register.stairwells(TENANT)[0].stairwell
    for language in Language:
        page = town.person(Role.OPERATOR, language=language.value).read(f"/stairwells/{stairwell}", 409)
        said = words(language).error
        assert told_on(page) == ["409", said.titles.version, said.meanings.version, said.home]
    operator, a_day = town.client("operator"), {"date": "2026-01-01"}
    for answer in (
        operator.get(f"/v1/stairwells/{stairwell}/profile"),
        operator.get(f"/v1/stairwells/{stairwell}/before-after", query_string=a_day),
        operator.post("/v1/hotspot-lists", json={}),
    ):
        assert (answer.status_code, body(answer)["type"]) == (409, "/problems/version-refused")
    for name in ("read_profile", "read_before_after", "post_hotspot_list"):
        assert VersionRefused in next(one.raises for one in OPERATIONS if one.name == name)


def test_a_store_that_is_away_is_told(site: Site) -> None:
    """With 503 and when to come back; the message of the store is for the log."""
    person = site.person(Role.OPERATOR)
    person.client.application = create_site(dataclasses.replace(site.ports, lists=Unreachable()))
    response = person.client.get("/lists")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
    assert told_on(response.text) == door(Language.EN, 503)


def test_without_a_secret_nobody_signs_in(site: Site, tmp_path: Path) -> None:
    """But everybody is told why, and the API goes on."""
    path = tmp_path / "secret"
    path.write_bytes(b"x" * 32)
    path.chmod(0o644)
    app = create_site(dataclasses.replace(site.ports, session_secret=FileSessionSecret(path)))
    for path in ("/", "/sign-in", "/lists"):
        response = app.test_client().get(path)
        assert response.status_code == 503
        assert words(Language.SV).error.titles.e503 in response.text
    header = {"Authorization": f"Bearer {site.tokens[Role.READER]}"}
    assert app.test_client().get("/v1/hotspot-lists", headers=header).status_code == 200


def test_a_fault_of_ours_keeps_its_words_for_the_log(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    person = site.person(Role.OPERATOR)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the machine")

    monkeypatch.setattr("service.dashboard.lists.drafts_waiting", fails)
    page = person.read("/lists", 500)
    assert "The fault is ours" in page
    assert "secret of the machine" not in page


def test_an_address_of_nobody_s_is_told_to_people(site: Site) -> None:
    """As a page with its style, to those who ask for one; below the API's paths programs ask."""
    client = site.app.test_client()
    response = client.get("/nowhere", headers={"Accept": BROWSER, "Accept-Language": "en"})
    assert (response.status_code, response.mimetype) == (404, "text/html")
    assert "There is no such thing" in response.text
    assert "style-src 'self'" in response.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in response.headers
    for path, accept in (("/v1/none", BROWSER), ("/api/none", BROWSER), ("/nowhere", "*/*"), ("/nowhere", "")):
        assert client.get(path, headers={"Accept": accept}).mimetype == "application/problem+json"
    assert client.post("/v1/none", headers={"Accept": "application/json"}).status_code == 404


@pytest.mark.parametrize("language", Language)
def test_forms_are_no_pages(site: Site, language: Language) -> None:
    """Whoever opens the address of one reads that in words; a program, as a problem document."""
    with_draft(site)
    client = site.person(Role.OPERATOR, language=language.value).client
    response = client.get(f"/lists/{LIST}/decision", headers={"Accept": BROWSER})
    assert (response.status_code, response.mimetype, response.headers["Allow"]) == (405, "text/html", "POST")
    assert words(language).error.meanings.e405 in response.text
    told = client.get(f"/lists/{LIST}/decision", headers={"Accept": "*/*"})
    assert (told.status_code, told.mimetype, told.headers["Allow"]) == (405, "application/problem+json", "POST")
    assert client.put("/v1/places", headers={"Accept": BROWSER}).mimetype == "application/problem+json"


def test_the_api_answers_as_it_did(site: Site) -> None:
    """An address that nobody has is a problem document; the API's own pages have no cookie."""
    client = site.app.test_client()
    assert body(client.get("/v1/none"))["type"] == "/problems/not-found"
    assert body(client.get("/none"))["type"] == "/problems/not-found"
    for path in ("/docs", "/openapi.json", "/ping", "/health/live", "/metrics"):
        response = client.get(path)
        assert response.status_code in (200, 204)
        assert "Set-Cookie" not in response.headers


def test_pages_are_counted_by_their_names(site: Site) -> None:
    """Not by their addresses, which name lists and places."""
    with_draft(site)
    site.person(Role.OPERATOR).read(f"/lists/{LIST}")
    told = site.app.test_client().get("/metrics").text
    assert 'operation="dashboard.read_one_list"' in told
    assert LIST not in told


HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>&{{7*7}}'


@pytest.mark.parametrize("role", READERS)
def test_hostile_names_stay_names(site: Site, role: Role) -> None:
    """In lists, whoever named a place; nothing becomes markup, a link elsewhere or a template."""
    shown = hostile_list(STARTS[0])
    shown = msgspec.json.decode(msgspec.json.encode(shown).replace(b"HYPERLINK", HOSTILE.replace('"', '\\"').encode()))
    add(site.ports, LIST)
    record, _ = site.ports.lists.get(TENANT, LIST)
    approved = msgspec.structs.replace(record, status="approved", approved=record.made, approved_by=HOSTILE)
    approved = msgspec.convert(msgspec.to_builtins(approved), type(record))
    site.ports.lists.approve(approved, msgspec.json.encode(shown))
    person = site.person(role)
    for page in (person.read("/lists"), person.read(f"/lists/{LIST}" if role is not Role.OPERATOR else "/lists")):
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page


def test_hostile_places_and_reasons_stay_text(site: Site) -> None:
    """On the pages of stairwells and sensors, and in the reasons of those who approve."""
    names = dict.fromkeys(("area", "property", "building", "stairwell", "space", "sensor", "address"), HOSTILE)
    site.ports.register.put([PlaceRow(tenant=TENANT, **names)])
    with_draft(site)
    approve_list(site.ports, TENANT, LIST, HOSTILE, [HeldBack(rank=1, reason=HOSTILE)])
    operator = site.person(Role.OPERATOR)
    link = operator.read("/stairwells").split('href="/stairwells/')[1].split('"')[0]
    pages_of = [operator.read(path) for path in ("/stairwells", f"/stairwells/{link}", "/sensors", f"/lists/{LIST}")]
    for page in pages_of:
        assert "<script" not in page
        assert "<img" not in page
        assert "&lt;script&gt;" in page
        assert "{{7*7}}" in page


@pytest.mark.parametrize("told", ["__class__", "signed_out'", HOSTILE, "%00"])
def test_notices_are_ours(site: Site, told: str) -> None:
    """An address cannot have the page say anything."""
    response = site.app.test_client().get("/sign-in", query_string={"told": told})
    assert response.status_code == 200
    assert 'class="notice"' not in response.text
