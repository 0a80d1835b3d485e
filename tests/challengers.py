"""Model versions to put in force: what version 0 is, but for one table, with a trial that passes its gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from models.shipped import shipped_version
from service.domain.versions import VersionManifest
from service.ports import Ports
from service.usecases.versions.promote import begin_promotion, go_on

PASSING = {
    "calibration_champion": 0.3,
    "calibration_challenger": 0.2,
    "recall_champion": 0.6,
    "recall_challenger": 0.65,
    "list_overlap": 0.9,
}


def add_challenger(
    ports: Ports,
    version_id: str = "1",
    parent: str = "0",
    metrics: Mapping[str, float] = PASSING,
    documents: Mapping[str, bytes] | None = None,
) -> VersionManifest:
    """Write a version to the registry: it takes places for busier, the more so the greater its id."""
    shipped = shipped_version()
    prior = replace(shipped.prior, level=shipped.prior.level * (1 + int(version_id)))
    manifest = VersionManifest(
        version_id=version_id,
        parent=parent,
        created=datetime(2026, 11, 1, tzinfo=UTC),
        window=None,
        counts_digest="",
        settings={"weeks": 8},
        metrics=dict(metrics),
        packages={},
        files={},
    )
    return ports.registry.add(replace(shipped, id=version_id, prior=prior), manifest, {"prior": [1, 2]}, documents)


def promote(ports: Ports, version_id: str, actor: str, override: str = "") -> None:
    """Put a version in force, with nothing scored meanwhile; raises as `begin_promotion` and `go_on`."""
    begin_promotion(ports, version_id, actor, override)
    while go_on(ports):
        pass
