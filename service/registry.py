"""Model versions as immutable folders: plain tables, plain settings, and a manifest that holds every file's digest.

::

    versions/3/manifest.json      who its parent is, what it learnt from, the SHA-256 of every other file
    versions/3/settings.json      hyper-parameters and the frozen calendar
    versions/3/tables/*.npy       fleet prior and calibration maps, plain arrays
    versions/3/artefacts/*.joblib fitted estimators, for retraining only; scoring never opens them
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import msgspec
import numpy as np

from models.shipped import shipped_version
from models.version import ModelVersion
from service.domain.versions import SHIPPED_MANIFEST, VersionManifest
from service.errors import Conflict, NotFound, StoreError, VersionRefused

_MANIFEST = "manifest.json"
_SETTINGS = "settings.json"


class FolderVersionRegistry:
    """Versions in folders below one folder; version 0 comes with the package."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, version: ModelVersion, manifest: VersionManifest, artefacts: Mapping[str, object]) -> VersionManifest:
        """Write the folder aside and move it into place in one step, so that no reader sees half of it."""
        target = self._folder / version.id
        if version.id == SHIPPED_MANIFEST.version_id or target.exists():
            raise Conflict(f"model version {version.id} exists already; versions are never changed")
        aside = self._folder / f".{version.id}.{os.getpid()}"
        try:
            complete = msgspec.structs.replace(manifest, files=_write_files(aside, version, artefacts))
            _write(aside / _MANIFEST, msgspec.json.format(msgspec.json.encode(complete)))
            aside.rename(target)
        except OSError as error:
            raise StoreError(
                f"model version {version.id} cannot be written to {target}: {error}; check the disk"
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return complete

    def next_id(self) -> str:
        """The id of the next version."""
        return str(max([int(SHIPPED_MANIFEST.version_id), *self._numbers()]) + 1)

    def load(self, version_id: str) -> ModelVersion:
        """The tables of a version, after every digest has been checked."""
        if version_id == SHIPPED_MANIFEST.version_id:
            return shipped_version()
        files = self._checked_files(version_id)
        try:
            tables = {
                Path(name).stem: np.load(io.BytesIO(content), allow_pickle=False)
                for name, content in files.items()
                if name.startswith("tables/")
            }
            return ModelVersion.from_tables(tables, msgspec.json.decode(files[_SETTINGS]))
        except (ValueError, KeyError, msgspec.DecodeError) as error:
            raise VersionRefused(f"model version {version_id} cannot be used: {error}") from error

    def artefact(self, version_id: str, name: str) -> Any:
        """A fitted estimator, unpickled only after its digest has been checked; for retraining."""
        content = self._checked_files(version_id).get(f"artefacts/{name}.joblib")
        if content is None:
            raise NotFound(f"model version {version_id} has no artefact {name}")
        return joblib.load(io.BytesIO(content))

    def manifest(self, version_id: str) -> VersionManifest:
        """What is known about a version."""
        if version_id == SHIPPED_MANIFEST.version_id:
            return SHIPPED_MANIFEST
        path = self._folder / version_id / _MANIFEST
        if not version_id.isdecimal() or not path.parent.is_dir():
            known = ", ".join(m.version_id for m in self.manifests())
            raise NotFound(f"there is no model version {version_id!r}; known are {known}")
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=VersionManifest)
        except (OSError, msgspec.DecodeError) as error:
            raise VersionRefused(f"{path} cannot be read: {error}; restore it or delete the folder") from error
        if manifest.version_id != version_id:
            raise VersionRefused(f"{path} is the manifest of version {manifest.version_id}, not of {version_id}")
        return manifest

    def manifests(self) -> list[VersionManifest]:
        """All versions whose manifests can be read, oldest first."""
        readable = [SHIPPED_MANIFEST]
        for number in self._numbers():
            try:
                readable.append(self.manifest(str(number)))
            except VersionRefused:
                continue
        return readable

    def _numbers(self) -> list[int]:
        folders = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(int(folder.name) for folder in folders if folder.name.isdecimal())

    def _checked_files(self, version_id: str) -> dict[str, bytes]:
        manifest = self.manifest(version_id)
        folder = self._folder / version_id
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {_MANIFEST}
        if foreign := sorted(found.symmetric_difference(manifest.files)):
            raise VersionRefused(f"{folder}: missing from the folder or unknown to its manifest: {', '.join(foreign)}")
        try:
            contents = {name: (folder / name).read_bytes() for name in manifest.files}
        except OSError as error:
            raise VersionRefused(f"model version {version_id} cannot be read: {error}") from error
        for name, content in contents.items():
            if hashlib.sha256(content).hexdigest() != manifest.files[name]:
                raise VersionRefused(f"{folder / name} was altered: its SHA-256 is not the one in the manifest")
        return contents


def _write_files(folder: Path, version: ModelVersion, artefacts: Mapping[str, object]) -> dict[str, str]:
    contents = {_SETTINGS: msgspec.json.format(msgspec.json.encode(version.to_settings()))}
    for name, table in version.to_tables().items():
        contents[f"tables/{name}.npy"] = _npy(table)
    for name, artefact in artefacts.items():
        contents[f"artefacts/{name}.joblib"] = _joblib(artefact)
    for name, content in contents.items():
        _write(folder / name, content)
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _npy(table: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    return buffer.getvalue()


def _joblib(artefact: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(artefact, buffer)
    return buffer.getvalue()
