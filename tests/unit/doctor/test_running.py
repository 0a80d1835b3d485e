"""The doctor finds what is wrong with what runs and what is known, and says it to people and programs."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from service.bootstrap import build_installation
from service.cli import main
from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.keys import Role
from service.domain.places import Kind, PlaceRow
from service.domain.sensors import SensorFault, SensorKey, SensorState
from service.usecases.doctor import State, examine
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from service.usecases.locks import scheduler_lock
from tests.unit.doctor.small_town import CITY, NOW, of, only, told
from tests.worlds import TENANT, sqlite_ports


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


def test_windows_that_wait_are_a_failure(folder: Path) -> None:
    """Minutes of a catch-up are not."""
    assert only(told(folder, NOW + timedelta(hours=5)), "windows").message.endswith("due for 265 minutes")
    assert only(told(folder, NOW + timedelta(days=92)), "windows").message.endswith("due for 92 days")
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


def test_what_people_should_tell_and_whom_they_gave_keys(folder: Path) -> None:
    """Places that came with counts, a key for nobody's places, keys of long ago, and letters that were not taken."""
    ports = sqlite_ports(folder, NOW)
    ports.register.learn(TENANT, [("kvarnen-3a", "boiler room", Kind.OTHER)])
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
        ports.register.index(TENANT)[row.stairwell, row.space],
        ports.register.sensor_numbers(TENANT, ["hp-17"])["hp-17"],
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
