"""Promote and roll back: every window is judged once, under one version that the verdict names."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.city import SimulatedCity, simulate_city
from service.domain.counts import CountPoints
from service.domain.verdicts import VerdictQuery
from service.errors import Conflict, NotFound, StorageFull, StoreError, VersionRefused
from service.ports import Ports
from service.usecases.commands import run_commands
from service.usecases.learning import slices
from service.usecases.learning.advance import advance
from service.usecases.learning.correct import replay_series
from service.usecases.learning.rosters import full_roster
from service.usecases.learning.shards import GROUPS, open_shard
from service.usecases.versions import promote as promoting
from service.usecases.versions.promote import begin_promotion, go_on, previous_champion, promote, promotion_share
from tests.challengers import add_challenger
from tests.disks import fill, small_disk
from tests.worlds import city_points, end_of, register_city, sqlite_ports

WEEKS = 3


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(21, stairwells=12, weeks=WEEKS)


@pytest.fixture(scope="module")
def scored(city, tmp_path_factory) -> Path:
    """A folder in which all but the last three days is scored; the champion is version 0."""
    folder = tmp_path_factory.mktemp("scored")
    ports = sqlite_ports(folder)
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports, end_of(city) - timedelta(days=3))
    return folder


@pytest.fixture
def ports(scored, tmp_path) -> Ports:
    shutil.copytree(scored, tmp_path, dirs_exist_ok=True)
    return sqlite_ports(tmp_path)


def counted(city: SimulatedCity, rows: slice, count: int) -> CountPoints:
    """Other counts for some windows, of whatever was counted in them."""
    points = city_points(city, rows)
    return replace(points, counts=np.full(len(points), count))


def test_another_champion_is_told_to_those_who_subscribe(ports, tmp_path):
    """Each change once; the same one anew is no news."""
    told = {"name": "r1", "url": "https://hooks.example/", "tenant": "any", "events": ["trappvakt.model.promoted"]}
    ports = sqlite_ports(tmp_path, webhooks__subscriptions=[told | {"secret_file": "none"}])
    add_challenger(ports)
    for version in ("1", "1"):
        promote(ports, version, "test")
    data = [msgspec.json.decode(one.content)["data"] for one in ports.deliveries.find()]
    assert [(one["replaced"], one["version"]) for one in data] == [("0", "1")]


def test_windows_are_judged_once_and_name_their_version(ports, city):
    add_challenger(ports)
    watermark = ports.state.manifest().watermark
    promote(ports, "1", "test")
    advance(ports, end_of(city) - timedelta(days=1))
    assert previous_champion(ports) == "0"
    promote(ports, "0", "test")
    advance(ports, end_of(city))
    numbers = np.arange(1, len(city.places) + 1)
    assert len(ports.verdicts.columns(numbers, 0, 2**40)) == np.count_nonzero(~np.isnan(city.counts))
    last_day = int(end_of(city).timestamp()) - 86_400
    for start, end, version in ((0, watermark, "0"), (watermark, last_day, "1"), (last_day, 2**40, "0")):
        assert {v.version for v in found(ports, city, start, end)} == {version}


def assert_replayed(ports: Ports) -> None:
    """The state in force is, to the last bit, what a replay of the stored counts under its version gives."""
    manifest, roster = ports.state.manifest(), full_roster(ports)
    version = ports.registry.load(manifest.version)
    opened = open_shard(ports.state, manifest.shards[0], roster, version, manifest.window_minutes)
    replayed = replay_series(ports, roster, version, (manifest.origin, manifest.watermark))
    for group in GROUPS:
        np.testing.assert_array_equal(getattr(opened.columns.state, group), getattr(replayed, group))


def test_state_after_promotion_is_that_of_a_replay_under_the_new_version(ports):
    add_challenger(ports)
    promote(ports, "1", "test")
    assert ports.state.manifest().version == "1"
    assert_replayed(ports)


def test_scoring_goes_on_while_the_next_state_is_learnt(ports, city, monkeypatch):
    """Between any two steps a few hours end, and counts of weeks ago arrive; the second state takes it all in."""
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 3_000)
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    until, shares = end_of(city) - timedelta(days=3), []
    while go_on(ports):
        until = min(until + timedelta(hours=7), end_of(city) - timedelta(days=1))
        shares.append(promotion_share(ports))
        if len(shares) in (2, 5):
            ports.counts.append(counted(city, slice(70 * len(shares), 70 * len(shares) + 2), 4))
        if ports.state.manifest().version == "0":
            advance(ports, until)
    assert len(shares) > 5
    assert shares[0] < 0.5 < max(shares)
    assert ports.state.manifest().version == "1"
    assert_replayed(ports)
    advance(ports, end_of(city))
    assert_replayed(ports)
    numbers = np.arange(1, len(city.places) + 1)
    assert len(ports.verdicts.columns(numbers, 0, 2**40)) == np.count_nonzero(~np.isnan(city.counts))


@pytest.mark.parametrize("steps", [0, 2, 5])
def test_a_promotion_that_was_cut_short_goes_on(ports, tmp_path, monkeypatch, steps):
    """Another process finds it where it was left, and ends in the same state."""
    monkeypatch.setattr(slices, "SLICE_WINDOWS", 6_000)
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    for _ in range(steps):
        assert go_on(ports)
    reopened = sqlite_ports(tmp_path)
    finish(reopened)
    assert reopened.state.manifest().version == "1"
    assert reopened.state.promotion() is None
    assert_replayed(reopened)


def test_a_promotion_is_in_the_audit_once_however_it_is_cut_short(ports):
    """The audit is a file of its own: what is in force is told when it can be told."""
    add_challenger(ports)
    begin_promotion(ports, "1", "cli:eva")
    while not ports.state.promotion().entry:
        go_on(ports)
    assert ports.state.manifest().version == "1"
    with pytest.raises(ZeroDivisionError):
        go_on(replace(ports, audit=Broken()))
    waiting = ports.state.promotion()
    go_on(ports)
    ports.state.publish_promotion(waiting)
    go_on(ports)
    told = [(one.actor, one.action, one.subject, one.detail) for one in ports.audit.entries("*")]
    assert told == [("cli:eva", "model.promote", "1", "replaces 0")]


@pytest.mark.parametrize("name", ["tables/level.npy", "artefacts/prior.joblib", "manifest.json"])
def test_what_cannot_be_promoted_leaves_the_champion_scoring(ports, city, tmp_path, name):
    add_challenger(ports)
    path = tmp_path / "versions" / "1" / name
    path.write_bytes(path.read_bytes()[:-1])
    before = ports.state.manifest()
    for version_id, error in (("1", VersionRefused), ("9", NotFound)):
        with pytest.raises(error):
            promote(ports, version_id, "test")
    with pytest.raises(Conflict, match="nothing to roll back to"):
        previous_champion(ports)
    assert ports.state.manifest() == before
    assert ports.state.promotion() is None
    assert advance(ports, end_of(city) - timedelta(days=2)).windows == 24
    assert ports.state.manifest().version == "0"


@pytest.mark.parametrize("name", ["tables/level.npy", "manifest.json"])
def test_what_is_altered_while_it_is_promoted_is_given_up(ports, city, tmp_path, name):
    """The command says why, what was learnt is deleted, and the champion goes on."""
    add_challenger(ports)
    files = state_files(tmp_path)
    number = ports.state.enqueue("promote", "1", "test")
    run_commands(ports)
    assert go_on(ports)
    path = tmp_path / "versions" / "1" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(VersionRefused):
        go_on(ports)
    assert "was altered" in ports.state.outcome(number)[1]
    assert ports.state.promotion() is None
    assert state_files(tmp_path) == files
    assert advance(ports, end_of(city)).windows == 72
    assert ports.state.manifest().version == "0"


def test_a_champion_that_was_altered_can_be_left(ports, city, tmp_path):
    """Nothing is scored under it any longer; a rollback learns the other state all the same."""
    add_challenger(ports)
    promote(ports, "1", "test")
    table = tmp_path / "versions" / "1" / "tables" / "level.npy"
    table.write_bytes(table.read_bytes()[:-1])
    ports.counts.append(counted(city, slice(400, 410), 3))
    with pytest.raises(VersionRefused):
        advance(ports, end_of(city))
    promote(ports, previous_champion(ports), "test")
    assert advance(ports, end_of(city)).windows == 72
    assert_replayed(ports)


def test_a_store_that_is_away_for_a_moment_leaves_the_promotion_where_it_is(ports):
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    assert go_on(ports)
    before = ports.state.promotion()
    with pytest.raises(StoreError):
        go_on(replace(ports, counts=Away()))
    assert ports.state.promotion() == before
    finish(ports)
    assert ports.state.manifest().version == "1"


def test_a_promotion_run_twice_leads_where_it_led(ports):
    add_challenger(ports)
    promote(ports, "1", "test")
    promote(ports, "1", "test")
    assert ports.state.manifest().version == "1"
    assert previous_champion(ports) == "0"


def test_the_newest_order_takes_the_place_of_the_one_before(ports):
    add_challenger(ports)
    add_challenger(ports, "2")
    first = ports.state.enqueue("promote", "1", "test")
    run_commands(ports)
    assert go_on(ports)
    with pytest.raises(Conflict, match="promote 0 to call that off"):
        previous_champion(ports)
    second = ports.state.enqueue("promote", "2", "test")
    assert run_commands(ports) == 1
    while go_on(ports):
        assert run_commands(ports) == 0
    assert "version 2 was ordered" in ports.state.outcome(first)[1]
    assert ports.state.outcome(second) == (True, None)
    manifest = ports.state.manifest()
    assert (manifest.version, manifest.previous) == ("2", "0")


def test_queued_commands_are_run_and_a_failure_keeps_its_message(ports):
    add_challenger(ports)
    bad, good = (ports.state.enqueue("promote", version_id, "test") for version_id in ("9", "1"))
    assert run_commands(ports) == 2
    assert "no model version '9'" in ports.state.outcome(bad)[1]
    assert ports.state.outcome(good) == (False, None)
    finish(ports)
    assert ports.state.outcome(good) == (True, None)
    assert ports.state.manifest().version == "1"


def test_a_fault_of_ours_ends_its_command_and_no_other(ports):
    add_challenger(ports)
    broken = replace(ports, registry=Broken())
    first, second = (ports.state.enqueue("promote", "1", "test") for _ in range(2))
    with pytest.raises(ZeroDivisionError):
        run_commands(broken)
    assert "ZeroDivisionError" in ports.state.outcome(first)[1]
    assert run_commands(ports) == 1
    finish(ports)
    assert ports.state.outcome(second) == (True, None)


def test_a_full_disk_gives_the_promotion_up_and_the_champion_goes_on(scored, city, tmp_path):
    """A real one, with room for half of a second state: what it took is freed, and is enough to score on."""
    with small_disk(tmp_path / "disk", megabytes=24) as disk:
        shutil.copytree(scored, disk, dirs_exist_ok=True)
        ports = sqlite_ports(disk)
        add_challenger(ports)
        before, files = ports.state.manifest(), state_files(disk)
        number = ports.state.enqueue("promote", "1", "test")
        run_commands(ports)
        ballast = fill(disk, leave_bytes=300_000)
        with pytest.raises(StorageFull, match="free some space"):
            finish(ports)
        assert "free some space" in ports.state.outcome(number)[1]
        assert (ports.state.manifest(), ports.state.promotion(), state_files(disk)) == (before, None, files)
        assert advance(ports, end_of(city) - timedelta(days=3) + timedelta(hours=2)).windows == 2
        assert ports.state.manifest().version == "0"
        ballast.unlink()
        promote(ports, "1", "test")
        assert ports.state.manifest().version == "1"
        assert_replayed(ports)


def finish(ports: Ports) -> None:
    """Go on with a promotion until there is nothing more to do."""
    while go_on(ports):
        pass


def state_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "state").iterdir())


def test_a_disk_without_room_for_two_states_is_told_before_anything_is_learnt(ports, monkeypatch):
    add_challenger(ports)
    monkeypatch.setattr(promoting, "free_bytes", lambda ports: ports.state.size_bytes() - 1)
    with pytest.raises(Conflict, match="a second state takes about"):
        promote(ports, "1", "test")
    assert ports.state.promotion() is None


class Broken:
    """A store with a fault of our own making."""

    def __getattr__(self, method: str):
        raise ZeroDivisionError


class Away:
    """A store that cannot be reached."""

    def __getattr__(self, method: str):
        raise StoreError("it is away")


def found(ports: Ports, city: SimulatedCity, start: int, end: int):
    numbers = tuple(range(1, len(city.places) + 1))
    return ports.verdicts.find(VerdictQuery(series=numbers, start=start, end=end, limit=10**6))
