"""The pages in a real browser: signed in, marked, approved; on a phone, in the dark, on paper."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.domain.hotspots import ListStatus
from service.domain.keys import Role
from service.domain.places import PlaceRow
from service.domain.readings import CountRow
from service.usecases.intake.ingest import ingest_counts
from service.usecases.lists.hotspots import approve_list
from service.usecases.sensors.check import check_sensors
from tests.api.conftest import memory_ports, served
from tests.api.drafts import add
from tests.dashboard.chromium import PROGRAM, Browser, browser
from tests.dashboard.conftest import Site, with_draft
from tests.exports.worlds import entry, several
from tests.worlds import TENANT

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed (Debian: chromium)")

PHONE_PIXELS = 390
LONG = "Sankt-Eriksgatans-bostadsrättsförenings-cykelkällare-nummer-fjorton"
DRAFT, LIST, LONG_LIST = "draft", "list", "long"
PAPER_PIXELS, PAPER_LINES = 703, 1009  # what the margins leave of A4, at 96 to the inch


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A list in force with everything on it, and a draft, of places with long names."""
    site = Site(memory_ports(tmp_path))
    names = dict.fromkeys(("address", "stairwell", "area", "space"), LONG)
    busy = [[9, 88, 128, 1024] * 6] * 7
    add(site.ports, LIST, *several(), entry(5, **names, weekly=[0, None, 3, 12], week=busy))
    approve_list(site.ports, TENANT, LIST, "anna")
    with_draft(site, DRAFT)
    return site


def sign_in(chromium: Browser, address: str, site: Site, role: Role) -> None:
    chromium.open(f"{address}/sign-in")
    chromium.write("#key", site.tokens[role])
    chromium.click(".door button", leads_on=True)


def test_a_list_is_approved_without_an_entry(chromium: Browser, site: Site) -> None:
    """By mouse alone: the reason shows when the box is ticked; nothing asks for a script, and none would run."""
    chromium.look(1280)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        assert chromium.ask("location.pathname") == "/lists"
        chromium.click(".cards .primary", leads_on=True)
        assert chromium.ask("location.pathname") == f"/lists/{DRAFT}"
        assert chromium.ask("document.querySelector('#why-2').offsetHeight") == 0
        chromium.click("input[name=hold][value='2']")
        assert chromium.ask("document.querySelector('#why-2').offsetHeight") >= 40
        chromium.write("#why-2", "the pipes are being replaced")
        chromium.click(".decide button", leads_on=True)
        assert "Kvarngatan 2" in chromium.ask("document.querySelector('fieldset.hold').innerText")
        chromium.click("button[value=approve]", leads_on=True)
        assert chromium.ask("location.search") == "?told=approved"
        chromium.click("header form button", leads_on=True)
    record, _ = site.ports.lists.get(TENANT, DRAFT)
    assert record.status is ListStatus.APPROVED
    assert [(one.rank, one.reason) for one in record.held_back] == [(2, "the pipes are being replaced")]
    assert not [problem for problem in chromium.problems if "Content Security Policy" in problem]


def test_nothing_is_wider_than_a_phone(chromium: Browser, site: Site) -> None:
    """Not the list with the long names, nor any other page; and buttons are as large as a thumb."""
    chromium.look(PHONE_PIXELS)
    with served(site.app) as address:
        chromium.open(f"{address}/sign-in")
        assert chromium.ask("document.documentElement.scrollWidth") == PHONE_PIXELS
        sign_in(chromium, address, site, Role.OPERATOR)
        for path in (
            "/lists",
            f"/lists/{LIST}",
            f"/lists/{DRAFT}",
            "/episodes",
            "/stairwells",
            "/sensors",
            "/lists/none",
        ):
            chromium.open(address + path)
            assert chromium.ask("document.documentElement.scrollWidth") == PHONE_PIXELS, path
            heights = chromium.ask("[...document.querySelectorAll('main button')].map(one => one.offsetHeight)")
            assert all(height >= 40 for height in heights), path
        chromium.click("header form button", leads_on=True)


@pytest.mark.parametrize("width", [PHONE_PIXELS, 800, 1280])
def test_every_number_of_a_week_is_whole(chromium: Browser, site: Site, width: int) -> None:
    """128 presences are not told as 12, nor 88 as two lines, in a frame or out of it."""
    chromium.look(width)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        chromium.open(f"{address}/lists/{LIST}")
        assert chromium.ask("document.querySelectorAll('.heat .d4').length") == 7 * 6
        assert chromium.ask(CUT) == []
        chromium.click("header form button", leads_on=True)


@pytest.mark.parametrize("width", [PHONE_PIXELS, 1280])
def test_what_has_the_focus_is_not_behind_the_bar(chromium: Browser, site: Site, width: int) -> None:
    """By keyboard through a draft, whose bar stays at the foot of the screen (WCAG 2.2, 2.4.11)."""
    chromium.look(width, 600)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        chromium.open(f"{address}/lists/{DRAFT}")
        assert chromium.ask(HIDDEN_BY_THE_BAR) == []
        chromium.click("header form button", leads_on=True)


@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_read(chromium: Browser, site: Site, dark: bool) -> None:
    """In both themes every text stands out from its ground by 4.5 to 1 (WCAG 2.2, 1.4.3), shaded cells too."""
    chromium.look(1280, dark=dark)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        for path in ("/lists", f"/lists/{LIST}", f"/lists/{DRAFT}", "/sensors", "/lists/none"):
            chromium.open(address + path)
            assert chromium.ask(UNREADABLE) == [], path
        ground = chromium.ask("getComputedStyle(document.body).backgroundColor")
        chromium.click("header form button", leads_on=True)
    assert (sum(map(int, re.findall(r"\d+", ground))) < 100) == dark


def test_every_field_has_a_name(chromium: Browser, site: Site) -> None:
    """For those who hear the page: fields have labels, tables captions or headings, the page one heading."""
    chromium.look(1280)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        for path in (f"/lists/{LIST}", f"/lists/{DRAFT}", "/episodes", "/sensors"):
            chromium.open(address + path)
            assert chromium.ask(NAMELESS) == [], path
            assert chromium.ask("document.querySelectorAll('h1').length") == 1
        chromium.click("header form button", leads_on=True)


def test_who_hears_a_page_finds_the_way(chromium: Browser, site: Site) -> None:
    """Headings go down a step at a time, and all there is lies in a part of the page that has a name."""
    chromium.look(1280)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        for path in ("/lists", f"/lists/{LIST}", f"/lists/{LIST}/download/html", "/stairwells", "/sensors"):
            chromium.open(address + path)
            assert chromium.ask(SKIPPED_HEADINGS) == [], path
            assert chromium.ask(OUTSIDE_OF_LANDMARKS) == [], path
        chromium.open(f"{address}/lists")
        chromium.click("header form button", leads_on=True)


def test_a_row_in_short_is_read_on_a_phone(chromium: Browser, site: Site) -> None:
    """Cells beside a long address keep clear of it, and a finger meets one link at a time (WCAG 2.2, 2.5.8)."""
    chromium.look(PHONE_PIXELS)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        chromium.open(f"{address}/lists/{LIST}")
        assert chromium.ask("document.querySelectorAll('.overview tbody tr').length") == 5
        assert chromium.ask(OVERLAPPING) == []
        assert chromium.ask("Math.min(...[...document.querySelectorAll('.overview a')].map(a => a.offsetHeight))") >= 24
        chromium.click("header form button", leads_on=True)


def test_a_sensor_is_told_in_running_words_on_a_phone(chromium: Browser, site: Site) -> None:
    """Its address, space and id follow each other, where they once were columns of a few letters."""
    place = {"stairwell": "kvarnen-1", "space": "cellar", "sensor": "g1"}
    more = {"area": "Norra", "property": "Kvarnen", "building": "k", "address": "Kvarngatan 1"}
    site.ports.register.put([PlaceRow(tenant=TENANT, **place, **more)])
    row = CountRow(time=site.ports.clock.now() - timedelta(hours=1), count=1, **place)
    assert ingest_counts(site.ports, TENANT, [(1, row)]).rejected == 0
    check_sensors(site.ports)
    chromium.look(PHONE_PIXELS)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        chromium.open(f"{address}/sensors")
        assert chromium.ask("document.querySelector('tbody th').innerText").startswith("Kvarngatan 1, ")
        assert abs(chromium.ask(BEHIND_THE_LINK)) < 1
        chromium.click("header form button", leads_on=True)


@pytest.mark.parametrize("path", [f"/lists/{LONG_LIST}", f"/lists/{LONG_LIST}/download/html"])
def test_fifty_places_are_eight_sheets_of_paper(chromium: Browser, tmp_path: Path, path: str) -> None:
    """On the first sheet is what a patrol takes along: every place, with its space and hours."""
    site = Site(memory_ports(tmp_path))
    reason = "54 presences where similar spaces have 5.6, on 10 different days: Monday, Wednesday and Saturday 22–03."
    add(site.ports, LONG_LIST, *(entry(rank, reason_en=reason, weekly=[3] * 9) for rank in range(1, 51)))
    approve_list(site.ports, TENANT, LONG_LIST, "anna")
    chromium.look(1280)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.POLICE)
        chromium.open(address + path)
        rows = chromium.ask("[...document.querySelectorAll('.overview tbody tr')].map(row => row.innerText)")
        paper = base64.b64decode(chromium.print())
        chromium.look(PAPER_PIXELS, medium="print")
        ends = chromium.ask("document.querySelector('.overview').getBoundingClientRect().bottom + scrollY")
        chromium.look(1280)
        chromium.open(f"{address}/lists")
        chromium.click("header form button", leads_on=True)
    assert len(rows) == 50
    assert all(word in rows[49] for word in ("50.", "Kvarngatan 50", "(K2)", "22–03"))
    assert len(re.findall(rb"/Type /Page\b", paper)) <= 8
    assert ends <= PAPER_LINES


def test_a_list_prints_without_its_forms(chromium: Browser, site: Site) -> None:
    """On white, also where the screen is dark."""
    chromium.look(1280, dark=True)
    with served(site.app) as address:
        sign_in(chromium, address, site, Role.OPERATOR)
        chromium.open(f"{address}/lists/{LIST}")
        paper = base64.b64decode(chromium.print())
        chromium.click("header form button", leads_on=True)
    assert 1 <= len(re.findall(rb"/Type /Page\b", paper)) <= 3


NAMELESS = """[...document.querySelectorAll('input:not([type=hidden]), select, button')]
  .filter(one => !(one.labels && one.labels.length) && !one.textContent.trim()).map(one => one.outerHTML)
  .concat([...document.querySelectorAll("table")].filter(one => !one.caption && !one.tHead).map(one => one.id))"""

SKIPPED_HEADINGS = """[...document.querySelectorAll("h1, h2, h3, h4")]
  .filter((one, i, all) => i && one.tagName[1] - all[i - 1].tagName[1] > 1).map(one => one.outerHTML)"""

OUTSIDE_OF_LANDMARKS = """[...document.querySelectorAll("body > :not(header, main, footer, .skip)")]
  .map(one => one.outerHTML)"""

OVERLAPPING = """[...document.querySelectorAll(".overview tbody tr")].filter(row => {
  const [, where, , , change] = [...row.children].map(cell => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return text.getBoundingClientRect();
  });
  return where.right > change.left && where.top < change.bottom;
}).map(row => row.innerText)"""

BEHIND_THE_LINK = """(() => {
  const link = document.querySelector("tbody th a"), text = document.createRange();
  text.selectNode(link.nextSibling);
  return text.getClientRects()[0].left - link.getBoundingClientRect().right;
})()"""

CUT = """[...document.querySelectorAll(".heat tbody td")].filter(cell => {
  const text = document.createRange();
  text.selectNodeContents(cell);
  return text.getClientRects().length > 1 || text.getBoundingClientRect().width > cell.clientWidth + 2;
}).map(cell => cell.textContent + " in " + cell.clientWidth)"""

HIDDEN_BY_THE_BAR = """[...document.querySelectorAll("main a, main input:not([type=hidden])")].filter(one => {
  one.focus();
  const bar = document.querySelector(".decide").getBoundingClientRect(), place = one.getBoundingClientRect();
  return place.height && place.bottom > bar.top && place.top < bar.bottom;
}).map(one => one.outerHTML.slice(0, 60))"""

UNREADABLE = """(() => {
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const linear = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = rgb => rgb.slice(0, 3).reduce((sum, c, i) => sum + linear(c / 255) * [.2126, .7152, .0722][i], 0);
  const ground = one => {
    for (; one; one = one.parentElement) {
      const [r, g, b, a = 1] = channels(getComputedStyle(one).backgroundColor);
      if (a === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = new Set();
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !one.checkVisibility()) continue;
    const [ink, paper] = [light(channels(getComputedStyle(one).color)), light(ground(one))];
    const contrast = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
    if (contrast < 4.5) found.add(`${contrast.toFixed(2)} ${one.outerHTML}`);
  }
  return [...found];
})()"""
