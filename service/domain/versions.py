"""What is known about a model version beside its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec


class VersionManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest.json of a version folder.

    ``files`` maps each file of the folder to its SHA-256; ``window`` is the interval of the counts it learnt from and
    ``counts_digest`` their SHA-256, both empty for version 0, which learnt from the simulated city.
    """

    version_id: str
    parent: str | None
    created: datetime
    window: tuple[datetime, datetime] | None
    counts_digest: str
    settings: dict[str, Any]
    metrics: dict[str, float]
    packages: dict[str, str]
    files: dict[str, str]


SHIPPED_MANIFEST = VersionManifest(
    version_id="0",
    parent=None,
    created=datetime(2026, 11, 22, tzinfo=UTC),
    window=None,
    counts_digest="",
    settings={},
    metrics={},
    packages={},
    files={},
)
"""Version 0, which comes with the package and learnt from the simulated city."""
