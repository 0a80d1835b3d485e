"""Backups in real processes: of a service amid counting and scoring, and killed; bench/backups.py makes more."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from bench.backups import BackupBench
from bench.disturbed import read_verdicts, same
from models.city import simulate_city
from service.bootstrap import build_backups
from service.errors import BackupRefused
from service.usecases.backups import make_backup, restore_backup
from service.usecases.learning.advance import advance
from tests.e2e.programs import TRAPPVAKT, run, run_here, started
from tests.worlds import city_points, end_of, register_city, sqlite_ports

TRIES = 2


def test_what_is_restored_ends_with_the_verdicts_of_an_undisturbed_run(tmp_path: Path) -> None:
    """To the last bit, as a folder and as a tar file; backed up while something was still to be done."""
    bench = BackupBench(tmp_path, stairwells=2, weeks=2 * TRIES)
    tries = bench.run(TRIES, seed=1)
    assert len(bench.verdicts) > 0
    assert [one.equal for one in tries] == [True] * TRIES
    assert any(one.amid for one in tries)


def test_a_killed_backup_is_none_and_does_not_stand_in_the_way_of_the_next(tmp_path: Path) -> None:
    """Killed as soon as it writes, unless it was faster; nothing has its name, and what it left is refused."""
    city = simulate_city(5, stairwells=2, weeks=1)
    ports = sqlite_ports(tmp_path / "data", end_of(city))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports)
    targets = (tmp_path / f"b{number}.tar" for number in range(20))
    target = next(one for one in targets if killed_amid(tmp_path / "data", one))
    aside = part_of(target)
    assert not target.exists()
    again, backups = sqlite_ports(tmp_path / "restored", end_of(city)), build_backups(ports.settings)
    with pytest.raises(BackupRefused, match="cut short"):
        restore_backup(again, backups, aside, None, "test", quiet)
    make_backup(ports, backups, target, "test", quiet)
    restore_backup(again, backups, target, None, "test", quiet)
    assert not aside.exists()
    assert same(read_verdicts(again), read_verdicts(ports))


@pytest.mark.parametrize("moved", [[], ["counts.db", "state"]], ids=["amid copying", "amid moving"])
def test_a_killed_restore_leaves_no_folder_to_start_on_and_is_repeated(tmp_path: Path, moved: list[str]) -> None:
    """A service would begin empty there, or on a part of the files, and the repeated one was refused."""
    city = simulate_city(5, stairwells=2, weeks=1)
    ports = sqlite_ports(tmp_path / "data", end_of(city))
    register_city(ports, city)
    ports.counts.append(city_points(city))
    advance(ports)
    make_backup(ports, build_backups(ports.settings), tmp_path / "b.tar", "test", quiet)
    into = next(one for k in range(20) if killed_amid_restoring(tmp_path / "b.tar", one := tmp_path / f"into{k}"))
    for name in moved:
        (into / ".restoring" / name).rename(into / name)
    left = sorted(into.rglob("*"))
    refused = run("--data", into, "serve", "--port", "0", check=False)
    assert (refused.returncode, "or repeat it" in refused.stderr) == (1, True), refused.stderr
    for words in (["keys", "list"], ["backup", tmp_path / "b"]):
        refused_here = run_here("--data", into, *words, check=False)
        assert (refused_here.exit_code, "or repeat it" in refused_here.stderr) == (1, True), refused_here.stderr
    assert "a backup is being restored into it" in run_here("--data", into, "doctor", check=False).stdout
    assert sorted(into.rglob("*")) == left
    run_here("restore", tmp_path / "b.tar", "--into", into)
    assert not (into / ".restoring").exists()
    assert same(read_verdicts(sqlite_ports(into, end_of(city))), read_verdicts(ports))


def part_of(target: Path) -> Path:
    """What a backup is called until it is whole."""
    return target.with_name(f".{target.name}.part")


def killed_amid(data: Path, target: Path) -> bool:
    """Kill a backup as soon as it writes; whether it was killed before it had written all."""
    with started([*TRAPPVAKT, "--data", data, "backup", target]) as backup:
        while not part_of(target).exists() and backup.poll() is None:
            time.sleep(0.001)
        backup.kill()
    return backup.returncode == -signal.SIGKILL and part_of(target).exists()


def killed_amid_restoring(backup: Path, into: Path) -> bool:
    """Kill a restore once it has copied counts and state; whether it was killed before all was in place."""
    aside = into / ".restoring"
    with started([*TRAPPVAKT, "restore", backup, "--into", into]) as restore:
        while not (aside / "state").exists() and restore.poll() is None:
            time.sleep(0.0005)
        restore.kill()
    return restore.returncode == -signal.SIGKILL and {"counts.db", "state"} <= {one.name for one in aside.glob("*")}


def quiet(_done: int, _total: int) -> None:
    """Nobody watches."""
