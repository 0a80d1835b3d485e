"""Ports of the model versions: their folders, and the record that says which of them were made here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from models.version import ModelVersion
from service.domain.versions import VersionManifest, VersionRecord


class VersionRecords(Protocol):
    """What is known of versions apart from their folders, so that an altered folder is told from one made here."""

    def add(self, record: VersionRecord) -> None:
        """Record a new version, for good; raises Conflict if there is one with its id."""

    def get(self, version_id: str) -> VersionRecord | None:
        """The record of a version, pruned or not; None if it was never recorded."""

    def all(self) -> list[VersionRecord]:
        """All records, in the order they were made."""

    def note_in_force(self, version_id: str, time: datetime) -> None:
        """Record that a version is put in force; the first time stays."""

    def note_pruned(self, version_id: str, time: datetime) -> None:
        """Record that a version's folder is deleted; the record stays."""


class VersionRegistry(Protocol):
    """Model versions: immutable folders, checked against what is recorded of them whenever they are read.

    All methods that read a version raise NotFound if there is none, and VersionRefused if what they read is foreign or
    altered.
    """

    def add(
        self,
        version: ModelVersion,
        manifest: VersionManifest,
        artefacts: Mapping[str, object],
        documents: Mapping[str, bytes] | None = None,
    ) -> VersionManifest:
        """Store a version under a new id, all of it or nothing; raises Conflict.

        ``artefacts`` are kept for retraining only. ``documents`` are for people, such as ``report.json``, by the name
        of their file. Returns the manifest with the digests of the files filled in.
        """

    def adopt(self, version_id: str, time: datetime) -> VersionManifest:
        """Record a folder that came from elsewhere, once its own digests hold; raises Conflict if it is recorded."""

    def next_id(self) -> str:
        """The id of the next version: greater than any there is or was."""

    def load(self, version_id: str) -> ModelVersion:
        """A version's tables. Only what scoring reads is checked: settings and tables."""

    def verify(self, version_id: str) -> VersionManifest:
        """Check every file of a version, and that there is no other; its manifest."""

    def manifest(self, version_id: str) -> VersionManifest:
        """What a version says of itself."""

    def manifests(self) -> list[VersionManifest]:
        """Of all readable versions, oldest first, version 0 among them."""

    def refused(self) -> dict[str, str]:
        """Why each of the other folders cannot be used, by id."""

    def artefact(self, version_id: str, name: str) -> Any:
        """A fitted estimator, unpickled after the whole version was verified; for retraining.

        Raises NotFound if there is none, and VersionRefused if the libraries of today cannot read it.
        """

    def document(self, version_id: str, name: str) -> bytes:
        """A file for people that lies beside the manifest; raises NotFound if there is none."""

    def size_bytes(self, version_id: str) -> int:
        """Room that a version's folder takes on the disk."""

    def note_in_force(self, version_id: str, time: datetime) -> None:
        """Record that a version is put in force: verdicts will name it."""

    def ever_in_force(self) -> set[str]:
        """The versions that verdicts and lists may name."""

    def remove(self, version_id: str, time: datetime) -> None:
        """Delete a version's folder; what is recorded of it stays, and so does its id."""
