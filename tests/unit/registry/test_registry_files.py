"""Versions in folders: read back as they were, and refused where anything was altered."""

from __future__ import annotations

import os
import shutil
import sys
from hashlib import sha256
from pathlib import Path

import joblib
import msgspec
import numpy as np
import pytest

from models.shipped import shipped_version
from service.domain.versions import SHIPPED_MANIFEST
from service.errors import Conflict, NotFound, VersionRefused
from service.registry import FolderVersionRegistry
from tests.unit.registry.challengers import MANIFEST, NOW, manifest, version


def test_the_shipped_version_is_version_0(registry):
    assert registry.load("0").id == registry.verify("0").version_id == SHIPPED_MANIFEST.version_id == "0"


def test_a_version_reads_back_as_it_was(registry):
    loaded = registry.load("1")
    assert loaded.to_settings() == version("1").to_settings()
    for name, table in shipped_version().to_tables().items():
        np.testing.assert_array_equal(loaded.to_tables()[name], table)
    assert registry.verify("1") == registry.manifest("1")
    assert registry.size_bytes("1") > sum(table.nbytes for table in loaded.to_tables().values())


def test_manifests_are_listed_oldest_first(registry):
    for number in ("10", "2"):
        registry.add(version(number), manifest(number), {})
    assert [one.version_id for one in registry.manifests()] == ["0", "1", "2", "10"]
    assert registry.next_id() == "11"


def test_artefacts_and_documents_read_back(registry):
    np.testing.assert_array_equal(registry.artefact("1", "prior")["level"], shipped_version().prior.level)
    assert registry.document("1", "report.json") == b"{}"
    for unknown in ("report.html", "manifest.json", "../register.db", "tables/level.npy"):
        with pytest.raises(NotFound):
            registry.document("1", unknown)
    with pytest.raises(NotFound):
        registry.artefact("1", "posterior")


def test_versions_are_never_changed(registry):
    for taken in ("0", "1"):
        with pytest.raises(Conflict, match="exists already"):
            registry.add(version(taken), manifest(taken), {})


@pytest.mark.parametrize("name", ["manifest.json", "settings.json", "tables/level.npy", "deeper/report.json"])
def test_a_document_takes_no_other_file_s_place(registry, folder, name):
    with pytest.raises(ValueError, match="cannot be called"):
        registry.add(version("2"), manifest("2"), {}, {name: b""})
    assert [path.name for path in folder.iterdir()] == ["1"]


@pytest.mark.parametrize("unknown", ["2", "../1", "", "latest", "1/../1", "1/"])
def test_an_unknown_version_is_not_found(registry, unknown):
    with pytest.raises(NotFound, match="known are 0, 1"):
        registry.load(unknown)


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["settings.json", "tables/level.npy"])
def test_what_scoring_reads_is_refused_when_altered(registry, folder, name):
    altered(folder / "1" / name)
    for read in (registry.load, registry.verify):
        with pytest.raises(VersionRefused, match="was altered"):
            read("1")


@pytest.mark.parametrize("name", ["artefacts/prior.joblib", "report.json"])
def test_what_scoring_does_not_read_stops_no_scoring(registry, folder, name):
    """But it is never unpickled, and the version is not promoted, which asks for all to be verified."""
    altered(folder / "1" / name)
    assert registry.load("1").id == "1"
    for read in (registry.verify, lambda one: registry.artefact(one, "prior")):
        with pytest.raises(VersionRefused, match="was altered"):
            read("1")


def test_an_altered_artefact_is_never_unpickled(registry, folder):
    """Whoever can write to the folder cannot run code, even with a manifest that fits."""
    path, described = folder / "1" / "artefacts" / "prior.joblib", folder / "1" / "manifest.json"
    joblib.dump(Touches(folder / "touched"), path)
    with pytest.raises(VersionRefused, match="was altered"):
        registry.artefact("1", "prior")
    files = registry.manifest("1").files | {"artefacts/prior.joblib": joblib.hash(path.read_bytes())}
    described.write_bytes(msgspec.json.encode(msgspec.structs.replace(MANIFEST, files=files)))
    with pytest.raises(VersionRefused, match="not the one recorded"):
        registry.artefact("1", "prior")
    assert not (folder / "touched").exists()
    joblib.load(path)
    assert (folder / "touched").exists()


class Touches:
    """An object that makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_missing_and_a_foreign_file_are_refused(registry, folder):
    (folder / "1" / "tables" / "level.npy").rename(folder / "1" / "tables" / "levels.npy")
    with pytest.raises(VersionRefused, match=r"tables/level\.npy, tables/levels\.npy"):
        registry.verify("1")
    with pytest.raises(VersionRefused, match="cannot be read"):
        registry.load("1")


def link(path: Path, target: Path) -> None:
    shutil.move(path, target)
    path.symlink_to(target)


@pytest.mark.parametrize("name", [".", "settings.json", "tables"])
def test_a_link_is_refused_wherever_it_leads(registry, folder, tmp_path, name):
    """The digests hold; but what a link leads to may be another file in a moment."""
    link(folder / "1" / name, tmp_path / "elsewhere")
    with pytest.raises(VersionRefused, match="is a link"):
        registry.verify("1")


def test_a_pipe_is_refused_and_not_waited_for(registry, folder):
    path = folder / "1" / "settings.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(VersionRefused, match="not a plain file"):
        registry.load("1")
    with pytest.raises(VersionRefused, match="special file"):
        registry.verify("1")


@pytest.mark.parametrize("kept_bytes", [0, 100, -20, -1])
def test_a_truncated_manifest_is_refused_and_told(registry, folder, kept_bytes):
    path = folder / "1" / "manifest.json"
    path.write_bytes(path.read_bytes()[:kept_bytes])
    for read in (registry.load, registry.verify, registry.manifest):
        with pytest.raises(VersionRefused, match="cut short"):
            read("1")
    assert [one.version_id for one in registry.manifests()] == ["0"]
    assert list(registry.refused()) == ["1"]


@pytest.mark.parametrize("content", [b"", b"\x80", joblib.hash(1).encode(), b"\x80\x04cnowhere\nNothing\n."])
def test_an_artefact_that_cannot_be_read_stops_no_scoring(registry, folder, content):
    """Cut short, or of a class that the libraries of today do not have: its digest holds, and it is told."""
    shutil.copytree(folder / "1", folder / "2")
    (folder / "2" / "artefacts" / "prior.joblib").write_bytes(content)
    adopt_as_it_is(registry, folder, "2")
    assert registry.load("2").prior.level.shape == shipped_version().prior.level.shape
    assert registry.verify("2").version_id == "2"
    with pytest.raises(VersionRefused, match="libraries installed now cannot read it"):
        registry.artefact("2", "prior")


def adopt_as_it_is(registry: FolderVersionRegistry, folder: Path, version_id: str) -> None:
    """Adopt a copy of version 1 with the digests of whatever its files are now."""
    at = folder / version_id
    settings = msgspec.json.encode(version(version_id).to_settings())
    (at / "settings.json").write_bytes(settings)
    files = {name: sha256((at / name).read_bytes()).hexdigest() for name in registry.manifest("1").files}
    described = msgspec.structs.replace(MANIFEST, version_id=version_id, files=files)
    (at / "manifest.json").write_bytes(msgspec.json.encode(described))
    registry.adopt(version_id, NOW)


def test_an_artefact_of_a_class_that_an_upgrade_removed(registry, tmp_path, monkeypatch):
    (tmp_path / "yesterday.py").write_text("class Estimator: ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    import yesterday  # noqa: PLC0415

    registry.add(version("2"), manifest("2"), {"fit": yesterday.Estimator()})
    assert type(registry.artefact("2", "fit")) is yesterday.Estimator
    monkeypatch.delitem(sys.modules, "yesterday")
    (tmp_path / "yesterday.py").unlink()
    with pytest.raises(VersionRefused, match="ModuleNotFoundError"):
        registry.artefact("2", "fit")
    assert registry.load("2").id == "2"
