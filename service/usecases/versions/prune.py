"""Prune: versions that nothing names any longer are deleted; what they were is kept in their record.

Kept are the champion and the one before it, whatever is to be put in force, every version that ever was in force, since
verdicts and lists name it, the newest ones, and the parents of all these, so that it can be told where they come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from service.domain.keys import EVERY_TENANT
from service.domain.versions import SHIPPED_MANIFEST, VersionManifest
from service.errors import Conflict
from service.ports import Ports
from service.usecases.audit import record

DEFAULT_NEWEST = 3


class Pruned(msgspec.Struct, frozen=True, kw_only=True):
    """A version that goes, and the room it takes."""

    version: str
    created: datetime
    size_bytes: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A version that stays, and why."""

    version: str
    created: datetime
    reason: str


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """What pruning deletes and what it keeps, oldest first."""

    frees_bytes: int
    pruned: list[Pruned]
    kept: list[Kept]


def plan_pruning(ports: Ports, newest: int = DEFAULT_NEWEST) -> Pruning:
    """What pruning would do, but for ``newest`` versions that were made last; nothing is changed."""
    manifests = [one for one in ports.registry.manifests() if one.version_id != SHIPPED_MANIFEST.version_id]
    reasons = _reasons(ports, manifests, newest)
    pruned = [
        Pruned(version=one.version_id, created=one.created, size_bytes=ports.registry.size_bytes(one.version_id))
        for one in manifests
        if one.version_id not in reasons
    ]
    return Pruning(
        frees_bytes=sum(one.size_bytes for one in pruned),
        pruned=pruned,
        kept=[
            Kept(version=one.version_id, created=one.created, reason=reasons[one.version_id])
            for one in manifests
            if one.version_id in reasons
        ],
    )


def prune(ports: Ports, versions: Sequence[str], actor: str) -> None:
    """Delete versions that a plan named; the caller holds the scheduler's lock.

    Raises
    ------
    Conflict
        If one of them is needed by now; the others are deleted all the same.
    """
    plan = plan_pruning(ports, newest=0)
    sizes = {one.version: one.size_bytes for one in plan.pruned}
    for version in versions:
        if version in sizes:
            record(ports, actor, EVERY_TENANT, "model.prune", version, f"frees {sizes[version]} bytes")
            ports.registry.remove(version, ports.clock.now())
    if needed := [f"{one.version} ({one.reason})" for one in plan.kept if one.version in versions]:
        raise Conflict(f"not pruned, since they are needed by now: {', '.join(needed)}")


def _reasons(ports: Ports, manifests: Sequence[VersionManifest], newest: int) -> dict[str, str]:
    """Why each of the versions to be kept is."""
    parents = {one.version_id: one.parent for one in manifests}
    last = sorted(parents, key=int)[-newest:] if newest else []
    named = dict.fromkeys(last, "it is one of the newest")
    named |= dict.fromkeys(ports.registry.ever_in_force(), "it was in force: verdicts and lists name it")
    named |= dict.fromkeys(_awaited(ports), "it is to be put in force")
    if state := ports.state.manifest():
        named |= {state.previous: "a rollback leads to it"} if state.previous else {}
        named |= {state.version: "it is the champion"}
    for child in list(named):
        for version in _ancestors(child, parents):
            named.setdefault(version, f"version {child} comes from it")
    return named


def _awaited(ports: Ports) -> Iterable[str]:
    """Versions that a command, or a promotion that goes on, is about to put in force."""
    for command in ports.state.commands():
        if command.name == "promote":
            yield command.argument.partition(" ")[0]
    if promotion := ports.state.promotion():
        yield promotion.manifest.version


def _ancestors(version: str, parents: dict[str, str | None]) -> Iterable[str]:
    while (parent := parents.get(version)) is not None:
        yield parent
        version = parent
