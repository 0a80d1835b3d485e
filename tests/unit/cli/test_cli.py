"""The command line: places, counts, scoring, lists, keys, and how it fails."""

from __future__ import annotations

import csv
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.bootstrap import build_ports
from service.cli import main
from service.cli.application import COMMANDS
from service.domain.keys import EVERY_TENANT, Role
from service.ingest.places_files import COLUMNS
from service.settings import load_settings
from service.usecases.keys import authenticate
from tests.unit.cli.program import COUNTS, PLACES, Trappvakt


def test_places_are_imported_and_listed(trappvakt: Trappvakt) -> None:
    """Into a pipe a table is tab-separated, whole, and without a frame."""
    assert "2 rows of places imported" in trappvakt("places", "import", trappvakt.file("p.csv", PLACES)).output
    lines = trappvakt("places", "list").output.splitlines()
    assert lines[0].split("\t")[:4] == ["area", "property", "building", "address"]
    assert lines[1].split("\t")[4:] == ["A", "cellar", "cellar", "g1"]


def test_places_come_from_json_too(trappvakt: Trappvakt) -> None:
    """In the shape that the API takes."""
    place = dict(zip(*list(csv.reader(PLACES.splitlines()))[:2], strict=True))
    file = trappvakt.file("places.json", json.dumps({"places": [place]}))
    assert "1 row of places imported" in trappvakt("places", "import", file).output


def test_the_help_of_places_names_every_column(trappvakt: Trappvakt) -> None:
    """So that nobody has to guess them."""
    told = trappvakt("places", "import", "--help").output
    assert set(COLUMNS) <= set(told.replace(",", " ").replace(".", " ").split())


def test_bad_rows_are_named_and_the_good_ones_kept(trappvakt: Trappvakt) -> None:
    """The exit code tells a script that something is left to do."""
    trappvakt("places", "import", trappvakt.file("places.csv", PLACES))
    file = trappvakt.file("counts.csv", "time,stairwell,count\n2026-06-01T10:00Z,A,-1\n2026-06-01T11:00Z,A,1\n")
    result = trappvakt("import", file, fails=True)
    assert result.exit_code == 1
    assert "1 row of counts imported" in result.stdout
    assert "Error: 1 row refused" in result.stderr
    assert "row 2: the count is -1" in result.stderr


def test_the_tenant_may_be_left_out_where_there_is_one(trappvakt: Trappvakt) -> None:
    """With none or several, the message names them."""
    counts = trappvakt.file("counts.csv", COUNTS)
    assert "name the tenant" in trappvakt("import", counts, fails=True).stderr
    both = PLACES + "söderhem,a1,p1,b1,A,cellar,cellar,\n"
    trappvakt("places", "import", trappvakt.file("places.csv", both))
    assert "known are norrbo, söderhem" in trappvakt("import", counts, fails=True).stderr
    trappvakt("import", counts, "--tenant", "norrbo")


def test_where_nothing_is_known_the_folder_is_named(trappvakt: Trappvakt) -> None:
    """Whoever forgot --config or --data has looked into another one; it was made for its owner alone."""
    folder = trappvakt.folder / "data"
    assert f"none is known yet in {folder}: import places first, or" in trappvakt("lists", "list", fails=True).stderr
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_to_tell_is_not_told_as_good_news(filled: Trappvakt) -> None:
    """A stairwell that is misspelt has had no calm fortnight, and no list is no bad list."""
    assert "has no stairwell Q" in filled("episodes", "list", "--stairwell", "Q", fails=True).stderr
    assert "has no stairwell" not in filled("episodes", "list", "--stairwell", "A").output
    assert filled("evaluate").stdout == (
        "There is no approved list to judge yet; `trappvakt lists approve ID` approves one\n"
    )


def test_a_tenant_that_is_not_known_is_asked_about(filled: Trappvakt) -> None:
    """A slip of the pen begins no housing company."""
    counts = filled.file("more.csv", COUNTS)
    message = filled("import", counts, "--tenant", "norbro", fails=True).stderr
    assert message.startswith("Error: there is no housing company 'norbro'; known are norrbo; if it is new, say so")
    assert "rows of counts imported" in filled("import", counts, "--tenant", "norbro", "--new-tenant").output
    assert "no housing company '*'" in filled("import", counts, "--tenant", "*", "--new-tenant", fails=True).output


def test_what_is_learnt_of_a_stairwell_is_shown(filled: Trappvakt) -> None:
    """A row for each window of the day, a column for each type of day."""
    lines = [line.split("\t") for line in filled("profile", "A").output.splitlines()]
    assert lines[0] == ["space", "weeks learnt", "time", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holiday"]
    assert [line[2] for line in lines[1:]] == [f"{hour:02}:00" for hour in range(24)]
    assert float(lines[24][3]) > float(lines[3][3]), "presences come in the evening"
    assert filled("level-shifts").output.splitlines() == ["stairwell\tspace\tlearnt\tratio\twhy"]


def test_calibration_is_told_in_a_table_and_in_words(filled: Trappvakt) -> None:
    """After two weeks no space has warmed up, so there are episodes but no p-values to tell of."""
    lines = filled("calibration", "--weeks", "2").output.splitlines()
    assert lines[0].split("\t")[:3] == ["windows of", "windows", "expected"]
    assert "episodes opened per 100 stairwell-weeks" in lines[1]
    assert lines[2] == "No drift is evident"


def test_calibration_of_nothing_says_so(trappvakt: Trappvakt) -> None:
    """It does not say that all is well."""
    lines = trappvakt("calibration").output.splitlines()
    assert lines[1:] == ["Nothing was judged in these weeks, so nothing is known of drift"]


def test_score_tells_what_it_did(filled: Trappvakt) -> None:
    """Done again, there is nothing left."""
    output = filled("score", "--to", "2026-06-15T02:00+02:00").stdout
    assert output.startswith("0 windows scored: 0 verdicts")
    assert "2026-06-15T00:00:00+00:00" in output


def test_score_without_counts_says_so(trappvakt: Trappvakt) -> None:
    """Instead of scoring nothing silently."""
    assert "no counts yet" in trappvakt("score").output


@pytest.mark.parametrize(
    "words",
    [
        ("score", "--to", "tomorrow"),
        ("keys", "revoke", "nobody"),
        ("models", "promote", "77"),
        ("models", "rollback"),
        ("retrain",),
        ("lists", "make", "--tenant", "nobody"),
        ("lists", "show", "--tenant", "nobody"),
        ("lists", "approve", "2026-01-01", "--tenant", "nobody"),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(trappvakt: Trappvakt, words: tuple[str, ...]) -> None:
    """Without a traceback; it says what is wrong."""
    result = trappvakt(*words, fails=True)
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert len(errors[0]) > len("Error: ") + 10
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "words",
    [("score", "--from", "1"), ("nonsense",), ("keys", "create", "--role", "king", "--tenant", "a"), ("import",)],
)
def test_wrong_use_is_exit_code_2(trappvakt: Trappvakt, words: tuple[str, ...]) -> None:
    """As click has it."""
    assert trappvakt(*words, fails=True).exit_code == 2


def test_a_slip_of_the_pen_is_told_with_what_may_be_meant() -> None:
    """Of the commands themselves, as of those below them."""
    assert "No such command 'lits'. Did you mean 'lists'?" in CliRunner().invoke(main, ["lits"]).stderr
    assert "No such command 'maek'. Did you mean 'make'?" in CliRunner().invoke(main, ["lists", "maek"]).stderr


def test_help_names_every_command_in_a_line_of_its_own_and_imports_none() -> None:
    """On a terminal of 80 columns; numpy alone takes as long as all of it."""
    script = (
        "import sys; from service.cli import main; main(['--help'], standalone_mode=False); "
        "sys.exit(', '.join({'numpy', 'structlog', 'service.bootstrap'} & set(sys.modules)) or 0)"
    )
    environment = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    listed = done.stdout.split("Commands:\n")[1].splitlines()
    assert [line.split()[0] for line in listed] == list(COMMANDS)
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


def test_commands_that_reckon_nothing_load_no_statistics() -> None:
    """Lists are read, keys made and processes watched at once: SciPy and what stands on it take as long again."""
    named = ["serve", "places", "lists", "outcomes", "annotations", "sensors", "webhooks", "keys", "backup", "doctor"]
    script = (
        f"import sys; from service.cli import main; [main.get_command(None, name) for name in {named}]; "
        "sys.exit(', '.join(sorted({'scipy', 'sklearn', 'joblib', 'apscheduler'} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_broken_settings_file_is_one_line(tmp_path: Path) -> None:
    """Whatever command is called."""
    config = tmp_path / "odd.toml"
    config.write_text("[window]\nminutes = 45\n")
    result = CliRunner().invoke(main, ["--config", str(config), "lists", "list"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert f"{config}: window.minutes: invalid value 45; use one of 1, 2, 3, 4, 5, 6, 10" in result.stderr


@pytest.mark.parametrize(
    ("role", "tenant", "warned"),
    [("reader", "norbro", True), ("reader", "norrbo", False), ("police", EVERY_TENANT, False)],
)
def test_a_key_may_come_before_its_places_but_that_is_said(
    filled: Trappvakt, role: str, tenant: str, *, warned: bool
) -> None:
    """Misspelt, it would open nothing, and nobody would know why."""
    result = filled("keys", "create", "--role", role, "--tenant", tenant)
    warnings = [line for line in result.stderr.splitlines() if line.startswith("Warning: ")]
    assert result.stdout.startswith("tv_")
    assert warnings == warned * [
        "Warning: there is no housing company 'norbro'; known are norrbo; check how it is written, or import its places"
    ]


def test_a_key_opens_until_it_is_revoked(trappvakt: Trappvakt) -> None:
    """The token is the only thing on standard output, so that a script can keep it; lists show no token."""
    result = trappvakt("keys", "create", "--role", "police", "--tenant", "norrbo", "--label", "city")
    token = result.stdout.strip()
    ports = build_ports(load_settings(None, {}, {"general.data_dir": str(trappvakt.folder / "data")}))
    key = authenticate(ports, token)
    assert (key.role, key.tenant, key.label) == (Role.POLICE, "norrbo", "city")
    listed = trappvakt("keys", "list").output
    assert key.key_id in listed
    assert token not in listed
    trappvakt("keys", "revoke", key.key_id)
    assert ports.keys.by_digest(key.digest).revoked is not None
    assert [entry.action for entry in ports.audit.entries("norrbo")] == ["key.revoke", "key.create"]


def test_a_list_is_made_shown_approved_and_exported(filled: Trappvakt) -> None:
    """As a person at the housing company does it."""
    list_id = filled("lists", "make", "--days", "7").output.split()[1]
    assert "draft" in filled("lists", "list").output
    assert list_id in filled("lists", "show").output
    filled("lists", "approve", list_id)
    assert "approved" in filled("lists", "list").output
    exported = filled("lists", "export", "--format", "json", "--out", filled.folder / "list.json")
    assert exported.output == ""
    assert json.loads((filled.folder / "list.json").read_bytes())["list_id"] == list_id
    assert filled("lists", "export", list_id).output.startswith("rank,")
    filled("lists", "export", "--language", "en", "--out", filled.folder / "list.html")
    assert '<html lang="en">' in (filled.folder / "list.html").read_text("utf-8")
    assert json.loads(filled("lists", "export", "--format", "geojson").output)["list_id"] == list_id
    refused = filled("lists", "export", "--out", filled.folder / "list.pdf", fails=True)
    assert "a list is not written as .pdf" in refused.stderr
    assert not (filled.folder / "list.pdf").exists()
    filled("lists", "export", "--format", "csv", "--out", filled.folder / "list.txt")
    assert "police" not in filled("lists", "deliveries", list_id).output
    assert filled("lists", "resend", list_id).output.startswith("0 queued")


def test_what_is_done_to_lists_is_in_the_audit(filled: Trappvakt) -> None:
    """As if it were done over the network; by whom, and what was held back and why."""
    list_id = filled("lists", "make", "--area", "a1").output.split()[1]
    filled("lists", "show", list_id)
    filled("lists", "export", "--area", "a1")
    filled("lists", "approve", list_id)
    filled("lists", "show", "--area", "a2", fails=True)
    assert "no entry 9" in filled("lists", "approve", list_id, "--hold-back", "9", "renovation", fails=True).output
    ports = build_ports(load_settings(None, {}, {"general.data_dir": str(filled.folder / "data")}))
    done = [(one.action, one.subject) for one in reversed(ports.audit.entries("norrbo"))]
    assert done == [(f"list.{verb}", list_id) for verb in ("make", "read", "read", "approve")]
    assert all(one.actor.startswith("cli") for one in ports.audit.entries("norrbo"))


def test_a_version_tells_what_it_keeps_of_its_budget(trappvakt: Trappvakt) -> None:
    """Promised beside achieved, by weeks of evidence."""
    lines = [line.split("\t") for line in trappvakt("models", "show", "0").output.splitlines()]
    table = lines[lines.index(["weeks of evidence", "promised", "achieved", "stairwell-weeks"]) + 1 :]
    assert [(weeks, promised) for weeks, promised, *_ in table[:3]] == [("1 to 4", "1"), ("5 to 8", "1"), ("9 on", "1")]
    assert len(table) == 9
    assert "known are 0" in trappvakt("models", "show", "7", fails=True).stderr


def test_models_start_with_version_0(filled: Trappvakt) -> None:
    """It is the champion, and promoting it again is no harm."""
    filled("models", "promote", "0")
    lines = filled("models", "list").output.splitlines()
    assert lines[1].split("\t")[:2] == ["0", "yes"]


def test_settings_are_printed_as_they_are_in_force(tmp_path: Path) -> None:
    """With what the command line and the file changed."""
    config = tmp_path / "mine.toml"
    config.write_text("[window]\nminutes = 30\n")
    output = CliRunner().invoke(main, ["--config", str(config), "--data", "/elsewhere", "settings"]).output
    assert "window.minutes = 30" in output
    assert 'general.data_dir = "/elsewhere"' in output


def test_an_admin_token_that_is_none_is_told_before_anything_is_asked(trappvakt: Trappvakt) -> None:
    """The wrong file was named; InfluxDB need not be there to say so."""
    file = trappvakt.folder / "picture.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    told = trappvakt("influx", "setup", "--admin-token-file", file, fails=True).stderr
    assert told == f"Error: {file} holds no token; a token is one line of ASCII without spaces\n"


def test_openapi_is_printed_as_json(trappvakt: Trappvakt) -> None:
    """The same document that the API serves."""
    assert json.loads(trappvakt("openapi").output)["openapi"].startswith("3.1")
