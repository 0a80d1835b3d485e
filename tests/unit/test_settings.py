"""Settings: every default is documented, and nothing odd gets past start-up."""

import re
import tomllib
from datetime import date
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from service.errors import SettingsError
from service.settings import Settings, influxdb_token, load_settings
from service.settings.calendars import holiday_dates

DEFAULTS = tomllib.loads(resources.files("service.settings").joinpath("default.toml").read_text("utf-8"))
SUBSCRIPTION = (
    '{name = "a", url = "https://a.example/", tenant = "t", secret_file = "/s", '
    'events = ["trappvakt.list.approved", "odd"]}'
)
KEYS = [(section, key) for section, keys in DEFAULTS.items() for key in keys]


def write(folder: Path, text: str) -> Path:
    """Write a settings file."""
    path = folder / "trappvakt.toml"
    path.write_text(text, "utf-8")
    return path


def test_defaults_are_valid() -> None:
    """The shipped file alone makes complete settings."""
    assert load_settings(environment={}).window_seconds == 3600


def test_every_default_has_a_field_and_every_field_a_default() -> None:
    """The file and the types name the same keys."""
    fields = {
        (section.name, field.name)
        for section in msgspec.structs.fields(Settings)
        for field in msgspec.structs.fields(section.type)
    }
    assert set(KEYS) == fields


def test_the_file_in_config_is_the_one_shipped() -> None:
    """People read config/default.toml, the program service/settings/default.toml."""
    repository = Path(__file__).parents[2]
    shipped = repository / "service/settings/default.toml"
    assert (repository / "config/default.toml").read_text("utf-8") == shipped.read_text("utf-8")


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_says_why(section: str, key: str) -> None:
    """Each line of the defaults ends in a comment with its unit and reason."""
    text = resources.files("service.settings").joinpath("default.toml").read_text("utf-8")
    part = text.split(f"[{section}]\n")[1].split("\n[")[0]
    assert re.search(rf"^{key} = .*# \S+ \S+", part, re.MULTILINE)


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_wrong_type_stops_start_up_and_names_the_key(tmp_path: Path, section: str, key: str) -> None:
    """A table is no value of any key."""
    path = write(tmp_path, f"[{section}]\n{key} = {{ odd = 1 }}\n")
    with pytest.raises(SettingsError, match=rf"{section}\.{key}"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("general", "timezone", '"Europe/Atlantis"'),
        ("general", "timezone", '""'),
        ("general", "holidays", '"XX"'),
        ("general", "extra_holidays", '["2026-02-30"]'),
        ("window", "minutes", "45"),
        ("window", "lateness_minutes", "-1"),
        ("places", "mode", '"lax"'),
        ("store", "kind", '"mysql"'),
        ("influxdb", "url", '"ftp://example"'),
        ("influxdb", "timeout_seconds", "0"),
        ("detector", "episodes_per_100_stairwell_weeks", "0"),
        ("detector", "silence_odds", "1.0"),
        ("advance", "interval_seconds", "0"),
        ("advance", "backend", '"threads"'),
        ("hotspots", "days", "1"),
        ("hotspots", "make_at_hour", "24"),
        ("hotspots", "false_discovery_rate", "1.5"),
        ("api", "port", "65536"),
        ("api", "workers", "0"),
        ("log", "level", '"loud"'),
    ],
)
def test_odd_value_stops_start_up_and_names_the_key(tmp_path: Path, section: str, key: str, value: str) -> None:
    """What cannot work is refused before anything starts."""
    path = write(tmp_path, f"[{section}]\n{key} = {value}\n")
    with pytest.raises(SettingsError, match=rf"{section}\.{key}"):
        load_settings(path, {})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[general]\nextra_holidays = ["midsummer"]', "general.extra_holidays[0]: expected a date like 2026-12-24"),
        ('[schema]\nfield = "9"', "schema.field: expected a letter, and then letters, digits and . _ : -"),
        ('[influxdb]\nurl = "influxdb:8086"', "influxdb.url: expected an address like http://influxdb:8086"),
        ('[advance]\nbackend = "dask"', "name the cluster by advance.dask_scheduler"),
        ('[mail]\nsender = "norrbo"', "mail.sender: expected an address like office@norrbo.example, or nothing"),
        (
            '[mail]\nrecipients = [{name = "å", address = "a@b", tenant = "t"}]',
            "mail.recipients[0].name: expected a letter",
        ),
        (
            f"[webhooks]\nsubscriptions = [{SUBSCRIPTION}]",
            "events[1]: invalid value 'odd'; use one of trappvakt.episode.",
        ),
    ],
)
def test_what_a_key_takes_is_told_in_words(tmp_path: Path, text: str, says: str) -> None:
    """Not by a pattern that few can read, nor by the name of a standard; values in a list are counted up as well."""
    path = write(tmp_path, text)
    with pytest.raises(SettingsError, match=re.escape(says)):
        load_settings(path, {})


def test_the_origin_of_what_is_odd_is_told(tmp_path: Path) -> None:
    """A folder named by hand is never what is odd."""
    path = write(tmp_path, "[window]\nminutes = 7\n")
    with pytest.raises(SettingsError, match=re.escape(f"{path}: window.minutes")):
        load_settings(path, {}, {"general.data_dir": "elsewhere"})
    with pytest.raises(SettingsError, match=re.escape(f"{path} and the command line: window.minutes")):
        load_settings(path, {}, {"general.data_dir": "elsewhere", "general.timezone": "UTC"})


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As editors of Windows write it."""
    path = tmp_path / "trappvakt.toml"
    path.write_text("[window]\nminutes = 30\n", "utf-8-sig")
    assert load_settings(path, {}).window.minutes == 30


def test_unknown_key_names_the_known_ones(tmp_path: Path) -> None:
    """A slip of the pen is not ignored."""
    path = write(tmp_path, "[window]\nminuts = 30\n")
    with pytest.raises(SettingsError, match=r"no key window\.minuts; known are minutes, lateness_minutes"):
        load_settings(path, {})


def test_unknown_section_names_the_known_ones(tmp_path: Path) -> None:
    """Nor is a section that does not exist."""
    with pytest.raises(SettingsError, match=r"no section \[windows\]; known are general, window"):
        load_settings(write(tmp_path, "[windows]\nminutes = 30\n"), {})


def test_key_outside_a_section_is_explained(tmp_path: Path) -> None:
    """Keys belong to sections."""
    with pytest.raises(SettingsError, match=r"write \[window\]"):
        load_settings(write(tmp_path, "window = 30\n"), {})


@pytest.mark.parametrize("content", [b"[window\n", b"\xff\xfe"])
def test_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    """The message names the file."""
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml"):
        load_settings(path, {})


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is named must exist."""
    with pytest.raises(SettingsError, match=r"missing\.toml"):
        load_settings(tmp_path / "missing.toml", {})


def test_file_named_by_the_environment(tmp_path: Path) -> None:
    """TRAPPVAKT_CONFIG names the file; a file given by hand goes before it."""
    named = write(tmp_path, "[window]\nminutes = 30\n")
    assert load_settings(environment={"TRAPPVAKT_CONFIG": str(named)}).window.minutes == 30
    by_hand = tmp_path / "by_hand.toml"
    by_hand.write_text("[window]\nminutes = 15\n", "utf-8")
    assert load_settings(by_hand, {"TRAPPVAKT_CONFIG": str(named)}).window.minutes == 15


def test_overrides_go_before_the_file(tmp_path: Path) -> None:
    """The command line has the last word, one key at a time."""
    path = write(tmp_path, "[api]\nport = 9000\nworkers = 3\n")
    api = load_settings(path, {}, {"api.port": 0}).api
    assert (api.port, api.workers, api.threads) == (0, 3, DEFAULTS["api"]["threads"])


def test_token_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """The environment goes first; white space of a file does not count."""
    secret = tmp_path / "token"
    secret.write_text("from-file\n", "utf-8")
    settings = load_settings(write(tmp_path, f"[influxdb]\ntoken_file = '{secret}'\n"), {})
    assert influxdb_token(settings, {}) == "from-file"
    assert influxdb_token(settings, {"TRAPPVAKT_INFLUXDB_TOKEN": "from-environment"}) == "from-environment"


@pytest.mark.parametrize("token_file", ["", "/nowhere/token"])
def test_missing_token_says_where_to_put_it(tmp_path: Path, token_file: str) -> None:
    """Without a token the message tells both ways, or what is wrong with the file."""
    settings = load_settings(write(tmp_path, f"[influxdb]\ntoken_file = '{token_file}'\n"), {})
    with pytest.raises(SettingsError, match=r"token_file"):
        influxdb_token(settings, {})


@pytest.mark.parametrize("content", [b"two\nlines\n", "å\n".encode(), b"\xbd\xff", b"a b"])
def test_what_is_no_token_is_told_and_not_shown(tmp_path: Path, content: bytes) -> None:
    """No request could carry it, and each would fail by an error of its own."""
    secret = tmp_path / "token"
    secret.write_bytes(content)
    settings = load_settings(write(tmp_path, f"[influxdb]\ntoken_file = '{secret}'\n"), {})
    with pytest.raises(SettingsError, match=r"influxdb\.token_file \S+ holds no token; a token is one line") as told:
        influxdb_token(settings, {})
    assert content.decode("latin-1").strip() not in str(told.value)
    with pytest.raises(SettingsError, match="TRAPPVAKT_INFLUXDB_TOKEN holds no token"):
        influxdb_token(settings, {"TRAPPVAKT_INFLUXDB_TOKEN": content.decode("latin-1")})


def test_defaults_hold_no_secret() -> None:
    """No password, no token, not even a sample of one."""
    names = [key for _, key in KEYS if re.search("token|password|secret", key)]
    assert names == ["token_file", "password_file"]
    assert DEFAULTS["influxdb"]["token_file"] == ""


def test_swedish_eves_are_holidays() -> None:
    """Midsummer's, Christmas and New Year's Eve are kept though no law says so."""
    dates = holiday_dates("SE", (), range(2026, 2028))
    assert {date(2026, 6, 19), date(2027, 6, 25), date(2026, 12, 24), date(2026, 12, 31), date(2026, 6, 6)} <= set(
        dates
    )
    assert list(dates) == sorted(set(dates))


@pytest.mark.parametrize(
    ("country", "areas", "says"),
    [
        ("SE", ['{tenant = "t", area = "a", region = "AB"}'], "'SE' has no region 'AB'"),
        ("none", ['{tenant = "t", area = "a", region = "BW"}'], "'none' has no region 'BW'"),
        ("DE", ['{tenant = "t", area = "a", region = "XX"}'], "use one of BB, BE, BW"),
        (
            "DE",
            ['{tenant = "t", area = "a"}', '{tenant = "t", area = "a", region = "BW"}'],
            "names area 'a' of 't' twice",
        ),
        ("DE", ['{tenant = "t", area = ""}'], "general.areas"),
        ("DE", ['{tenant = "t", area = "a", extra_holidays = ["May"]}'], "general.areas"),
    ],
)
def test_odd_areas_are_refused(tmp_path: Path, country: str, areas: list[str], says: str) -> None:
    """Regions that nobody has a calendar of, one area twice, no date."""
    file = tmp_path / "trappvakt.toml"
    file.write_text(f'[general]\nholidays = "{country}"\nareas = [{", ".join(areas)}]\n')
    with pytest.raises(SettingsError, match=re.escape(says)):
        load_settings(file, environment={})


def test_every_midsummer_eve_is_a_friday() -> None:
    """The Friday between 19 and 25 June, of every year."""
    for year in range(2000, 2100):
        eves = [day for day in holiday_dates("SE", (), range(year, year + 1)) if day.month == 6 and 19 <= day.day <= 25]
        assert any(day.weekday() == 4 for day in eves)


def test_none_keeps_only_the_towns_own_dates() -> None:
    """A town may keep no public holidays at all."""
    assert holiday_dates("none", (date(2026, 5, 15),), range(2026, 2027)) == (date(2026, 5, 15),)
