"""Model versions as immutable folders: plain tables, plain settings, and a manifest that holds every file's digest.

::

    versions/3/manifest.json      who its parent is, what it learnt from, the SHA-256 of every other file
    versions/3/settings.json      hyper-parameters and the frozen calendar
    versions/3/tables/*.npy       fleet prior and calibration maps, plain arrays
    versions/3/artefacts/*.joblib fitted estimators, for retraining only; scoring never opens them
    versions/3/report.*           what its trial beside the champion found, for people

The SHA-256 of the manifest itself is recorded apart from the folders, in register.db: who can only write to the folder
cannot make a version that is used.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from models.shipped import shipped_version
from models.version import ModelVersion
from service.disk_files import disk_error, move_into_place, read_plain_file, walk_plain_files, write_synced
from service.domain.versions import SHIPPED_MANIFEST, VersionManifest, VersionRecord
from service.errors import Conflict, NotFound, StoreError, VersionOutdated, VersionRefused
from service.ports.versions import VersionRecords

_MANIFEST = "manifest.json"
_SETTINGS = "settings.json"
_TABLES = "tables/"


class FolderVersionRegistry:
    """Versions in folders below one folder; version 0 comes with the package.

    Parameters
    ----------
    folder
        Created with the first version.
    records
        Which versions were made here, and the digests of their manifests.
    """

    def __init__(self, folder: Path, records: VersionRecords) -> None:
        self._folder = folder
        self._records = records

    def add(
        self,
        version: ModelVersion,
        manifest: VersionManifest,
        artefacts: Mapping[str, object],
        documents: Mapping[str, bytes] | None = None,
    ) -> VersionManifest:
        """Write the folder aside, move it into place in one step, and record it; a failure leaves nothing behind."""
        target = self._folder / version.id
        if version.id in self._ids() or target.exists():
            raise Conflict(f"model version {version.id} exists already; versions are never changed")
        aside = self._folder / f".{version.id}.{os.getpid()}"
        contents = _contents(version, artefacts, documents or {})
        complete = msgspec.structs.replace(manifest, files={name: _sha256(c) for name, c in contents.items()})
        described = msgspec.json.format(msgspec.json.encode(complete))
        record = VersionRecord(version_id=version.id, digest=_sha256(described), recorded=manifest.created)
        try:
            for name, content in {**contents, _MANIFEST: described}.items():
                write_synced(aside / name, content)
            move_into_place(aside, target)
            self._record(record, target)
        except OSError as error:
            raise _not_written(version.id, target, error) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return complete

    def adopt(self, version_id: str, time: datetime) -> VersionManifest:
        """Record a folder that came from elsewhere, once its own digests hold."""
        if version_id in self._ids():
            raise Conflict(f"model version {version_id} is recorded already; versions are never changed")
        content = self._manifest_bytes(version_id)
        manifest = self._decoded(version_id, content)
        self._checked(version_id, manifest, manifest.files, walk_plain_files(self._folder / version_id))
        self._records.add(VersionRecord(version_id=version_id, digest=_sha256(content), recorded=time))
        return manifest

    def next_id(self) -> str:
        """Greater than the id of any version there is or was, since verdicts name versions for good."""
        return str(max(int(one) for one in (*self._ids(), *self._folders())) + 1)

    def load(self, version_id: str) -> ModelVersion:
        """The tables of a version, after the digests of all that is read have been checked."""
        if version_id == SHIPPED_MANIFEST.version_id:
            return shipped_version()
        manifest = self.manifest(version_id)
        read = [name for name in manifest.files if name == _SETTINGS or name.startswith(_TABLES)]
        files = self._checked(version_id, manifest, read)
        try:
            tables = {
                Path(name).stem: np.load(io.BytesIO(content), allow_pickle=False)
                for name, content in files.items()
                if name.startswith(_TABLES)
            }
            return ModelVersion.from_tables(tables, msgspec.json.decode(files[_SETTINGS]))
        except (ValueError, KeyError, msgspec.DecodeError) as error:
            raise VersionOutdated(
                f"model version {version_id} is as it was written, but by another Trappvakt, and cannot be used by "
                f"this one: {error}"
            ) from error

    def verify(self, version_id: str) -> VersionManifest:
        """Check that the folder holds every file of the manifest as it was written, and no other."""
        manifest = self.manifest(version_id)
        if version_id != SHIPPED_MANIFEST.version_id:
            found = walk_plain_files(self._folder / version_id)
            self._checked(version_id, manifest, manifest.files, found)
        return manifest

    def artefact(self, version_id: str, name: str) -> Any:
        """A fitted estimator, unpickled only after every digest has been checked; for retraining."""
        manifest = self.verify(version_id)
        content = self._file(version_id, manifest, f"artefacts/{name}.joblib")
        import joblib  # noqa: PLC0415 - 0.2 s, for those who retrain

        try:
            return joblib.load(io.BytesIO(content))
        except Exception as error:  # unpickling runs whatever the libraries of today make of it
            raise VersionRefused(
                f"the artefact {name} of model version {version_id} is as it was written, but the libraries installed "
                f"now cannot read it ({type(error).__name__}: {error}); scoring does not need it, and retraining "
                "fits it anew"
            ) from error

    def document(self, version_id: str, name: str) -> bytes:
        """A file for people that lies beside the manifest."""
        if "/" in name:
            raise NotFound(f"model version {version_id} has no document {name!r}")
        return self._file(version_id, self.manifest(version_id), name)

    def manifest(self, version_id: str) -> VersionManifest:
        """What a version says of itself, if it is what was recorded of it."""
        if version_id == SHIPPED_MANIFEST.version_id:
            return SHIPPED_MANIFEST
        content, record = self._manifest_bytes(version_id), self._records.get(version_id)
        if record is None:
            raise VersionRefused(
                f"{self._folder / version_id} is not recorded in register.db: it was not made here; delete it, or, if "
                f"you know where it comes from, run `trappvakt models adopt {version_id}`"
            )
        if _sha256(content) != record.digest:
            raise VersionRefused(
                f"{self._folder / version_id / _MANIFEST} was altered or cut short: its SHA-256 is not the one "
                "recorded in register.db; restore the folder from a backup, or retrain"
            )
        return self._decoded(version_id, content)

    def manifests(self) -> list[VersionManifest]:
        """All versions whose manifests are as they were recorded, oldest first."""
        return [SHIPPED_MANIFEST, *(one for _, one in self._readable() if isinstance(one, VersionManifest))]

    def refused(self) -> dict[str, str]:
        """Why each of the other folders cannot be used."""
        return {version_id: str(one) for version_id, one in self._readable() if isinstance(one, VersionRefused)}

    def size_bytes(self, version_id: str) -> int:
        """Room that the files of a folder take."""
        return sum(path.lstat().st_size for path in (self._folder / version_id).rglob("*") if path.is_file())

    def note_in_force(self, version_id: str, time: datetime) -> None:
        """Record that a version is put in force."""
        self._records.note_in_force(version_id, time)

    def ever_in_force(self) -> set[str]:
        """Version 0, and all that were put in force since."""
        return {SHIPPED_MANIFEST.version_id, *(one.version_id for one in self._records.all() if one.in_force)}

    def remove(self, version_id: str, time: datetime) -> None:
        """Record that it is gone, then delete the folder; what was cut short in between is deleted as well."""
        self._records.note_pruned(version_id, time)
        for folder in [self._folder / one.version_id for one in self._records.all() if one.pruned]:
            try:
                shutil.rmtree(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise StoreError(f"{folder} cannot be deleted: {error}; check its rights") from error

    def _record(self, record: VersionRecord, folder: Path) -> None:
        try:
            self._records.add(record)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _ids(self) -> set[str]:
        return {SHIPPED_MANIFEST.version_id, *(one.version_id for one in self._records.all())}

    def _folders(self) -> list[str]:
        entries = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted((entry.name for entry in entries if entry.name.isdecimal()), key=int)

    def _readable(self) -> Iterator[tuple[str, VersionManifest | VersionRefused]]:
        for version_id in self._folders():
            try:
                yield version_id, self.manifest(version_id)
            except NotFound:
                continue
            except VersionRefused as error:
                yield version_id, error

    def _manifest_bytes(self, version_id: str) -> bytes:
        folder, record = self._folder / version_id, self._records.get(version_id)
        if record and record.pruned:
            raise NotFound(f"model version {version_id} was pruned on {record.pruned:%Y-%m-%d}")
        if not version_id.isdecimal() or not folder.is_dir():
            known = ", ".join([SHIPPED_MANIFEST.version_id, *self._folders()])
            raise NotFound(f"there is no model version {version_id!r}; known are {known}")
        return _read(folder, _MANIFEST)

    def _decoded(self, version_id: str, content: bytes) -> VersionManifest:
        path = self._folder / version_id / _MANIFEST
        try:
            manifest = msgspec.json.decode(content, type=VersionManifest)
        except msgspec.DecodeError as error:
            raise VersionRefused(f"{path} cannot be read: {error}; restore it or delete the folder") from error
        if manifest.version_id != version_id:
            raise VersionRefused(f"{path} is the manifest of version {manifest.version_id}, not of {version_id}")
        return manifest

    def _file(self, version_id: str, manifest: VersionManifest, name: str) -> bytes:
        if name not in manifest.files:
            raise NotFound(f"model version {version_id} has no {name}")
        return self._checked(version_id, manifest, [name])[name]

    def _checked(
        self, version_id: str, manifest: VersionManifest, names: Iterable[str], found: set[str] | None = None
    ) -> dict[str, bytes]:
        """The contents of some files, as the manifest knows them; ``found`` is what there must be, if anything."""
        folder = self._folder / version_id
        if found is not None and (foreign := sorted((found - {_MANIFEST}).symmetric_difference(manifest.files))):
            raise VersionRefused(f"{folder}: missing from the folder or unknown to its manifest: {', '.join(foreign)}")
        contents = {name: _read(folder, name) for name in names}
        for name, content in contents.items():
            if _sha256(content) != manifest.files[name]:
                raise VersionRefused(f"{folder / name} was altered: its SHA-256 is not the one in the manifest")
        return contents


def _read(folder: Path, name: str) -> bytes:
    try:
        return read_plain_file(folder / name)
    except OSError as error:
        raise VersionRefused(
            f"{folder / name} cannot be read: {error.strerror or error}; restore the folder"
        ) from error


def _contents(
    version: ModelVersion, artefacts: Mapping[str, object], documents: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Every file of a version but its manifest, by its name in the folder."""
    contents = {_SETTINGS: msgspec.json.format(msgspec.json.encode(version.to_settings()))}
    contents |= {f"{_TABLES}{name}.npy": _npy(table) for name, table in version.to_tables().items()}
    contents |= {f"artefacts/{name}.joblib": _joblib(artefact) for name, artefact in artefacts.items()}
    if taken := contents.keys() & documents.keys() | {name for name in documents if name == _MANIFEST or "/" in name}:
        raise ValueError(f"a document cannot be called {', '.join(sorted(taken))}")
    return {**contents, **documents}


def _not_written(version_id: str, target: Path, error: OSError) -> Conflict | StoreError:
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
        return Conflict(f"model version {version_id} was made by somebody else meanwhile; do it again")
    return disk_error(f"model version {version_id} in {target}", error)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _npy(table: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    return buffer.getvalue()


def _joblib(artefact: object) -> bytes:
    import joblib  # noqa: PLC0415

    buffer = io.BytesIO()
    joblib.dump(artefact, buffer)
    return buffer.getvalue()
