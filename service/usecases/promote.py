"""Promote: another model version becomes the champion, and its state is what a replay of the stored counts gives.

Verdicts already given stand, each under the version that gave it; the first window after the watermark is the first of
the new champion. So no window is left out and none is judged twice.
"""

from __future__ import annotations

import msgspec

from models.version import ModelVersion
from service.domain.state import Manifest, Shard
from service.errors import Conflict
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.correct import correct, replay_series
from service.usecases.rosters import full_roster
from service.usecases.scoring import Roster
from service.usecases.shards import close_shard, open_shard, shards_of

EVERY_TENANT = "*"


def promote(ports: Ports, version_id: str, actor: str) -> None:
    """Put a version in force; the caller holds the scheduler's lock.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or it was altered; the champion stays.
    Conflict
        If nothing has been scored yet, so that there is no champion to replace.
    """
    version = ports.registry.load(version_id)
    manifest, _ = correct(ports, _manifest(ports), ports.registry.load(_manifest(ports).version))
    shard_series = ports.settings.advance.shard_series
    shards = [_learnt_shard(ports, manifest, version, roster) for roster in shards_of(full_roster(ports), shard_series)]
    published = msgspec.structs.replace(
        manifest, version=version_id, previous=manifest.version, shard_series=shard_series, shards=shards
    )
    with ports.state.transaction():
        ports.state.publish(published)
    ports.state.sweep()
    record(ports, actor, EVERY_TENANT, "model.promote", version_id, f"replaces {manifest.version}")


def rollback(ports: Ports, actor: str) -> str:
    """Return to the champion before this one; returns its id.

    Raises
    ------
    Conflict
        If no version was promoted before.
    """
    previous = _manifest(ports).previous
    if previous is None:
        raise Conflict("no other model version was in force before, so there is nothing to roll back to")
    promote(ports, previous, actor)
    return previous


def _manifest(ports: Ports) -> Manifest:
    manifest = ports.state.manifest()
    if manifest is None:
        raise Conflict("nothing has been scored yet; import counts and score them before promoting a version")
    return manifest


def _learnt_shard(ports: Ports, manifest: Manifest, version: ModelVersion, roster: Roster) -> Shard:
    opened = open_shard(ports.state, None, roster, version, manifest.window_minutes)
    opened.columns.state = replay_series(ports, roster, version, (manifest.origin, manifest.watermark))
    return close_shard(ports.state, opened)
