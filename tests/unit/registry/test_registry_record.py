"""The record of versions: what is adopted, removed and remembered, and what is left behind where that fails."""

from __future__ import annotations

import shutil

import msgspec
import pytest

from service.errors import Conflict, NotFound, StorageFull, StoreError, VersionRefused
from service.registry import FolderVersionRegistry
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import REGISTER
from service.stores.sqlite.versions import SqliteVersionRecords
from tests.disks import fill, small_disk
from tests.unit.registry.challengers import MANIFEST, NOW, manifest, version


def test_a_folder_from_elsewhere_is_refused_until_it_is_adopted(registry, folder, tmp_path):
    """A person may know where it comes from; its own digests have to hold all the same."""
    other = FolderVersionRegistry(tmp_path / "other", SqliteVersionRecords(Database(tmp_path / "other.db", REGISTER)))
    other.add(version("7"), manifest("7"), {})
    shutil.copytree(tmp_path / "other" / "7", folder / "7")
    for read in (registry.load, registry.verify):
        with pytest.raises(VersionRefused, match="models adopt 7"):
            read("7")
    assert registry.next_id() == "8"
    (folder / "7" / "more.py").touch()
    with pytest.raises(VersionRefused, match=r"unknown to its manifest: more\.py"):
        registry.adopt("7", NOW)
    (folder / "7" / "more.py").unlink()
    registry.adopt("7", NOW)
    assert registry.load("7").id == "7"
    with pytest.raises(Conflict):
        registry.adopt("7", NOW)


@pytest.mark.parametrize("name", ["../../register.db", "/etc/passwd", "tables/../settings.json", "./settings.json"])
def test_a_manifest_that_names_files_elsewhere_is_not_adopted(registry, folder, name):
    shutil.copytree(folder / "1", folder / "2")
    files = registry.manifest("1").files | {name: "0" * 64}
    described = msgspec.structs.replace(MANIFEST, version_id="2", files=files)
    (folder / "2" / "manifest.json").write_bytes(msgspec.json.encode(described))
    with pytest.raises(VersionRefused, match="missing from the folder"):
        registry.adopt("2", NOW)


def test_the_manifest_of_another_version_is_not_adopted(registry, folder):
    shutil.copytree(folder / "1", folder / "2")
    with pytest.raises(VersionRefused, match="is the manifest of version 1"):
        registry.adopt("2", NOW)


def test_what_is_removed_is_gone_and_its_id_is_not_given_out_again(registry, folder):
    registry.remove("1", NOW)
    assert list(folder.iterdir()) == []
    with pytest.raises(NotFound, match="was pruned on 2026-11-01"):
        registry.load("1")
    assert registry.next_id() == "2"
    with pytest.raises(Conflict):
        registry.add(version("1"), MANIFEST, {})
    assert registry.refused() == {}


def test_a_removal_that_was_cut_short_is_finished_by_the_next(registry, folder, database):
    registry.add(version("2"), manifest("2"), {})
    SqliteVersionRecords(database).note_pruned("1", NOW)
    assert [one.version_id for one in registry.manifests()] == ["0", "2"]
    registry.remove("2", NOW)
    assert list(folder.iterdir()) == []


def test_versions_that_were_in_force_are_remembered(registry):
    registry.add(version("2"), manifest("2"), {})
    registry.note_in_force("2", NOW)
    registry.note_in_force("0", NOW)
    assert registry.ever_in_force() == {"0", "2"}


def test_what_is_recorded_stays(registry, database):
    for statement in ("UPDATE model_version SET digest = ''", "DELETE FROM model_version"):
        with pytest.raises(StoreError, match="never"):
            database.execute(statement)


def test_a_file_of_before_the_record_is_migrated(tmp_path, folder):
    """Folders that were made before are foreign until they are adopted."""
    before = next(k for k, one in enumerate(REGISTER) if "model_version" in one[0])
    Database(tmp_path / "register.db", REGISTER[:before]).rows("SELECT 1")
    registry = FolderVersionRegistry(folder, SqliteVersionRecords(Database(tmp_path / "register.db", REGISTER)))
    assert registry.next_id() == "1"
    assert registry.add(version("1"), MANIFEST, {}).version_id == "1"


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(folder, database):
    folder.write_text("a file where the folder should be")
    registry = FolderVersionRegistry(folder, SqliteVersionRecords(database))
    with pytest.raises(StoreError, match="cannot be written"):
        registry.add(version("1"), MANIFEST, {})
    assert SqliteVersionRecords(database).all() == []


def test_a_full_disk_is_told_and_leaves_nothing_behind(tmp_path, database):
    """A real one: half of the version fits."""
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        registry = FolderVersionRegistry(disk / "versions", SqliteVersionRecords(database))
        registry.add(version("1"), MANIFEST, {})
        ballast = fill(disk, leave_bytes=registry.size_bytes("1") // 2)
        with pytest.raises(StorageFull, match="free some space"):
            registry.add(version("2"), manifest("2"), {})
        assert [path.name for path in (disk / "versions").iterdir()] == ["1"]
        assert registry.load("1").id == "1"
        ballast.unlink()
        registry.add(version("2"), manifest("2"), {})
        assert registry.verify("2").version_id == "2"


def test_a_full_disk_under_the_record_leaves_no_folder_behind(tmp_path, folder):
    """The folder is written and cannot be recorded: it would be foreign."""
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        database = Database(disk / "register.db", REGISTER)
        database.rows("PRAGMA wal_checkpoint(TRUNCATE)")
        fill(disk)
        with pytest.raises(StoreError, match=r"register\.db: .*free some space"):
            FolderVersionRegistry(folder, SqliteVersionRecords(database)).add(version("1"), MANIFEST, {})
        assert list(folder.iterdir()) == []
        database.close()
