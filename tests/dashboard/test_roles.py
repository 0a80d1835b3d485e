"""Who sees which page: as through the API, never more."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.api.contract import OPERATIONS
from service.dashboard.blueprint import PAGES
from service.domain.hotspots import HeldBack, ListStatus
from service.domain.keys import EVERY_TENANT, Role
from service.domain.places import PlaceRow
from service.usecases.lists.hotspots import approve_list
from tests.api.conftest import STRANGER, memory_ports
from tests.api.drafts import add, entry
from tests.dashboard.conftest import READERS, Site, with_draft
from tests.worlds import TENANT

LIKE = {
    "lists": ("GET", "/v1/hotspot-lists"),
    "read_one_list": ("GET", "/v1/hotspot-lists/{list_id}"),
    "download_list": ("GET", "/v1/hotspot-lists/{list_id}.{suffix}"),
    "decide_list": ("POST", "/v1/hotspot-lists/{list_id}/approve"),
    "tell_outcome": ("POST", "/v1/hotspot-lists/{list_id}/entries/{rank}/outcomes"),
    "episodes": ("GET", "/v1/episodes"),
    "acknowledge": ("POST", "/v1/episodes/{episode}/acknowledge"),
    "close": ("POST", "/v1/episodes/{episode}/close"),
    "mute": ("POST", "/v1/episodes/{episode}/mute"),
    "stairwells": ("GET", "/v1/places"),
    "stairwell": ("GET", "/v1/stairwells/{stairwell}/verdicts"),
    "sensors": ("GET", "/v1/sensors"),
}
"""The operation that tells or does what a page does."""
SHOWN_TOO = {
    "read_one_list": ("GET", "/v1/hotspot-lists/{list_id}/outcomes"),
    "stairwell": ("GET", "/v1/stairwells/{stairwell}/profile"),
}
ROLES = {(operation.method, operation.path): operation.roles for operation in OPERATIONS}
GUARDED = [page for page in PAGES if page.roles and page.name != "sign_out"]
VALUES = {"list_id": "2026-11-01-001", "suffix": "csv", "rank": "1", "episode": "1-2", "stairwell": "kvarnen-1"}


def path_of(page) -> str:
    path = page.path
    for name, value in VALUES.items():
        for converter in ("", "int:", "path:"):
            path = path.replace(f"<{converter}{name}>", value)
    return path


@pytest.mark.parametrize("page", GUARDED, ids=lambda page: page.name)
def test_a_page_is_for_those_who_may_call_its_operation(page) -> None:
    assert page.roles == ROLES[LIKE[page.name]]
    assert page.roles <= ROLES[SHOWN_TOO.get(page.name, LIKE[page.name])]


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("page", GUARDED, ids=lambda page: page.name)
def test_others_are_turned_away(site: Site, page, role: Role) -> None:
    """With 403, in words; whoever may gets further."""
    with_draft(site)
    person = site.person(role)
    response = person.client.open(path_of(page), method=page.method, data={"token": person.token()})
    assert (response.status_code == 403) == (role not in page.roles)
    assert response.status_code != 500
    if role not in page.roles:
        assert "The key may not do this" in response.text
        assert "kvarnen-1" not in response.text.replace(path_of(page), "")


@pytest.mark.parametrize("role", READERS)
def test_no_page_leads_where_it_is_closed(site: Site, role: Role) -> None:
    """Every link and every form of a person's pages is open to that person."""
    with_draft(site)
    approve_list(site.ports, TENANT, "2026-11-01-001", "somebody")
    with_draft(site, "2026-11-01-002")
    person = site.person(role)
    seen, open_ends = set(), ["/lists"]
    while open_ends:
        path = open_ends.pop()
        seen.add(path)
        page = person.client.get(path).text
        for attribute in ('href="/', 'action="/'):
            for rest in page.split(attribute)[1:]:
                found = "/" + rest.split('"')[0].split("#")[0].split("?")[0]
                if attribute.startswith("action") and found != "/sign-out":
                    answered = person.client.post(found, data={"token": person.token()}).status_code
                    assert answered != 403, found
                elif attribute.startswith("href") and found not in seen and found != "/":
                    status = person.client.get(found).status_code
                    assert status in (200, 404), (found, status)
                    if status == 200 and "/download/" not in found and "/static/" not in found:
                        open_ends.append(found)
                    seen.add(found)
    assert ("/sensors" in seen) == (role is not Role.POLICE)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.sets(st.integers(1, 6)), drafts=st.integers(0, 2))
def test_no_page_tells_what_the_api_does_not(tmp_path_factory, held: set[int], drafts: int) -> None:
    """Of entries held back, of reasons, and of drafts: each is called by a word that is nowhere else."""
    folder: Path = tmp_path_factory.mktemp("told")
    site = Site(memory_ports(folder))
    entries = [
        entry(rank=rank, address=f"adress{rank}x", stairwell=f"trapphus{rank}x", reason_en=f"because{rank}x")
        for rank in range(1, 7)
    ]
    add(site.ports, "2026-11-01-001", *entries)
    back = [HeldBack(rank=rank, reason=f"secret{rank}x") for rank in held]
    approve_list(site.ports, TENANT, "2026-11-01-001", "approver1x", back)
    for number in range(drafts):
        add(site.ports, f"draft{number}x", entry(address=f"draftaddress{number}x"))
    words = [f"{word}{rank}x" for rank in range(7) for word in ("adress", "trapphus", "because", "secret")]
    words += [f"{word}{number}x" for number in range(2) for word in ("draft", "draftaddress")] + ["approver1x"]
    for role in READERS:
        person, api = site.person(role), site.client(role)
        pages = [person.read("/lists"), person.read("/lists/2026-11-01-001")]
        pages += [person.client.get(f"/lists/draft{number}x").text for number in range(drafts)]
        pages += [
            person.client.get(f"/lists/2026-11-01-001/download/{form}").text for form in ("csv", "geojson", "html")
        ]
        answers = [api.get("/v1/hotspot-lists").text, api.get("/v1/hotspot-lists/2026-11-01-001").text]
        answers += [api.get(f"/v1/hotspot-lists/draft{number}x").text for number in range(drafts)]
        told, known = "".join(pages), "".join(answers)
        asked = {f"/lists/draft{number}x" for number in range(drafts)}
        for address in asked:  # the address that was asked for, and the error that names it
            told = told.replace(address, "").replace(f"'{address.removeprefix('/lists/')}'", "")
            known = known.replace(f"'{address.removeprefix('/lists/')}'", "")
        for word in words:
            assert word not in told or word in known, (role, word)


def test_nothing_of_ours_exists_for_a_stranger(site: Site) -> None:
    with_draft(site)
    stranger = site.person(Role.OPERATOR, STRANGER)
    assert "2026-11-01-001" not in stranger.read("/lists")
    assert "There is no such thing" in stranger.read("/lists/2026-11-01-001", 404)
    stranger.read("/lists/2026-11-01-001/download/csv", 404)
    assert "kvarnen-1" not in stranger.read("/stairwells") + stranger.read("/sensors") + stranger.read("/episodes")
    stranger.read("/stairwells/kvarnen-1", 404)
    stranger.send("/lists/2026-11-01-001/decision", 404, step="approve")
    assert site.ports.lists.get(TENANT, "2026-11-01-001")[0].status is ListStatus.DRAFT


def test_police_of_all_companies_read_joint_lists(tmp_path: Path) -> None:
    """Each entry names the company; and what was found there is told of the company's own entry."""
    site = Site(memory_ports(tmp_path, hotspots__share_with_police=[TENANT, STRANGER]))
    for tenant in (TENANT, STRANGER):
        place = {"tenant": tenant, "area": "a", "stairwell": f"{tenant}-1", "space": "cellar"}
        site.ports.register.put([PlaceRow(property="p", building="b", **place)])
        add(site.ports, "2026-11-01-001", entry(tenant=tenant, stairwell=f"{tenant}-1"), tenant=tenant)
        approve_list(site.ports, tenant, "2026-11-01-001", "anna")
    site.ports.clock.time += timedelta(days=1)
    police = site.person(Role.POLICE, EVERY_TENANT)
    lists = police.read("/lists")
    assert "all companies" in lists
    assert f"by {', '.join(sorted((TENANT, STRANGER)))}" in lists
    joint = site.ports.lists.newest(EVERY_TENANT, None, (ListStatus.APPROVED,))
    assert joint is not None
    page = police.read(f"/lists/{joint.list_id}")
    assert f"{TENANT}-1" in page
    assert f"{STRANGER}-1" in page
    police.send(f"/lists/{joint.list_id}/entries/1/outcomes", visited="2026-11-01T01:30", found="nothing")
    reported = [site.ports.outcomes.find(tenant, "2026-11-01-001") for tenant in (TENANT, STRANGER)]
    assert sorted(map(len, reported)) == [0, 1]
