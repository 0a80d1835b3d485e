"""Versions: what each of them is, beside the champion and beside another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from service.domain.keys import EVERY_TENANT
from service.domain.versions import SHIPPED_MANIFEST, BudgetKept, VersionManifest
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.versions.gates import Gate, gates_before
from service.usecases.versions.orders import check_alone

REPORT_JSON, REPORT_HTML = "report.json", "report.html"


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """A model version; exactly one is the champion, under which windows are scored."""

    version: str
    champion: bool
    parent: str | None
    created: datetime
    window: tuple[datetime, datetime] | None
    counts_digest: str
    metrics: dict[str, float]
    budgets: list[BudgetKept]
    gates: Annotated[
        list[Gate], Meta(description="What its trial says of each gate; none for the champion and the one before.")
    ] = []


class VersionDetails(VersionView, frozen=True, kw_only=True):
    """A model version with all that its manifest says."""

    settings: dict[str, Any]
    packages: Annotated[dict[str, str], Meta(description="Versions of the libraries that it was fitted with.")]
    files: Annotated[dict[str, str], Meta(description="SHA-256 of every file.")]
    size_bytes: int


class RefusedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A folder that is not used: altered, incomplete or from elsewhere."""

    version: str
    reason: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What is not the same in two versions; null where one has no such thing."""

    name: str
    one: Any
    other: Any


class TableDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How far two versions of a table lie apart; null where their shapes are not the same."""

    name: str
    largest: Annotated[float | None, Meta(description="The greatest absolute difference of two elements.")]
    mean: Annotated[float | None, Meta(description="The mean absolute difference.")]


class VersionComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two versions side by side: all their metrics, and of the rest what differs."""

    one: str
    other: str
    metrics: list[Difference]
    settings: list[Difference]
    tables: list[TableDifference]


def champion_of(ports: Ports) -> str:
    """The version in force; before the first tick, the one that will be."""
    manifest = ports.state.manifest()
    return manifest.version if manifest else SHIPPED_MANIFEST.version_id


def list_versions(ports: Ports) -> list[VersionView]:
    """All readable model versions, oldest first."""
    champion = champion_of(ports)
    return [VersionView(**_said(ports, one, champion)) for one in ports.registry.manifests()]


def list_refused(ports: Ports) -> list[RefusedVersion]:
    """The folders that are no versions of ours, and why."""
    return [RefusedVersion(version=number, reason=why) for number, why in ports.registry.refused().items()]


def read_version(ports: Ports, version_id: str) -> VersionDetails:
    """One model version.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or any of its files was altered.
    """
    manifest = ports.registry.verify(version_id)
    return VersionDetails(
        **_said(ports, manifest, champion_of(ports)),
        settings=manifest.settings,
        packages=manifest.packages,
        files=manifest.files,
        size_bytes=ports.registry.size_bytes(version_id),
    )


def read_report(ports: Ports, tenant: str, version_id: str, name: str = REPORT_JSON) -> bytes:
    """The report of a version's trial, as JSON or as a page.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, it has no report, or it was altered.
    NotPermitted
        If there are other tenants, whose places it names.
    """
    check_alone(ports, tenant)
    return ports.registry.document(version_id, name)


def compare_versions(ports: Ports, one: str, other: str) -> VersionComparison:
    """Two versions side by side.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or it was altered.
    """
    manifests = [ports.registry.manifest(version_id) for version_id in (one, other)]
    versions = [ports.registry.load(version_id) for version_id in (one, other)]
    metrics = [manifest.metrics for manifest in manifests]
    settings = [
        {**manifest.settings, **_flat(version.to_settings())}
        for manifest, version in zip(manifests, versions, strict=True)
    ]
    return VersionComparison(
        one=one,
        other=other,
        metrics=_side_by_side(*metrics),
        settings=[pair for pair in _side_by_side(*settings) if pair.one != pair.other],
        tables=_table_differences(*(version.to_tables() for version in versions)),
    )


def adopt_version(ports: Ports, version_id: str, actor: str) -> None:
    """Record a version's folder that was copied here from elsewhere.

    Raises
    ------
    NotFound, VersionRefused, Conflict
        If there is no such folder, its files are not what its manifest says, or it is recorded already.
    """
    manifest = ports.registry.adopt(version_id, ports.clock.now())
    record(ports, actor, EVERY_TENANT, "model.adopt", version_id, f"made {manifest.created:%Y-%m-%d}")


def _said(ports: Ports, manifest: VersionManifest, champion: str) -> dict[str, Any]:
    return {
        "version": manifest.version_id,
        "champion": manifest.version_id == champion,
        "parent": manifest.parent,
        "created": manifest.created,
        "window": manifest.window,
        "counts_digest": manifest.counts_digest,
        "metrics": manifest.metrics,
        "budgets": manifest.budgets,
        "gates": gates_before(ports, manifest),
    }


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a version without its id, hyper-parameters by their own names."""
    return {name: value for name, value in settings.items() if name not in ("id", "hyperparameters")} | {
        f"hyperparameters.{name}": value for name, value in settings["hyperparameters"].items()
    }


def _side_by_side(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(name=name, one=one.get(name), other=other.get(name)) for name in sorted(one.keys() | other.keys())
    ]


def _table_differences(
    one: Mapping[str, NDArray[np.float64]], other: Mapping[str, NDArray[np.float64]]
) -> list[TableDifference]:
    """Of the tables that are not the same in both, by name."""
    found = []
    for name in sorted(one.keys() | other.keys()):
        left, right = one.get(name), other.get(name)
        if left is None or right is None or left.shape != right.shape:
            found.append(TableDifference(name=name, largest=None, mean=None))
        elif not np.array_equal(left, right):
            apart = np.abs(left - right)
            found.append(TableDifference(name=name, largest=float(apart.max()), mean=float(apart.mean())))
    return found
