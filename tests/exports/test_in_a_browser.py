"""The page in a real browser: on a phone, in the dark, on paper."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.domain.hotspots import HotspotList
from service.exports.formats import FORMATS, export_list
from service.exports.wording import Language
from tests.exports.worlds import canonical, entry, joint_list, rich_list

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")

PHONE_PIXELS = 390
MEASURE = """<!doctype html><iframe style="width:{width}px;height:900px;border:0" srcdoc="{page}"></iframe><script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument;
  const style = page.defaultView.getComputedStyle(page.body);
  document.body.textContent = [page.documentElement.scrollWidth, style.backgroundColor, style.color].join("|");
}};
</script>"""
LONG = "Sankt-Eriksgatans-bostadsrättsförenings-cykelkällare-nummer-fjorton"


def browse(folder: Path, *options: str) -> str:
    command = [
        CHROMIUM or "",
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--user-data-dir={folder / 'profile'}",
    ]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def page(listed: HotspotList) -> str:
    return export_list(canonical(listed), FORMATS["html"], Language.SV).decode()


def measured(folder: Path, listed: HotspotList, *options: str) -> tuple[int, str, str]:
    """Width, background and ink of the page on a phone."""
    (folder / "phone.html").write_text(MEASURE.format(width=PHONE_PIXELS, page=html.escape(page(listed))), "utf-8")
    body = re.search(r"<body>(.*?)</body>", browse(folder, *options, "--dump-dom", (folder / "phone.html").as_uri()))
    assert body
    width, ground, ink = body[1].split("|")
    return int(width), ground, ink


def test_nothing_is_wider_than_a_phone(tmp_path: Path) -> None:
    """Long names break."""
    names = dict.fromkeys(("address", "stairwell", "area", "space"), LONG)
    assert measured(tmp_path, rich_list(entry(**names), area=LONG))[0] == PHONE_PIXELS


def test_the_page_is_light_or_dark_as_the_screen_is(tmp_path: Path) -> None:
    light = measured(tmp_path, joint_list(), "--blink-settings=preferredColorScheme=1")
    dark = measured(tmp_path, joint_list(), "--blink-settings=preferredColorScheme=0")
    assert light[1:] == ("rgb(251, 250, 247)", "rgb(43, 43, 43)")
    assert dark[1:] == ("rgb(22, 20, 19)", "rgb(236, 231, 225)")


def test_it_prints_on_paper(tmp_path: Path) -> None:
    """Twelve places on two pages of A4, after a table of them all, also where the screen is dark."""
    (tmp_path / "list.html").write_text(page(rich_list(*(entry(rank) for rank in range(1, 13)))), "utf-8")
    paper = tmp_path / "list.pdf"
    options = ("--blink-settings=preferredColorScheme=0", "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    browse(tmp_path, *options, (tmp_path / "list.html").as_uri())
    assert len(re.findall(rb"/Type /Page\b", paper.read_bytes())) == 2
