"""Versions to put into a registry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from models.shipped import shipped_version
from service.domain.versions import VersionManifest

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MANIFEST = VersionManifest(
    version_id="1",
    parent="0",
    created=NOW,
    window=None,
    counts_digest="",
    settings={"weeks": 8},
    metrics={"series": 3.0},
    packages={},
    files={},
)


def version(version_id: str):
    return replace(shipped_version(), id=version_id)


def manifest(version_id: str) -> VersionManifest:
    return msgspec.structs.replace(MANIFEST, version_id=version_id)
