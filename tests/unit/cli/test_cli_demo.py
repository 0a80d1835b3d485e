"""The demo and a settings file: how to work is taken from it, real data and real recipients are left alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from service.demo import prepare_folder
from service.settings import load_settings, read_settings_file
from tests.unit.cli.program import Trappvakt

ASKED = """
[general]
data_dir = "/data/real"
timezone = "Europe/Helsinki"
holidays = "FI"
extra_holidays = [2026-05-15]
areas = [{ tenant = "norrbo", area = "Norra", extra_holidays = [2026-02-02] }]

[store]
kind = "influxdb"

[detector]
silence_odds = 1e-7

[advance]
workers = 2

[log]
level = "info"

[api]
host = "0.0.0.0"

[schema]
measurement = "presences"
"""


def test_the_demo_works_as_asked_on_data_of_its_own(tmp_path: Path) -> None:
    """What is asked goes before what the demo sets itself, which goes before the defaults."""
    asked = tmp_path / "town.toml"
    asked.write_text(ASKED, "utf-8")
    settings = load_settings(prepare_folder(tmp_path / 'the "demo"', read_settings_file(asked)), {})
    plain = load_settings(prepare_folder(tmp_path / "plain"), {})
    general = settings.general
    assert (general.timezone, general.holidays, general.extra_holidays) == (
        "Europe/Helsinki",
        "FI",
        (date(2026, 5, 15),),
    )
    assert (settings.detector.silence_odds, settings.api.host) == (1e-7, "0.0.0.0")  # noqa: S104 - as containers do
    assert (settings.advance.workers, settings.advance.interval_seconds) == (2, plain.advance.interval_seconds)
    assert (settings.log.level, plain.log.level) == ("info", "warning")
    assert settings.data_dir == tmp_path / 'the "demo"'
    assert (general.areas, settings.store, settings.schema) == ((), plain.store, plain.schema)


@pytest.mark.parametrize("by_variable", [False, True])
def test_what_the_demo_does_not_take_is_told(
    trappvakt: Trappvakt, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    """By the names of the file, before anything is simulated; here it ends at a folder that is not empty."""
    config = trappvakt.file("town.toml", ASKED)
    (trappvakt.folder / "data").mkdir()
    trappvakt.file("data/something", "")
    if by_variable:
        monkeypatch.setenv("TRAPPVAKT_CONFIG", str(config))
    refused = trappvakt(*(() if by_variable else ("--config", config)), "demo", "--no-serve", fails=True)
    told, error = refused.output.splitlines()
    assert told.startswith(f"Not taken from {config}")
    assert told.endswith(": general.areas, store, schema")
    assert "is not empty" in error


def test_a_settings_file_that_is_wrong_is_named_and_no_folder_made(trappvakt: Trappvakt) -> None:
    """As by any other command."""
    config = trappvakt.file("town.toml", "[api]\nport = -1\n")
    assert str(config) in trappvakt("--config", config, "demo", fails=True).output
    assert not (trappvakt.folder / "data").exists()
