"""A backtest judges as it was judged live, to the last bit, changes nothing stored, and tells of other settings."""

from __future__ import annotations

import html
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click.testing
import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from models.hotspots import significance
from service.cli import main
from service.cli.backtest import write_backtest
from service.domain.backtests import Backtest
from service.errors import Conflict, InvalidInput, NotFound
from service.exports.backtest_page import render_backtest_page
from service.exports.backtest_plots import PLOTS
from service.ports import Ports
from service.settings import load_settings
from service.usecases.findings.episode_runs import runs_since
from service.usecases.learning.advance import advance
from service.usecases.trials.backtest import Asked, backtest
from tests.exports.test_in_a_browser import CHROMIUM, MEASURE, PHONE_PIXELS, browse
from tests.worlds import city_points, end_of, register_city, sqlite_ports

BUDGET = "detector.episodes_per_100_stairwell_weeks"


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(6, stairwells=8, weeks=5)


@pytest.fixture(scope="module")
def ports(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Ports:
    """A town scored live."""
    ports = sqlite_ports(tmp_path_factory.mktemp("backtest"), now=end_of(city))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city))
    return ports


@pytest.fixture(scope="module", autouse=True)
def few_draws() -> Iterator[None]:
    """How rare a hot-spot is by chance is told roughly, in the champion's list as in that of other settings."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(significance, "_DRAWS", 240)
        yield


@pytest.fixture(scope="module")
def judged(ports: Ports, city: SimulatedCity) -> tuple[Backtest, bool]:
    """Three weeks, as the settings are and with a tenth of the budget; and whether all stayed as it was stored."""
    changed = {BUDGET: 0.2, "hotspots.days": 7}
    folder = {"general.data_dir": ports.settings.general.data_dir}
    asked = Asked(load_settings(environment={}, overrides=folder | changed), changed)
    before = stored(ports)
    found = backtest(ports, asked, start=end_of(city) - timedelta(weeks=3))
    return found, stored(ports) == before


@pytest.fixture(scope="module")
def found(judged: tuple[Backtest, bool]) -> Backtest:
    return judged[0]


def stored(ports: Ports) -> dict[str, list[str]]:
    """Every table of every file."""
    files = sorted(ports.settings.data_dir.glob("*.db"))
    return {file.name: list(sqlite3.connect(file).iterdump()) for file in files}


def test_what_is_in_force_is_judged_as_it_was_live(ports: Ports, found: Backtest) -> None:
    """The same windows, the same probability of every count, the same episodes."""
    start, end = int(found.start.timestamp()), int(found.end.timestamp())
    numbers = np.array([one.number for one in ports.register.series()])
    live = ports.verdicts.columns(numbers, start, end)
    one = found.figures[0]
    assert one.windows == len(live)
    assert one.log_loss == pytest.approx(-np.log(live.p_value - live.p_above).mean(), rel=1e-12)
    begun = [run for run in runs_since(ports, numbers.tolist(), start) if run.verdicts[0].start >= start]
    assert one.episodes == len(begun)
    spaces = Counter(series.stairwell for series in ports.register.series())
    parts = {series.number: 1 / spaces[series.stairwell] for series in ports.register.series()}
    assert one.stairwell_weeks == pytest.approx(sum(parts[number] for number in live.series.tolist()) / 168)
    assert one.opened == pytest.approx(100 * one.episodes / one.stairwell_weeks)
    assert one.opened_low <= one.opened <= one.opened_high
    assert len(one.weekly) == 3
    assert len(one.deciles) == 10


def test_other_settings_change_what_they_are_about(found: Backtest) -> None:
    """A smaller budget: fewer episodes, no more found. Another period: another list."""
    champion, asked = found.figures
    assert (champion.changed, asked.changed) == ({}, {BUDGET: 0.2, "hotspots.days": 7})
    assert asked.log_loss == champion.log_loss
    assert asked.episodes < champion.episodes
    assert asked.promised == 0.2
    assert [less.of for less in asked.recall] == [more.of for more in champion.recall]
    assert sum(less.found for less in asked.recall) <= sum(more.found for more in champion.recall)
    assert [recall.days for recall in asked.recall] == [7, 14]
    assert champion.recall[0].of > 0
    assert 0.0 <= found.overlap <= 1.0
    assert set(found.entering) == set(asked.listed) - set(champion.listed)
    assert set(found.leaving) == set(champion.listed) - set(asked.listed)


def test_nothing_stored_is_changed(judged: tuple[Backtest, bool]) -> None:
    assert judged[1]


def test_what_changes_nothing_and_what_is_too_short_are_refused(ports: Ports, city: SimulatedCity, tmp_path) -> None:
    settings = ports.settings
    for key in ("api.port", "general.data_dir", "mail.host"):
        with pytest.raises(InvalidInput, match=f"{key} changes nothing"):
            backtest(ports, Asked(settings, {key: 1}))
    with pytest.raises(InvalidInput, match="2 weeks or more"):
        backtest(ports, start=end_of(city) - timedelta(days=10))
    with pytest.raises(NotFound):
        backtest(ports, Asked(settings, {}, version="77"))
    with pytest.raises(Conflict, match="nothing has been scored"):
        backtest(sqlite_ports(tmp_path))


def test_the_command_checks_settings_like_a_file_and_writes_page_and_pictures(
    ports: Ports, city: SimulatedCity, found: Backtest, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    runner, folder = click.testing.CliRunner(), str(ports.settings.data_dir)
    for given, told in (
        ("detector.no_such=1", "there is no key detector.no_such"),
        ("hotspots.days=0", "hotspots.days"),
        ("hotspots", "write it like"),
        ("api.port=9", "api.port changes nothing"),
        ("general.timezone=Nowhere", "not an IANA name"),
    ):
        refused = runner.invoke(main, ["--data", folder, "backtest", "--set", given])
        assert refused.exit_code == 1
        assert told in refused.output
    start = (end_of(city) - timedelta(weeks=3)).astimezone(ZoneInfo("Europe/Stockholm")).date().isoformat()
    done = runner.invoke(main, ["--data", folder, "backtest", "--from", start, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "episodes per 100 stairwell-weeks" in done.output
    names = {"index.html", "figures.json", *(f"{plot.name}.png" for plot in PLOTS)}
    assert {file.name for file in (tmp_path / "out").iterdir()} == names
    written = msgspec.json.decode((tmp_path / "out" / "figures.json").read_bytes(), type=Backtest)
    assert written.figures == found.figures[:1], "the same seed injects the same loitering"


@pytest.fixture(scope="module")
def page(found: Backtest) -> str:
    pytest.importorskip("matplotlib")
    return render_backtest_page(found).decode()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: chromium)")
@pytest.mark.parametrize(
    ("options", "ground"), [((), "251, 250, 247"), (("--blink-settings=preferredColorScheme=0",), "22, 20, 19")]
)
def test_the_page_fits_a_phone_in_both_themes(page: str, tmp_path: Path, options, ground: str) -> None:
    """With a picture for each ground, and nothing loaded from elsewhere."""
    assert page.count("data:image/png;base64,") == 2 * len(PLOTS)
    assert not re.search(r'(src|href|srcset)="(?!data:)', page)
    (tmp_path / "phone.html").write_text(MEASURE.format(width=PHONE_PIXELS, page=html.escape(page)), "utf-8")
    body = re.search(
        r"<body>(.*?)</body>", browse(tmp_path, *options, "--dump-dom", (tmp_path / "phone.html").as_uri())
    )
    assert body
    width, colour, _ = body[1].split("|")
    assert int(width) <= PHONE_PIXELS
    assert ground in colour


def test_without_matplotlib_it_is_said_how_to_get_it(found: Backtest, tmp_path: Path, monkeypatch) -> None:
    """And nothing is left half written."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(InvalidInput, match=r"trappvakt\[plots\]"):
        write_backtest(tmp_path / "out", found)
    assert not (tmp_path / "out").exists()
