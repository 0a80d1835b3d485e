"""The doctor finds what is wrong with an installation, says what to do, and changes nothing."""

from __future__ import annotations

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from models.city import simulate_city
from service.bootstrap import build_installation
from service.cli import main
from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.installation import SCHEDULER_LOCK, DataFolder, Disk
from service.domain.keys import Role
from service.domain.places import Kind, PlaceRow
from service.domain.sensors import SensorFault, SensorKey, SensorState
from service.usecases.doctor import Diagnosis, State, examine
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from service.usecases.locks import scheduler_lock
from tests.disks import read_only, small_disk
from tests.worlds import TENANT, city_points, end_of, register_city, sqlite_ports

CITY = simulate_city(3, stairwells=4, weeks=2)
NOW = end_of(CITY) + timedelta(minutes=40)
ON_THE_SAFE_SIDE = Disk(
    folder=DataFolder(
        path="/d",
        read_only=False,
        denied=[],
        open_to_others=False,
        used_bytes=14_000,
        free_bytes=10**12,
        restoring=False,
    ),
    databases=[],
    version_folders=[],
    scheduler_runs=False,
)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two weeks of a small town, scored."""
    folder = tmp_path_factory.mktemp("scored") / "data"
    ports = sqlite_ports(folder, NOW)
    register_city(ports, CITY)
    ports.counts.append(city_points(CITY))
    advance(ports)
    create_key(ports, Role.OPERATOR, TENANT, "test")
    folder.chmod(0o700)
    return folder


@pytest.fixture
def folder(scored: Path, tmp_path: Path) -> Path:
    """A copy of it to harm."""
    return shutil.copytree(scored, tmp_path / "data")


def told(folder: Path, now: datetime = NOW, **overrides: object) -> list[Diagnosis]:
    ports = sqlite_ports(folder, now, **overrides)
    return list(examine(ports, build_installation(ports.settings)))


def of(diagnoses: list[Diagnosis], part: str) -> list[tuple[State, str]]:
    return [(one.state, one.message) for one in diagnoses if one.part == part]


def only(diagnoses: list[Diagnosis], part: str) -> Diagnosis:
    (found,) = (one for one in diagnoses if one.part == part and one.state is not State.OK)
    assert found.remedy or found.state is State.FAILURE
    return found


def test_what_is_well_is_said_to_be_well(folder: Path) -> None:
    """Only that no scheduler runs and that nobody has told addresses and dwellings is left to say."""
    diagnoses = told(folder)
    doubts = {one.part for one in diagnoses if one.state is not State.OK}
    assert doubts == {"scheduler", "places"}
    assert {one.part for one in diagnoses} >= {
        "databases",
        "stores",
        "disk",
        "state",
        "model versions",
        "clock",
        "keys",
    }
    assert of(diagnoses, "windows")[0][1].endswith("nothing is overdue")
    with scheduler_lock(sqlite_ports(folder).settings):
        assert of(told(folder), "scheduler") == [(State.OK, "runs; 0 commands wait")]


def test_every_doubt_says_what_to_do(folder: Path) -> None:
    """What is not ok has a remedy, or a message of our own that holds one."""
    for one in told(folder, NOW + timedelta(days=3)):
        assert (one.remedy is None) == (one.state is State.OK) or one.part == "windows"


def test_a_damaged_database_is_found_and_nothing_further_asked(folder: Path) -> None:
    """By reading it whole: the page that is damaged is in the middle, where no probe looks."""
    with sqlite3.connect(folder / "counts.db") as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray((folder / "counts.db").read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    (folder / "counts.db").write_bytes(content)
    diagnoses = told(folder)
    assert only(diagnoses, "databases").message.startswith("counts.db is damaged")
    assert of(diagnoses, "stores") == []


def test_a_database_that_cannot_be_read_is_not_called_damaged(folder: Path) -> None:
    """Nobody is to restore a backup over a database that is whole; rights are what most often is wrong."""
    for left in folder.glob("counts.db-*"):
        left.unlink()
    (folder / "counts.db-wal").mkdir()
    found = only(told(folder), "databases")
    assert found.message.startswith("counts.db cannot be read: unable to open database file; check that the user")
    assert "damage" not in found.message
    assert found.remedy is None


def test_a_database_whose_making_was_killed_is_one_to_start_on(folder: Path) -> None:
    """Its journal is to be taken back, which whoever only reads may not do; rights are not at fault."""
    (folder / "audit.db").unlink()
    killed = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN")
connection.execute("CREATE TABLE entry (document BLOB)")
connection.executemany("INSERT INTO entry VALUES (zeroblob(4000))", [()] * 100)
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", killed, folder / "audit.db"], check=False)
    found = only(told(folder), "databases")
    assert found.state is State.FAILURE
    assert "killed amid a change of it; start the service" in found.message
    sqlite_ports(folder, NOW).audit.entries(TENANT)
    assert of(told(folder), "databases")[0][0] is State.OK


def test_a_disk_that_nobody_may_write_to_is_told_as_such(scored: Path, tmp_path: Path) -> None:
    """Its files are nobody else's, so that another owner would change nothing."""
    with small_disk(tmp_path / "disk", megabytes=24) as disk:
        folder = shutil.copytree(scored, disk / "data")
        (folder / SCHEDULER_LOCK).touch()
        with read_only(disk):
            found = only(told(folder), "data folder")
    assert found.message == f"the disk of {folder} is mounted read-only"
    assert "mount it for writing" in (found.remedy or "")


@pytest.mark.parametrize(("schema", "remedy"), [(99, "install the Trappvakt that wrote it"), (1, "back the folder up")])
def test_a_schema_of_another_program_is_told_and_left_alone(folder: Path, schema: int, remedy: str) -> None:
    """Newer or older; the service migrates, the doctor does not."""
    with sqlite3.connect(folder / "register.db") as database:
        database.execute(f"PRAGMA user_version = {schema}")
    assert remedy in (only(told(folder), "databases").remedy or "")
    with sqlite3.connect(folder / "register.db") as database:
        assert database.execute("PRAGMA user_version").fetchone() == (schema,)


def test_where_nothing_is_nothing_is_made(tmp_path: Path) -> None:
    """A folder that is not there is a failure, an empty one a beginning."""
    assert only(told(tmp_path / "none"), "data folder").state is State.FAILURE
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").mkdir(mode=0o700)
    assert only(told(tmp_path / "empty"), "databases").state is State.WARNING
    assert list((tmp_path / "empty").iterdir()) == []


def test_a_chunk_that_is_cut_short_is_found(folder: Path) -> None:
    """State that the manifest names."""
    chunk = max((folder / "state").iterdir(), key=lambda path: path.stat().st_size)
    chunk.write_bytes(chunk.read_bytes()[:-100])
    assert chunk.name in only(told(folder), "state").message


def test_a_version_that_was_tampered_with_is_found(folder: Path) -> None:
    """A folder without a manifest that can be read counts too."""
    (folder / "versions" / "7").mkdir(parents=True)
    (folder / "versions" / "7" / "manifest.json").write_text("{}")
    assert only(told(folder), "model versions").state is State.WARNING


def test_what_signs_sessions_is_looked_at_and_not_made(folder: Path) -> None:
    """Where no page was ever opened there is none."""
    assert of(told(folder), "session secret") == [(State.OK, "none yet; it is made when the first page is opened")]
    assert not (folder / "session.secret").exists()
    sqlite_ports(folder, NOW).session_secret.read()
    assert of(told(folder), "session secret") == [(State.OK, "whole, and readable by its owner alone")]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_what_signs_sessions_and_others_can_read_is_found(folder: Path, mode: int) -> None:
    """Nobody is let in meanwhile; what it holds is not shown, and it stays as it is."""
    secret = sqlite_ports(folder, NOW).session_secret.read()
    (folder / "session.secret").chmod(mode)
    found = only(told(folder), "session secret")
    assert found.state is State.FAILURE
    assert found.message == (
        f"others can read the secret of sessions, {folder / 'session.secret'}; delete it, a new one is made"
    )
    assert (folder / "session.secret").read_bytes() == secret
    assert stat.S_IMODE((folder / "session.secret").stat().st_mode) == mode


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_what_signs_sessions_and_is_cut_short_is_found(folder: Path, content: bytes) -> None:
    """And the other parts are examined all the same."""
    (folder / "session.secret").write_bytes(content)
    (folder / "session.secret").chmod(0o600)
    diagnoses = told(folder)
    assert "is damaged; delete it" in only(diagnoses, "session secret").message
    assert of(diagnoses, "keys") == [(State.OK, "1 in use")]


def test_what_signs_sessions_and_cannot_be_read_is_found(folder: Path) -> None:
    """A link could lead anywhere, a folder is no file; a file of another user is told with the data folder."""
    (folder / "session.secret").symlink_to(folder / "register.db")
    assert "cannot be read or made" in only(told(folder), "session secret").message
    (folder / "session.secret").unlink()
    (folder / "session.secret").mkdir(mode=0o700)
    assert "Is a directory; give" in only(told(folder), "session secret").message


def test_windows_that_wait_are_a_failure(folder: Path) -> None:
    """Minutes of a catch-up are not."""
    assert only(told(folder, NOW + timedelta(hours=5)), "windows").message.endswith("due for 265 minutes")
    assert of(told(folder, NOW + timedelta(minutes=40)), "windows")[0][0] is State.OK


def test_a_clock_that_was_set_back_is_found(folder: Path) -> None:
    """By what was scored."""
    assert only(told(folder, NOW - timedelta(days=1)), "clock").state is State.FAILURE


def test_counts_that_stopped_are_told_with_the_last_one(folder: Path) -> None:
    """Scored on, with hardly a count."""
    ports = sqlite_ports(folder, NOW + timedelta(hours=6))
    advance(ports)
    found = only(told(folder, NOW + timedelta(hours=6)), "counts")
    assert f"counts of 0 of {len(CITY.places)} series; the newest count is of" in found.message


@pytest.mark.parametrize(
    ("changes", "part", "state"),
    [
        ({"denied": ["/d/state.db"]}, "data folder", State.FAILURE),
        ({"open_to_others": True}, "data folder", State.WARNING),
        ({"free_bytes": 10**8}, "disk", State.FAILURE),
        ({"used_bytes": 14 * 10**9, "free_bytes": 6 * 10**9}, "disk", State.FAILURE),
        ({"used_bytes": 14 * 10**9, "free_bytes": 50 * 10**9}, "disk", State.WARNING),
    ],
)
def test_rights_and_room_of_the_folder(folder: Path, changes: dict[str, object], part: str, state: State) -> None:
    """Fourteen days are scored, so 14 GB are one a day: six days of room, and fifty."""
    ports = sqlite_ports(folder, NOW)
    real = build_installation(ports.settings)
    safe = ON_THE_SAFE_SIDE.folder
    assert safe is not None

    class Changed:
        check_writing = staticmethod(real.check_writing)

        def look(self) -> Disk:
            return msgspec.structs.replace(real.look(), folder=msgspec.structs.replace(safe, **changes))

    assert only(list(examine(ports, Changed())), part).state is state


def test_what_people_should_tell_and_whom_they_gave_keys(folder: Path) -> None:
    """Places that came with counts, a key for nobody's places, keys of long ago, and letters that were not taken."""
    ports = sqlite_ports(folder, NOW)
    ports.register.learn(TENANT, "kvarnen-3a", "boiler room", Kind.OTHER)
    create_key(ports, Role.INGEST, "norbro", "a slip")
    waiting = Delivery(
        tenant=TENANT,
        item="1",
        recipient="police",
        status=DeliveryStatus.WAITING,
        happened=NOW,
        queued=NOW,
        error="the mail server is away",
    )
    ports.deliveries.put(waiting)
    diagnoses = told(folder)
    assert "norbro" in only(diagnoses, "keys").message
    assert "the mail server is away" in only(diagnoses, "deliveries").message
    places = " ".join(message for _, message in of(diagnoses, "places"))
    assert "in no building: 1, kvarnen-3a" in places
    assert "kvarnen-3a/boiler room" in places
    later = of(told(folder, NOW + timedelta(days=800)), "keys")
    assert any("older than two years" in message for _, message in later)


def test_areas_without_a_place_are_told(folder: Path) -> None:
    """They may be misspelt; places may also come later, so it is no reason not to start."""
    known = {one.area for one in sqlite_ports(folder, NOW).register.series()}
    areas = [{"tenant": TENANT, "area": area, "extra_holidays": ["2026-05-15"]} for area in (*known, "Qvarnen")]
    found = of(told(folder, general__areas=areas), "places")
    assert (State.WARNING, f"areas with days of their own, but without a place: {TENANT}/Qvarnen") in found


def test_sensors_in_trouble_are_counted(folder: Path) -> None:
    """By what is wrong with them; their own command names them."""
    ports = sqlite_ports(folder, NOW)
    place = ports.register.stairwells(TENANT)[0]
    row = PlaceRow(
        tenant=TENANT,
        area=place.building.area,
        property=place.building.property,
        building=place.building.building,
        stairwell=place.stairwell,
        space=place.spaces[0].space,
        kind=place.spaces[0].kind,
        sensor="hp-17",
    )
    ports.register.put([row])
    before = of(told(folder), "sensors")
    assert [state for state, _ in before] == [State.OK]
    assert "awaited" in before[0][1]
    key = SensorKey(
        ports.register.index(TENANT)[row.stairwell, row.space], ports.register.sensor_number(TENANT, "hp-17")
    )
    fault = SensorFault(key=key, state=SensorState.STUCK, since=0, found=0)
    ports.sensors.replace_faults([], [fault])
    assert only(told(folder), "sensors").message.endswith("1 stuck")


def test_a_store_that_is_away_is_one_finding_among_others(folder: Path) -> None:
    """Examinations that need it fail by its message; the others are told."""
    ports = sqlite_ports(folder, NOW)
    shutil.rmtree(folder / "state")
    diagnoses = list(examine(ports, build_installation(ports.settings)))
    assert "damaged or missing" in only(diagnoses, "state").message
    assert of(diagnoses, "keys") == [(State.OK, "1 in use")]


def test_the_command_tells_people_and_programs(folder: Path, tmp_path: Path) -> None:
    """The exit code is for both; the last window is long past for the real clock, so something is wrong."""
    words = ["--data", str(folder), "doctor"]
    people, programs = (CliRunner().invoke(main, [*words, *more]) for more in ([], ["--json"]))
    assert (people.exit_code, programs.exit_code) == (1, 1)
    assert people.stdout.splitlines()[0].split("\t") == ["part", "state", "what is", "what to do"]
    report = json.loads(programs.stdout)
    assert report["healthy"] is False
    assert [one["state"] for one in report["diagnoses"] if one["part"] == "windows"] == ["failure"]
    fresh = CliRunner().invoke(main, ["--data", str(tmp_path), "doctor"])
    assert fresh.exit_code == 0, fresh.output


def test_settings_that_stop_start_up_are_told_like_the_rest(tmp_path: Path) -> None:
    """A token that is missing; the JSON stays JSON."""
    config = tmp_path / "odd.toml"
    config.write_text('[store]\nkind = "influxdb"\n')
    done = CliRunner().invoke(main, ["--config", str(config), "doctor", "--json"], env={"TRAPPVAKT_INFLUXDB_TOKEN": ""})
    assert done.exit_code == 1
    (found,) = json.loads(done.stdout)["diagnoses"]
    assert (found["part"], found["state"]) == ("settings", "failure")
    assert "TRAPPVAKT_INFLUXDB_TOKEN" in found["message"]


def test_a_password_that_cannot_be_read_is_told(folder: Path) -> None:
    """Before the first letter is to go."""
    mail = {"mail__host": "smtp.example", "mail__user": "u", "mail__password_file": "/nowhere", "mail__sender": "a@b.c"}
    assert "mail.password_file" in only(told(folder, **mail), "settings").message
