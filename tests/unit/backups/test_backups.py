"""A backup is one moment, is made while the service works, and goes on where it was made."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.disturbed import read_verdicts, same
from service.bootstrap import build_installation
from service.cli import main
from service.domain.keys import EVERY_TENANT
from service.domain.state import files_named
from service.errors import BackupRefused, Conflict, InvalidInput, StorageFull, StoreError
from service.ports import Ports
from service.stores import backups as local
from service.stores.sqlite.connection import Database
from service.stores.sqlite.snapshot import copy_database, read_at_one_moment
from service.usecases.doctor import State, examine
from service.usecases.learning.advance import advance
from tests.disks import fill, small_disk
from tests.unit.backups.small_town import CITY, back_up, restored
from tests.worlds import city_points, sqlite_ports


def test_what_is_restored_goes_on_where_the_backup_was_made(ports: Ports, backup: Path, tmp_path: Path) -> None:
    """Once the counts that came since are sent again, its verdicts are those of the service that went on."""
    again = restored(backup, tmp_path / "restored")
    assert same(read_verdicts(again), read_verdicts(ports))
    for one in (ports, again):
        one.counts.append(city_points(CITY))
        advance(one)
    assert same(read_verdicts(again), read_verdicts(ports))
    assert again.counts.changes(0).cursor == ports.counts.changes(0).cursor


def test_the_doctor_finds_nothing_wrong_with_it(backup: Path, tmp_path: Path) -> None:
    """Rights of the folder included."""
    ports = restored(backup, tmp_path / "restored")
    told = {one.part: one for one in examine(ports, build_installation(ports.settings))}
    assert {part for part, one in told.items() if one.state is State.FAILURE} <= {"counts", "windows"}
    assert told["data folder"].state is told["databases"].state is told["state"].state is State.OK


def test_both_stand_in_the_audit(ports: Ports, tmp_path: Path) -> None:
    """With the digest by which the backup is known."""
    digest = back_up(ports, tmp_path / "b.tar")
    assert ports.audit.entries(EVERY_TENANT)[0].detail == f"SHA-256 {digest}"
    entries = restored(tmp_path / "b.tar", tmp_path / "restored", digest).audit.entries(EVERY_TENANT)
    assert [(one.action, one.subject, one.detail) for one in entries][:1] == [
        ("backup.restore", "b.tar", f"SHA-256 {digest}")
    ]


def test_only_what_is_named_goes_into_a_backup(ports: Ports, tmp_path: Path) -> None:
    """No secret that somebody has put into the data folder, no link, nothing half written, nothing worth a minute."""
    data = ports.settings.data_dir
    ports.requests.count("key", "reads", 1)
    assert ports.session_secret.read() == (data / "session.secret").read_bytes()
    (data / "webhook-secret").write_text("whsec_x")
    (data / "state" / f"{'0' * 32}.npz.part").write_text("half")
    (data / "state" / f"{'1' * 32}.npz").symlink_to(data / "webhook-secret")
    back_up(ports, tmp_path / "b")
    files = {path.relative_to(tmp_path / "b").as_posix() for path in (tmp_path / "b").rglob("*") if path.is_file()}
    manifest = ports.state.manifest()
    assert manifest
    chunks = {f"state/{name}" for name in files_named(manifest, ports.state.ledger())}
    databases = {"state.db", "counts.db", "register.db", "audit.db", "backup.json"}
    assert files == databases | chunks
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


def test_scoring_and_counting_go_on_meanwhile(ports: Ports, tmp_path: Path) -> None:
    """What is written after the moment of the backup is not in it, and the chunks of that moment are."""
    before, late = read_verdicts(ports), city_points(CITY)
    told: list[int] = []

    def meanwhile(_done: int, _total: int) -> None:
        if not told:
            ports.counts.append(late)
            advance(ports)
        told.append(_done)

    back_up(ports, tmp_path / "b", meanwhile)
    assert len(read_verdicts(ports)) > len(before)
    again = restored(tmp_path / "b", tmp_path / "restored")
    assert same(read_verdicts(again), before)
    again.counts.append(late)
    advance(again)
    assert same(read_verdicts(again), read_verdicts(ports))
    assert told == sorted(told)


def test_a_database_is_copied_as_it_was_at_the_moment(tmp_path: Path) -> None:
    """Whatever is written between two steps of the copy; and the copy is one plain file."""
    database = Database(tmp_path / "a.db", [("CREATE TABLE a (b)",)])
    database.executemany("INSERT INTO a VALUES (?)", [(bytes(1000),)] * 20_000)
    with read_at_one_moment([database.path], lambda: None) as readers:
        steps = []

        def write(share: float) -> None:
            steps.append(share)
            database.execute("INSERT INTO a VALUES (1)")

        database.execute("DELETE FROM a WHERE rowid % 2")
        copy_database(readers[database.path], tmp_path / "copy.db", write)
    assert len(steps) > 1
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]
    assert Database(tmp_path / "copy.db", [("",)]).rows("SELECT count(*) FROM a") == [(20_000,)]


def test_the_moment_is_one_for_all_databases(tmp_path: Path) -> None:
    """A writer that always writes to the second what it has written to the first is never caught the other way."""
    first, second = (Database(tmp_path / name, [("CREATE TABLE a (b)",)]) for name in ("1.db", "2.db"))
    first.rows("SELECT 1"), second.rows("SELECT 1")
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with first.transaction() as one, second.transaction() as other:  # in the other order than the backup
                one.execute("INSERT INTO a VALUES (1)")
                other.execute("INSERT INTO a VALUES (1)")
            stop.wait(0.005)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            with read_at_one_moment([second.path, first.path], lambda: None) as readers:
                counts = [reader.execute("SELECT count(*) FROM a").fetchone() for reader in readers.values()]
            assert counts[0] == counts[1]
    finally:
        stop.set()
        writer.join()


def test_nobody_writes_at_that_moment(tmp_path: Path) -> None:
    """To any of the databases; and everybody does again from then on, though they are still read."""
    databases = [Database(tmp_path / name, [("CREATE TABLE a (b)",)]) for name in ("1.db", "2.db")]
    for database in databases:
        database.rows("SELECT 1")
        database.close()

    def locked() -> list[bool]:
        return [not _can_write(database.path) for database in databases]

    seen = []
    with read_at_one_moment([database.path for database in databases], lambda: seen.append(locked())) as readers:
        assert (seen, locked()) == ([[True, True]], [False, False])
        assert [reader.execute("SELECT count(*) FROM a").fetchone() for reader in readers.values()] == [(0,), (0,)]


def test_while_one_database_is_written_to_the_others_are_not_held(tmp_path: Path) -> None:
    """Who holds the one may be waiting for the other; both are tried again until both are free."""
    first, second = (Database(tmp_path / name, [("CREATE TABLE a (b)",)]) for name in ("1.db", "2.db"))
    first.rows("SELECT 1"), second.rows("SELECT 1")
    with second.transaction() as held:
        held.execute("INSERT INTO a VALUES (1)")
        reading = threading.Thread(target=lambda: read.append(_counts_at_one_moment([first.path, second.path])))
        read: list[list[tuple[int]]] = []
        reading.start()
        reading.join(timeout=0.5)
        first.execute("INSERT INTO a VALUES (1)")
    reading.join()
    assert read == [[(1,), (1,)]]


def _counts_at_one_moment(paths: list[Path]) -> list[tuple[int]]:
    with read_at_one_moment(paths, lambda: None) as readers:
        return [reader.execute("SELECT count(*) FROM a").fetchone() for reader in readers.values()]


def _can_write(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        try:
            connection.execute("INSERT INTO a VALUES (1)")
        except sqlite3.OperationalError:
            return False
        connection.commit()
        return True


def test_a_damaged_database_is_not_backed_up(ports: Ports, tmp_path: Path) -> None:
    """Lest it take the place of a good backup."""
    path = ports.settings.data_dir / "counts.db"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    middle = len(content) // 8192 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"counts\.db is damaged.*keep the backups there are"):
        back_up(ports, tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]
    assert not (ports.settings.data_dir / ".backup").exists()


def test_a_disk_that_is_full_is_told(ports: Ports, tmp_path: Path) -> None:
    """And nothing is left on it."""
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        fill(disk, leave_bytes=100_000)
        with pytest.raises(StorageFull, match=r"make room|free some space"):
            back_up(ports, disk / "b")
        assert not list(disk.glob("*b*part*"))


def test_where_a_backup_may_not_be_made(ports: Ports, tmp_path: Path) -> None:
    """Over something, in the data folder itself, in no folder, of nothing, or beside another."""
    (tmp_path / "there").mkdir()
    for target, error, message in [
        (tmp_path / "there", Conflict, "never overwritten"),
        (ports.settings.data_dir / "b", InvalidInput, "lost with it"),
        (tmp_path / "none" / "b", InvalidInput, "no folder"),
    ]:
        with pytest.raises(error, match=message):
            back_up(ports, target)
    with pytest.raises(InvalidInput, match="holds no database"):
        back_up(sqlite_ports(tmp_path / "empty"), tmp_path / "b")
    with pytest.raises(Conflict, match="another backup"):
        back_up(ports, tmp_path / "b", lambda _done, _total: back_up(ports, tmp_path / "c") and None)


def test_what_a_killed_backup_leaves_is_no_backup_and_is_cleared_by_the_next(ports: Ports, tmp_path: Path) -> None:
    """Killed after any number of bytes: in the folder aside there is never a manifest before all is there."""
    data, steps = ports.settings.data_dir, list[int]()

    def kill(done: int, _total: int) -> None:
        """What is on the disk now is what a kill would leave."""
        steps.append(done)
        if len(steps) == 3:
            shutil.copytree(data / ".backup", tmp_path / "pins")
            shutil.copytree(tmp_path / ".b.part", tmp_path / "half")

    back_up(ports, tmp_path / "b", kill)
    with pytest.raises(BackupRefused, match=r"has no backup\.json"):
        restored(tmp_path / "half", tmp_path / "restored")
    shutil.rmtree(tmp_path / "b")
    shutil.move(tmp_path / "pins", data / ".backup")
    shutil.move(tmp_path / "half", tmp_path / ".b.part")
    back_up(ports, tmp_path / "b")
    assert not (data / ".backup").exists()
    assert not (tmp_path / ".b.part").exists()
    restored(tmp_path / "b", tmp_path / "restored")


def test_model_versions_come_along_though_they_are_pruned_meanwhile(ports: Ports, tmp_path: Path) -> None:
    """What never changes is linked at the moment of the backup."""
    folder = ports.settings.data_dir / "versions" / "1"
    (folder / "tables").mkdir(parents=True)
    (folder / "tables" / "prior.npy").write_bytes(b"table")
    back_up(ports, tmp_path / "b", lambda _done, _total: shutil.rmtree(folder, ignore_errors=True))
    assert not folder.exists()
    assert (tmp_path / "b" / "versions" / "1" / "tables" / "prior.npy").read_bytes() == b"table"


def test_a_file_system_without_links_is_copied(ports: Ports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some have none."""

    def refuse(_source: Path, _pin: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(local.os, "link", refuse)
    back_up(ports, tmp_path / "b")
    assert same(read_verdicts(restored(tmp_path / "b", tmp_path / "restored")), read_verdicts(ports))


def test_the_commands_tell_people_what_was_done(ports: Ports, tmp_path: Path) -> None:
    """And fail in one line."""
    runner, data = CliRunner(), str(ports.settings.data_dir)
    made = runner.invoke(main, ["--data", data, "backup", str(tmp_path / "b.tar")])
    assert made.exit_code == 0, made.output
    digest = made.output.split()[-1]
    words = ["restore", str(tmp_path / "b.tar"), "--into", str(tmp_path / "restored"), "--sha256"]
    refused = runner.invoke(main, [*words, "0" * 64])
    assert refused.exit_code == 1
    assert "was altered" in refused.output
    done = runner.invoke(main, [*words, digest])
    assert done.exit_code == 0, done.output
    assert "files" in done.output
    assert (tmp_path / "restored" / "state.db").exists()
