"""Promote: another model version becomes the champion, and its state is what a replay of the stored counts gives.

Verdicts already given stand, each under the version that gave it; the first window after the watermark is the first of
the new champion. So no window is left out and none is judged twice.
"""

from __future__ import annotations

import msgspec

from models.version import ModelVersion
from service.domain.state import Checkpoint, Ledger, Manifest, Shard
from service.errors import Conflict
from service.ports import Ports
from service.usecases.audit import EVERY_TENANT, record
from service.usecases.checkpoints import is_boundary, write_checkpoint
from service.usecases.correct import correct, next_replayed, replay_series
from service.usecases.rosters import full_roster
from service.usecases.scoring import Roster
from service.usecases.shards import close_shard, open_shard, shards_of
from service.usecases.silences import silences_of, with_silences
from service.usecases.slices import next_stretch
from service.usecases.tell_promotion import tell_promotion


def promote(ports: Ports, version_id: str, actor: str) -> None:
    """Put a version in force; the caller holds the scheduler's lock.

    The champion itself may be promoted again: its state is built anew, and a rollback leads where it led before. So a
    promotion that was cut short after its commit can be repeated.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or it was altered; the champion stays.
    Conflict
        If nothing has been scored yet, so that there is no champion to replace.
    """
    version = ports.registry.load(version_id)
    manifest = _manifest(ports)
    manifest = correct(ports, manifest, ports.registry.load(manifest.version))
    previous = manifest.previous if version_id == manifest.version else manifest.version
    published = msgspec.structs.replace(manifest, version=version_id, previous=previous)
    published, ledger = _learnt(ports, published, version)
    with ports.state.transaction():
        ports.state.publish(published)
        ports.state.publish_ledger(ledger)
    ports.state.sweep()
    tell_promotion(ports, replaced=manifest.version)
    record(ports, actor, EVERY_TENANT, "model.promote", version_id, f"replaces {manifest.version}")


def previous_champion(ports: Ports) -> str:
    """The version that a rollback promotes: the champion before this one.

    It is asked for when the rollback is ordered, not when it is run, so that running it twice leads to the same place.

    Raises
    ------
    Conflict
        If no version was promoted before.
    """
    previous = _manifest(ports).previous
    if previous is None:
        raise Conflict("no other model version was in force before, so there is nothing to roll back to")
    return previous


def _manifest(ports: Ports) -> Manifest:
    manifest = ports.state.manifest()
    if manifest is None:
        raise Conflict("nothing has been scored yet; import counts and score them before promoting a version")
    return manifest


def _learnt(ports: Ports, manifest: Manifest, version: ModelVersion) -> tuple[Manifest, Ledger]:
    """Replay all shards under a version, and then without the silences found, until none is; nothing is published."""
    shard_series, passed, found = ports.settings.advance.shard_series, list[Checkpoint](), dict[int, int]()
    shards = []
    for roster in shards_of(full_roster(ports), shard_series):
        shard, checkpoints = _learnt_shard(ports, manifest, version, roster, found)
        shards.append(shard)
        passed += checkpoints
    manifest = msgspec.structs.replace(manifest, shard_series=shard_series, shards=shards)
    ledger = msgspec.structs.replace(ports.state.ledger(), checkpoints=passed, silences={})
    ledger = with_silences(ledger, silences_of(ports, manifest, found))
    while ledger.pending:
        replayed = next_replayed(ports, manifest, ledger, version)
        manifest, ledger = replayed.manifest, replayed.ledger
    return manifest, ledger


def _learnt_shard(
    ports: Ports, manifest: Manifest, version: ModelVersion, roster: Roster, found: dict[int, int]
) -> tuple[Shard, list[Checkpoint]]:
    """Replay a shard from the origin to the watermark; it and the checkpoints passed. ``found`` takes silences."""
    opened = open_shard(ports.state, None, roster, version, manifest.window_minutes)
    done, passed = manifest.origin, list[Checkpoint]()
    while done < manifest.watermark:
        span = next_stretch(ports, manifest, passed, roster, done)
        replay_series(ports, roster, version, span, state=opened.columns.state, found=found)
        done = span[1]
        if is_boundary(done):
            passed.append(write_checkpoint(ports.state, done, roster.numbers, opened.columns.state))
    return close_shard(ports.state, opened), passed
