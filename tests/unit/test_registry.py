"""Versions are immutable folders, and nothing that was altered is ever used."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from models.shipped import shipped_version
from service.domain.versions import SHIPPED_MANIFEST, VersionManifest
from service.errors import Conflict, NotFound, StoreError, VersionRefused
from service.registry import FolderVersionRegistry

MANIFEST = VersionManifest(
    version_id="1",
    parent="0",
    created=datetime(2026, 11, 1, tzinfo=UTC),
    window=None,
    counts_digest="",
    settings={"weeks": 8},
    metrics={"series": 3.0},
    packages={},
    files={},
)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "versions"


@pytest.fixture
def registry(folder):
    registry = FolderVersionRegistry(folder)
    registry.add(replace(shipped_version(), id="1"), MANIFEST, {"prior": shipped_version().prior.to_tables()})
    return registry


def test_the_shipped_version_is_version_0(registry):
    assert registry.load("0").id == SHIPPED_MANIFEST.version_id == "0"


def test_a_version_reads_back_as_it_was(registry):
    loaded = registry.load("1")
    assert loaded.to_settings() == replace(shipped_version(), id="1").to_settings()
    for name, table in shipped_version().to_tables().items():
        np.testing.assert_array_equal(loaded.to_tables()[name], table)


def test_manifests_are_listed_oldest_first(registry):
    assert [manifest.version_id for manifest in registry.manifests()] == ["0", "1"]


def test_an_artefact_reads_back(registry):
    np.testing.assert_array_equal(registry.artefact("1", "prior")["level"], shipped_version().prior.level)


def test_versions_are_never_changed(registry):
    with pytest.raises(Conflict, match="exists already"):
        registry.add(replace(shipped_version(), id="1"), MANIFEST, {})


@pytest.mark.parametrize("unknown", ["2", "../1", "", "latest"])
def test_an_unknown_version_is_not_found(registry, unknown):
    with pytest.raises(NotFound, match="known are 0, 1"):
        registry.load(unknown)


@pytest.mark.parametrize("name", ["settings.json", "tables/level.npy", "artefacts/prior.joblib"])
def test_an_altered_file_is_refused(registry, folder, name):
    path = folder / "1" / name
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(VersionRefused, match="was altered"):
        registry.load("1")
    with pytest.raises(VersionRefused, match="was altered"):
        registry.artefact("1", "prior")


def test_a_missing_and_a_foreign_file_are_refused(registry, folder):
    (folder / "1" / "tables" / "level.npy").rename(folder / "1" / "tables" / "levels.npy")
    with pytest.raises(VersionRefused, match=r"tables/level\.npy, tables/levels\.npy"):
        registry.load("1")


def test_a_truncated_manifest_is_refused_and_not_listed(registry, folder):
    path = folder / "1" / "manifest.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(VersionRefused, match="cannot be read"):
        registry.load("1")
    assert [manifest.version_id for manifest in registry.manifests()] == ["0"]


def test_the_manifest_of_another_version_is_refused(registry, folder):
    path = folder / "1" / "manifest.json"
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(registry.manifest("1"), version_id="7")))
    with pytest.raises(VersionRefused, match="is the manifest of version 7"):
        registry.load("1")


def test_a_folder_that_cannot_be_written_leaves_nothing_behind(folder):
    folder.write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="cannot be written"):
        FolderVersionRegistry(folder).add(replace(shipped_version(), id="1"), MANIFEST, {})
