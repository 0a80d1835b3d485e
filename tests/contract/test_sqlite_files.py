"""What the embedded stores say when a file or a folder is not what it should be."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from service.domain.state import Ledger
from service.domain.verdicts import VerdictQuery
from service.errors import StorageFull, StoreError
from service.stores.sqlite.chunks import ChunkFolder
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import AUDIT, COUNTS, REGISTER, STATE
from service.stores.sqlite.verdicts import SqliteVerdictStore
from tests.contract.stores import HOUR, learn, numbers, points, sqlite_stores, verdicts
from tests.disks import fill, small_disk


@pytest.mark.parametrize("migrations", [COUNTS, STATE, REGISTER, AUDIT], ids=["counts", "state", "register", "audit"])
def test_new_file_has_the_newest_schema(tmp_path: Path, migrations: tuple[tuple[str, ...], ...]) -> None:
    """Written ahead and synced on every commit, so that an acknowledged write survives a power cut."""
    database = Database(tmp_path / "deep" / "file.db", migrations)
    pragmas = ("user_version", "journal_mode", "synchronous", "foreign_keys")
    assert [database.rows(f"PRAGMA {name}")[0][0] for name in pragmas] == [len(migrations), "wal", 2, 1]


def test_older_file_is_migrated_and_keeps_its_rows(tmp_path: Path) -> None:
    """Step by step, once."""
    first = ("CREATE TABLE place (name TEXT)", "INSERT INTO place VALUES ('a')")
    second = ("ALTER TABLE place ADD COLUMN area TEXT NOT NULL DEFAULT 'unknown'",)
    Database(tmp_path / "file.db", [first]).rows("SELECT 1")
    for _ in range(2):
        migrated = Database(tmp_path / "file.db", [first, second])
        assert migrated.rows("SELECT name, area FROM place") == [("a", "unknown")]


def test_state_from_before_revisions_is_kept_and_has_one(tmp_path: Path) -> None:
    """A file that was written with the schema before goes on."""
    before = Database(tmp_path / "state.db", STATE[:2])
    before.execute("INSERT INTO ledger VALUES (1, x'80')")
    before.close()
    state = sqlite_stores(tmp_path).state
    assert state.ledger() == Ledger()
    first = state.revision()
    state.publish_ledger(Ledger())
    assert first != state.revision()


def test_failed_migration_changes_nothing(tmp_path: Path) -> None:
    """The file stays at its version, so that the Trappvakt before can go on with it."""
    first = ("CREATE TABLE place (name TEXT)",)
    Database(tmp_path / "file.db", [first]).rows("SELECT 1")
    with pytest.raises(StoreError, match=r"file\.db"):
        Database(tmp_path / "file.db", [first, ("DROP TABLE place", "NONSENSE")]).rows("SELECT 1")
    assert Database(tmp_path / "file.db", [first]).rows("SELECT name FROM place") == []


def test_newer_file_is_refused(tmp_path: Path) -> None:
    """Rather than misread."""
    Database(tmp_path / "file.db", [("CREATE TABLE a (b)",), ("CREATE TABLE c (d)",)]).rows("SELECT 1")
    with pytest.raises(StoreError, match="has schema 2, but this Trappvakt knows 1; start the newer"):
        Database(tmp_path / "file.db", [("CREATE TABLE a (b)",)]).rows("SELECT 1")


def test_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    """With its name and what to do."""
    (tmp_path / "counts.db").write_bytes(b"x" * 5000)
    with pytest.raises(StoreError, match=r"counts\.db: file is not a database; .* restore it from a backup"):
        sqlite_stores(tmp_path).counts.extent()


@pytest.mark.parametrize("name", ["data/deeper", "d" * 300], ids=["below a file", "too long"])
def test_folder_that_cannot_be_made_is_told(tmp_path: Path, name: str) -> None:
    """The message names the setting, whatever the system has against it."""
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StoreError, match=r"general\.data_dir"):
        sqlite_stores(tmp_path / name).counts.extent()


@pytest.mark.parametrize("position", [0, 60, 150, -10])
def test_damaged_chunk_is_told(tmp_path: Path, position: int) -> None:
    """A flipped byte in the header, the array or the directory is found, never read as state."""
    state = sqlite_stores(tmp_path).state
    name = state.write_chunk({"slots": np.arange(100, dtype=np.float32)})
    path = tmp_path / "state" / name
    damaged = bytearray(path.read_bytes())
    damaged[position] ^= 0xFF
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match=f"{name} is damaged or missing.*backup"):
        state.read_chunk(name)


def test_cut_chunk_is_told(tmp_path: Path) -> None:
    """So is one that ends too early."""
    state = sqlite_stores(tmp_path).state
    name = state.write_chunk({"slots": np.arange(100, dtype=np.float32)})
    path = tmp_path / "state" / name
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StoreError, match="is damaged or missing"):
        state.read_chunk(name)


def test_pickled_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    """A chunk holds plain arrays; a file that holds anything else is refused."""
    state = sqlite_stores(tmp_path).state
    state.write_chunk({"slots": np.zeros(1, dtype=np.float32)})
    np.savez(tmp_path / "state" / "evil.npz", slots=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(StoreError, match="damaged"):
        state.read_chunk("evil.npz")


def test_unreadable_manifest_is_told(tmp_path: Path) -> None:
    """The message says how to get on."""
    stores = sqlite_stores(tmp_path)
    stores.state.commands()
    with sqlite3.connect(tmp_path / "state.db") as connection:
        connection.execute("INSERT INTO manifest VALUES (1, '{}')")
    with pytest.raises(StoreError, match=r"state\.db: the manifest cannot be read .* replay the counts"):
        stores.state.manifest()


def test_negative_count_is_refused_whole(tmp_path: Path) -> None:
    """The file's own last line of defence; nothing of the batch is stored."""
    stores = sqlite_stores(tmp_path)
    with pytest.raises(StoreError, match="CHECK"):
        stores.counts.append(points([(1, 0, 5, 0), (2, 0, -1, 0)]))
    assert stores.counts.extent() is None
    assert stores.counts.changes(0).earliest == {}


def test_replaced_and_superseded_verdicts_are_kept(tmp_path: Path) -> None:
    """What was in force once can be looked up; the same verdict written again leaves no trace."""
    stores = sqlite_stores(tmp_path)
    [series] = learn(stores, 1)
    said = verdicts("7", [(0, series), (HOUR, series)], seed=1)
    for _ in range(2):
        stores.verdicts.write(said)
    stores.verdicts.write(verdicts("8", [(0, series)], seed=2))
    stores.verdicts.supersede(numbers([series]), 0, 2 * HOUR)
    with sqlite3.connect(tmp_path / "state.db") as connection:
        kept = connection.execute(
            "SELECT start, name, score FROM verdict_revision v JOIN version ON version.id = v.version ORDER BY v.id"
        ).fetchall()
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE verdict_revision SET score = 0")
    newer = verdicts("8", [(0, series)], seed=2)
    assert kept == [(0, "7", said.score[0]), (0, "8", newer.score[0]), (HOUR, "7", said.score[1])]


def test_list_bytes_cannot_be_changed_in_the_file(tmp_path: Path) -> None:
    """Also with another tool."""
    sqlite_stores(tmp_path).lists.records("a", [])
    with sqlite3.connect(tmp_path / "register.db") as connection:
        connection.execute(
            "INSERT INTO hotspot_list (tenant, id, made, document, status) VALUES ('a', '1', '', x'00', 'draft')"
        )
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            connection.execute("UPDATE hotspot_list SET document = x'01'")


def test_verdicts_of_a_version_that_comes_while_a_page_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first commit of a new champion falls between what a reader reads: the page is the one before or after it."""
    stores = sqlite_stores(tmp_path)
    (series,) = learn(stores, 1)
    stores.verdicts.write(verdicts("0", [(HOUR, series)]))
    named = SqliteVerdictStore._versions

    def then_promoted(store: SqliteVerdictStore) -> dict[int, str]:
        known = named(store)
        store.write(verdicts("1", [(2 * HOUR, series)]))
        return known

    monkeypatch.setattr(SqliteVerdictStore, "_versions", then_promoted)
    assert [one.version for one in stores.verdicts.find(VerdictQuery(series=(series,), limit=9))] == ["0"]
    assert [one.version for one in stores.verdicts.find(VerdictQuery(series=(series,), limit=9))] == ["0", "1"]


def test_a_chunk_that_a_full_disk_cuts_short_takes_no_room(tmp_path: Path) -> None:
    """A real one: what is half written would keep it full."""
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        chunks = ChunkFolder(disk / "state")
        with pytest.raises(StorageFull, match="free some space"):
            chunks.write({"slots": np.zeros((2, 200_000), dtype=np.float32)})
        assert chunks.size_bytes() == 0


@pytest.mark.parametrize("leave_bytes", [0, 20_000, 60_000])
def test_a_disk_that_is_full_is_told_by_whatever_has_no_room(tmp_path: Path, leave_bytes: int) -> None:
    """With less than 32 kB left, SQLite has no room for the index of its log and calls that an error of the disk."""
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        database = Database(disk / "some.db", [("CREATE TABLE some (content BLOB)",)])
        database.execute("DELETE FROM some")
        database.close()
        fill(disk, leave_bytes)
        with pytest.raises(StorageFull, match="free some space"):
            database.execute("INSERT INTO some VALUES (randomblob(100000))")


def test_a_chunk_as_old_as_the_newest_that_is_named_is_not_swept(tmp_path: Path) -> None:
    """File systems count time in ticks: a running advance may have written it in the same one."""
    chunks = ChunkFolder(tmp_path)
    names = [chunks.write({"head": np.zeros(1, dtype=np.float32)}) for _ in range(3)]
    for name, tick in zip(names, (2, 2, 1), strict=True):
        os.utime(tmp_path / name, ns=(tick, tick))
    assert chunks.sweep({names[0]}) == 1
    assert chunks.read(names[1])
