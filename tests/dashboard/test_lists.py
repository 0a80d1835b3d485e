"""Lists on pages: which there are, what each says, and how one is approved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.dashboard.words import words
from service.domain.deliveries import Channel, Delivery, DeliveryStatus
from service.domain.hotspots import GoneEntry, HotspotList, ListStatus
from service.domain.keys import Role
from service.domain.places import UNKNOWN, Kind
from service.exports.formats import FORMATS, export_list
from service.exports.wording import Language
from service.usecases.keys import list_keys
from service.usecases.lists.hotspots import approve_list, expire_lists
from tests.api.conftest import PORTS, STORES, memory_ports
from tests.api.drafts import MADE, add, listed
from tests.api.drafts import entry as drafted
from tests.dashboard.conftest import READERS, Site, with_draft
from tests.exports.worlds import entry, rich_list, several
from tests.worlds import TENANT, StandingClock

LIST = "2026-11-01-001"
SENT = Delivery(
    channel=Channel.MAIL,
    tenant=TENANT,
    item=LIST,
    recipient="police-south",
    happened=MADE,
    queued=MADE,
    attempts=1,
    status=DeliveryStatus.SENT,
    sent=MADE,
)


def put(site: Site, shown: HotspotList) -> str:
    """Store a list as it is, approved."""
    add(site.ports, shown.list_id)
    record, _ = site.ports.lists.get(TENANT, shown.list_id)
    site.ports.lists.approve(
        msgspec.structs.replace(record, status=ListStatus.APPROVED, approved=MADE, approved_by="anna"),
        msgspec.json.encode(shown),
    )
    return shown.list_id


def test_the_start_tells_what_waits_and_what_is_in_force(any_site: Site) -> None:
    """The newest draft waits, an older one has been passed over; of approved ones the newest is in force."""
    site = any_site
    for number in range(1, 6):
        with_draft(site, f"list-{number}")
    approve_list(site.ports, TENANT, "list-1", "anna")
    approve_list(site.ports, TENANT, "list-3", "bea")
    page = site.person(Role.OPERATOR).read("/lists")
    waiting, rest = page.split("In force")
    in_force, older = rest.split("Older lists")
    assert 'href="/lists/list-5"' in waiting
    assert "list-4" not in waiting
    assert 'href="/lists/list-3"' in in_force
    assert "by key bea" in in_force
    assert all(f"/lists/list-{number}" in older for number in (1, 2, 4))
    assert "superseded" in older


@pytest.mark.parametrize("role", [Role.POLICE, Role.READER])
def test_others_are_shown_no_draft(site: Site, role: Role) -> None:
    with_draft(site)
    page = site.person(role).read("/lists")
    assert "Waiting" not in page
    assert LIST not in page
    assert "No list has been approved yet" in page


def test_a_draft_waits_until_a_newer_list_is_approved(site: Site) -> None:
    with_draft(site, "list-1")
    with_draft(site, "list-2")
    approve_list(site.ports, TENANT, "list-2", "anna")
    assert "No list waits" in site.person(Role.OPERATOR).read("/lists")


def test_who_approved_it_is_you(site: Site) -> None:
    with_draft(site)
    operator = site.person(Role.OPERATOR)
    operator.send(f"/lists/{LIST}/decision", step="approve")
    assert "by you" in operator.read("/lists")
    key = next(one for one in list_keys(site.ports) if one.role is Role.OPERATOR)
    assert f"by key {key.key_id}" in site.person(Role.READER).read("/lists")


def test_who_approved_it_at_a_terminal_is_no_key(site: Site) -> None:
    with_draft(site)
    approve_list(site.ports, TENANT, LIST, "cli:anna")
    person = site.person(Role.READER)
    assert "by anna at the command line" in person.read("/lists")
    assert "by anna at the command line" in person.read(f"/lists/{LIST}")


def test_older_lists_go_on_on_the_next_page(site: Site) -> None:
    for number in range(60):
        with_draft(site, f"list-{number:02}", entries=1)
    operator = site.person(Role.OPERATOR)
    first = operator.read("/lists")
    following = first.split('href="/lists?after=')[1].split('"')[0]
    second = operator.read(f"/lists?after={following}")
    assert all((f"/lists/list-{number:02}" in first) != (f"/lists/list-{number:02}" in second) for number in range(60))


def test_a_deleted_list_is_told_of(site: Site) -> None:
    """It stands among the older ones without a link; its address says that it is gone."""
    with_draft(site)
    site.ports.clock.time = MADE + timedelta(days=10_000)
    expire_lists(site.ports)
    operator = site.person(Role.OPERATOR)
    assert "deleted" in operator.read("/lists")
    assert f'href="/lists/{LIST}"' not in operator.read("/lists?after=").split("Older lists")[1]
    assert "It has been deleted" in operator.read(f"/lists/{LIST}", 410)


def test_a_place_that_nobody_registered_is_called_by_its_id(site: Site) -> None:
    """Once. Counts may come before the register does; a list of nothing but unknown sends nobody anywhere."""
    unregistered = entry(1, address="", **dict.fromkeys(("area", "property", "building"), UNKNOWN))
    gone = GoneEntry(tenant=TENANT, area=UNKNOWN, stairwell="gran-2", address="", previous_rank=3)
    add(site.ports, LIST, unregistered, gone=[gone])
    page = site.person(Role.OPERATOR).read(f"/lists/{LIST}")
    where = unregistered.stairwell
    assert f'</span> <a href="/stairwells/{where}">{where}</a></h3>' in page
    assert f'<a href="#rank-1">{where}</a>' in page
    assert '<p class="where">unknown area ·\n<span class="change' in page
    printed = export_list(msgspec.json.encode(rich_list(unregistered, gone=[gone])), FORMATS["html"], Language.SV)
    assert f'</span> {where}</h2>\n<p class="where">okänt område ·\n<span' in printed.decode()
    assert all("<li>gran-2 <span" in told for told in (page, printed.decode()))


@pytest.mark.parametrize("language", Language)
def test_an_area_that_nobody_registered_is_called_so_in_the_reader_s_language(site: Site, language: Language) -> None:
    """On lists, where one looks for a place, and at the place; not by the word that programs have for it."""
    nowhere = dict.fromkeys(("area", "property", "building"), UNKNOWN)
    add(site.ports, LIST, entry(1, **nowhere))
    site.ports.register.learn(TENANT, [("ny-1", "cellar", Kind.CELLAR)])
    reader = site.person(Role.OPERATOR, language=language.value)
    area, building = {"sv": ("okänt område", "okänd byggnad"), "en": ("unknown area", "unknown building")}[language]
    assert f"{area} ·" in reader.read(f"/lists/{LIST}")
    assert f">{area}</td>" in reader.read("/stairwells")
    assert f'<p class="origin">{area} · {building}</p>' in reader.read("/stairwells/ny-1")


@pytest.mark.parametrize("language", Language)
def test_an_entry_says_where_when_and_why(site: Site, language: Language) -> None:
    """In the reader's language: every field that docs/police.md has for people."""
    page = site.person(Role.POLICE, language=language.value).read(f"/lists/{put(site, rich_list())}")
    swedish = language is Language.SV
    for told in (
        "Kvarngatan 1",
        "tor–lör 22–03" if swedish else "Thu–Sat 22–03",
        "källare (K2)" if swedish else "cellar (K2)",
        "sön 18–21" if swedish else "Sun 18–21",
        "▲ från 4" if swedish else "▲ from 4",
        "<dd>14 <small>normalt 1,9" if swedish else "<dd>14 <small>normal 1.9",
        "ökar" if swedish else "rising",
        "99\N{NO-BREAK SPACE}%" if swedish else "99%",
        "14 nov. 2026" if swedish else "14 Nov 2026",
        "14 vistelser där 1,9 är normalt." if swedish else "14 presences where 1.9 are normal.",
        "nytt: över platsens eget normala" if swedish else "emerging: above its own normal",
        "En tyst sensor" if swedish else "A silent sensor",
        "under inlärning" if swedish else "still learning",
        "Ekgatan 1",
        "linden-1b",
        "kunde pekas ut: 3." if swedish else "could be singled out: 3.",
        "godkände listan: 1." if swedish else "approved the list: 1.",
    ):
        assert told in page, told
    assert f'<html lang="{language}">' in page


def test_the_week_is_a_table_with_the_hours_framed(site: Site) -> None:
    """Seven nights of 24 hours; as many cells are framed as the blocks have hours."""
    page = site.person(Role.POLICE).read(f"/lists/{put(site, rich_list(entry(further_blocks=[])))}")
    table = page.split('<table class="heat week">')[1].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("<tr>")[1:]
    assert [row.split("<td")[0].split(">")[1] for row in rows][3] == "Thu–Fri"
    assert [row.count("<td") for row in rows] == [24] * 7
    assert ">4<" in rows[3]
    assert [row.count("edge-top") for row in rows] == [0, 0, 0, 5, 0, 0, 0]
    assert [row.count("edge-left") for row in rows] == [0, 0, 0, 1, 1, 1, 0]
    assert "<caption>The week at Kvarngatan 1" in table


def test_little_known_is_told_without_gaps(site: Site) -> None:
    bare = several()[3]
    page = site.person(Role.POLICE).read(f"/lists/{put(site, rich_list(bare, gone=[], unknown=[], suppressed=0))}")
    assert "None" not in page
    assert "kvarnen-3" in page


@pytest.mark.parametrize("suffix", [name for name in FORMATS if name != "json"])
@pytest.mark.parametrize("role", READERS)
def test_files_are_those_of_the_api(site: Site, suffix: str, role: Role) -> None:
    with_draft(site)
    approve_list(site.ports, TENANT, LIST, "anna")
    person, api = site.person(role), site.client(role)
    page = person.read(f"/lists/{LIST}")
    path = f"/lists/{LIST}/download/{suffix}"
    assert f'href="{path}"' in page
    ours = person.client.get(path)
    theirs = api.get(f"/v1/hotspot-lists/{LIST}.{suffix}?language=en")
    assert ours.mimetype == theirs.mimetype
    assert ours.headers["Content-Disposition"] == theirs.headers["Content-Disposition"]
    assert suffix == "xlsx" or ours.data == theirs.data
    assert suffix != "html" or "sha256-" in ours.headers["Content-Security-Policy"]


def test_there_is_no_other_format(site: Site) -> None:
    with_draft(site)
    site.person(Role.OPERATOR).read(f"/lists/{LIST}/download/pdf", 404)


def test_a_newer_list_is_pointed_to(site: Site) -> None:
    """From a draft to a newer draft, from an approved one to the one in force."""
    for number in (1, 2, 3):
        with_draft(site, f"list-{number}")
    operator, police = site.person(Role.OPERATOR), site.person(Role.POLICE)
    assert 'href="/lists/list-3"' in operator.read("/lists/list-1")
    approve_list(site.ports, TENANT, "list-1", "anna")
    assert "There is a newer list" not in police.read("/lists/list-1")
    approve_list(site.ports, TENANT, "list-2", "anna")
    page = police.read("/lists/list-1")
    assert "Superseded by a newer list" in page
    assert 'href="/lists/list-2"' in page


def test_an_area_has_a_list_of_its_own(site: Site) -> None:
    """A draft of one area does not wait for, nor is passed over by, that of another."""
    for number, area in enumerate(("Norra", "Södra"), start=1):
        content = msgspec.json.encode(msgspec.structs.replace(listed(f"list-{number}", drafted()), area=area))
        add(site.ports, f"whole-{number}")
        record = msgspec.structs.replace(
            site.ports.lists.get(TENANT, f"whole-{number}")[0], list_id=f"list-{number}", number=100 * number, area=area
        )
        site.ports.lists.add(record, content)
    approve_list(site.ports, TENANT, "list-2", "anna")
    waiting = site.person(Role.OPERATOR).read("/lists").split("In force")[0]
    assert "/lists/list-1" in waiting
    assert "/lists/whole-2" in waiting
    assert "/lists/list-2" not in waiting


@pytest.mark.parametrize("store", STORES)
def test_deliveries_are_told_to_those_who_approve(tmp_path: Path, store: str) -> None:
    site = Site(PORTS[store](tmp_path))
    with_draft(site)
    approve_list(site.ports, TENANT, LIST, "anna")
    site.ports.deliveries.put(SENT)
    assert "police-south" in site.person(Role.OPERATOR).read(f"/lists/{LIST}")
    assert "police-south" not in site.person(Role.POLICE).read(f"/lists/{LIST}")


def test_pages_are_swedish_unless_somebody_asks_for_english(site: Site) -> None:
    """By the browser's wish, or by the link, which outlives the page."""
    with_draft(site)
    assert "Hotspotlistor" in site.person(Role.OPERATOR, language="de").read("/lists")
    person = site.person(Role.OPERATOR, language="en-GB,sv;q=0.5")
    assert "Hot-spot lists" in person.read("/lists")
    assert person.client.get("/lists?language=sv&after=x").location == "/lists?after=x"
    assert "Hotspotlistor" in person.read("/lists")
    person.read("/lists?language=xx")
    assert "Hotspotlistor" in person.read("/lists")


def test_another_language_leads_to_the_page_where_one_is(site: Site) -> None:
    """The links keep what the address says; what a form has led to cannot be read again, so it has none."""
    with_draft(site)
    person = site.person(Role.OPERATOR)
    assert 'href="?after=x&amp;language=sv"' in person.read("/lists?after=x&language=xx")
    anybody = site.app.test_client()
    door = anybody.get("/sign-in?next=/episodes&told=needed", headers={"Accept-Language": "en"})
    assert 'href="?next=%2Fepisodes&amp;told=needed&amp;language=sv"' in door.text
    assert "language=sv" in person.client.post("/sign-in", data={"token": person.token(), "key": "tv_none"}).text
    for step, status in (("review", 200), ("edit", 200), ("odd", 400)):
        assert "language=sv" not in person.send(f"/lists/{LIST}/decision", status, step=step)


def test_where_nothing_is_the_language_can_be_chosen_too(site: Site) -> None:
    client, browser = site.app.test_client(), {"Accept": "text/html", "Accept-Language": "sv"}
    chosen = client.get("/nowhere?language=en", headers=browser)
    assert (chosen.status_code, chosen.location) == (303, "/nowhere")
    assert "There is no such thing" in client.get("/nowhere", headers=browser).text
    two_slashes = {"PATH_INFO": "//elsewhere.example/x"}
    led = client.get("/?language=en", headers=browser, environ_overrides=two_slashes)
    assert led.location == "/elsewhere.example/x"


def test_every_word_is_there_in_both_languages() -> None:
    """By the same names, with the same gaps to fill."""

    def gaps(said: object) -> object:
        if isinstance(said, str):
            return sorted(part.split("}")[0] for part in said.split("{")[1:])
        return {name: gaps(one) for name, one in vars(said).items()}

    assert gaps(words(Language.SV)) == gaps(words(Language.EN))


def test_times_are_those_of_the_clock_on_the_wall(tmp_path: Path) -> None:
    ports = memory_ports(tmp_path, general__timezone="America/New_York")
    assert isinstance(ports.clock, StandingClock)
    ports.clock.time = datetime(2026, 11, 2, tzinfo=UTC)
    site = Site(ports)
    with_draft(site)
    assert "made 31 Oct 2026 at 20:00" in site.person(Role.OPERATOR).read("/lists")
