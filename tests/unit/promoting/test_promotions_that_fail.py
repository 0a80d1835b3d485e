"""What cannot be promoted is given up, and the champion goes on scoring."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from service.errors import Conflict, NotFound, SettingsError, StorageFull, StoreError, VersionRefused
from service.usecases.commands import run_commands
from service.usecases.learning.advance import advance
from service.usecases.versions import promote as promoting
from service.usecases.versions.promote import begin_promotion, go_on, previous_champion
from tests.challengers import add_challenger, promote
from tests.disks import fill, small_disk
from tests.unit.promoting.scored_town import Broken, assert_replayed, counted, finish
from tests.worlds import end_of, sqlite_ports


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


def test_what_was_learnt_of_windows_of_another_length_is_not_learnt_anew_in_these(ports, tmp_path):
    add_challenger(ports)
    with pytest.raises(SettingsError, match=r"window\.minutes is 30"):
        promote(sqlite_ports(tmp_path, window__minutes=30), "1", "test")
    assert ports.state.promotion() is None


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
    ports.counts.append(counted(city, slice(250, 260), 3))
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
        ballast = fill(disk, leave_bytes=200_000)
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


def test_a_promotion_that_is_given_up_and_cut_short_is_whole(ports, city, monkeypatch):
    """A row that names files which are gone would be put in force by the next tick; here it dies at the row."""
    add_challenger(ports)
    begin_promotion(ports, "1", "test")
    while ports.state.promotion().ledger.pending:
        go_on(ports)
    with monkeypatch.context() as patched:
        patched.setattr(type(ports.state), "publish_promotion", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ports.state.drop_promotion()
    finish(ports)
    assert ports.state.manifest().version == "1"
    assert advance(ports, end_of(city)).windows == 72
    assert_replayed(ports)


def state_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "state").iterdir())


def test_a_disk_without_room_for_two_states_is_told_before_anything_is_learnt(ports, monkeypatch):
    add_challenger(ports)
    monkeypatch.setattr(promoting, "free_bytes", lambda ports: ports.state.size_bytes() - 1)
    with pytest.raises(Conflict, match="a second state takes about"):
        promote(ports, "1", "test")
    assert ports.state.promotion() is None


class Away:
    """A store that cannot be reached."""

    def __getattr__(self, method: str):
        raise StoreError("it is away")
