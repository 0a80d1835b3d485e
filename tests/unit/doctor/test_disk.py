"""The doctor finds what is wrong on the disk, says what to do, and changes nothing."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from service.bootstrap import build_installation
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.installation import SCHEDULER_LOCK, DataFolder, Disk
from service.usecases.doctor import State, examine
from service.usecases.doctor.disk import examine_chunks
from service.usecases.learning.advance import advance
from tests.disks import read_only, small_disk
from tests.unit.doctor.small_town import NOW, of, only, told
from tests.worlds import TENANT, sqlite_ports

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


def test_a_folder_that_goes_away_while_it_is_looked_at_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a backup does, when it is done."""
    going, scandir = folder / ".backup", os.scandir
    (going / "state").mkdir(parents=True)

    def too_late(path: object) -> object:
        if str(path) == str(going):
            shutil.rmtree(going)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", too_late)
    seen = build_installation(sqlite_ports(folder, NOW).settings).look().folder
    assert seen is not None
    assert not going.exists()


def test_a_chunk_that_is_cut_short_is_found(folder: Path) -> None:
    """State that the manifest names."""
    chunk = max((folder / "state").iterdir(), key=lambda path: path.stat().st_size)
    chunk.write_bytes(chunk.read_bytes()[:-100])
    assert chunk.name in only(told(folder), "state").message


def test_a_chunk_that_a_tick_replaces_meanwhile_is_not_missing(folder: Path) -> None:
    """The doctor looks at a service that runs: here a late count is learnt before the first chunk is read."""
    ports = sqlite_ports(folder, NOW)
    first, week_ago = ports.register.series()[0].number, int(NOW.timestamp()) - 7 * 86_400
    late = [CountPoints(*(np.array([one]) for one in (first, week_ago * NANOSECONDS, 9, 0)))]

    class Ticking:
        def __getattr__(self, name: str) -> object:
            return getattr(ports.state, name)

        def read_chunk(self, file: str) -> object:
            if late:
                ports.counts.append(late.pop())
                assert advance(ports).corrected == 1
            return ports.state.read_chunk(file)

    (found,) = examine_chunks(dataclasses.replace(ports, state=Ticking()))
    assert found.state is State.OK


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
