"""Promote: another model version becomes the champion, and its state is what a replay of the stored counts gives.

1. The version is verified to the last file and has passed its gates, or a person answers for it.
2. Beside the state in force a second one is learnt under it, a slice at a time, from the first count on that is kept.
   In between, windows are scored under the champion, and what comes late is taken in by both.
3. Once both have come as far, the second takes the place of the first in one transaction.

Verdicts already given stand, each under the version that gave it; the first window after the watermark is the first of
the new champion. So no window is left out, none is judged twice, and none waits for longer than a slice. Killed
anywhere, it goes on from the last slice; what fails leaves the champion as it was.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from models.detector.state import STATE_SCHEMA
from service.domain.keys import EVERY_TENANT, AuditEntry
from service.domain.state import Checkpoint, Ledger, Manifest, Promotion
from service.domain.versions import SHIPPED_MANIFEST
from service.errors import Conflict, StateOutdated, StorageFull, StoreError, VersionOutdated
from service.ports import Ports
from service.usecases.audit import SCHEDULER, record_once
from service.usecases.health import free_bytes
from service.usecases.learning.advance import Advanced, check_window, next_advanced
from service.usecases.learning.checkpoints import read_checkpoints
from service.usecases.learning.correct import Replayed, next_replayed
from service.usecases.learning.shards import manifest_in_force
from service.usecases.learning.slices import is_shortened
from service.usecases.learning.taken_for import relearnt
from service.usecases.telling.promotion import tell_promotion
from service.usecases.versions.gates import check_gates


def begin_promotion(ports: Ports, version_id: str, actor: str, override: str = "", command: int | None = None) -> None:
    """Take up a promotion, instead of one that goes on; the caller holds the scheduler's lock.

    The champion itself may be promoted again: its state is learnt anew, and a rollback leads where it led before.

    Parameters
    ----------
    ports
        The service's ports.
    version_id, actor
        What is to be put in force, and by whom, for the audit.
    override
        Why gates that were not passed do not matter.
    command
        The command that is finished once the version is in force.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or any of its files was altered.
    GatesNotPassed
        If its trial does not show what it has to, and no reason is given.
    Conflict
        If nothing has been scored yet, so that there is no champion to replace, or the disk has no room for two states.
    """
    described, manifest = ports.registry.verify(version_id), _manifest(ports)
    ports.registry.load(version_id)
    check_window(ports, manifest)
    failed = check_gates(ports, described, override)
    if underway := ports.state.promotion():
        _give_up(ports, underway, f"version {version_id} was ordered to be put in force instead")
    _begin(ports, manifest, version_id, actor, override=override if failed else "", command=command)


def begin_rebuild(ports: Ports, outdated: StateOutdated | VersionOutdated) -> None:
    """Take up learning the state anew, where that in force, or its version, is of another Trappvakt's format.

    It is a promotion of the champion to itself, but that nothing is scored until it is done. Where its version cannot
    be read any longer, the shipped one takes its place. What is being learnt already, in today's layout, goes on: a
    promotion that a person ordered meanwhile leads to a state that can be read as well.

    Raises
    ------
    NotFound, VersionRefused
        If the champion's folder is gone or was altered.
    Conflict
        If the disk has no room for two states.
    SettingsError
        If the length of a window is not the one the state was learnt with.
    """
    manifest, underway = _manifest(ports), ports.state.promotion()
    if underway and (underway.entry or underway.manifest.layout == STATE_SCHEMA):
        return
    check_window(ports, manifest)
    version_id, reason = manifest.version, str(outdated)
    try:
        ports.registry.load(version_id)
    except VersionOutdated as error:
        version_id, reason = SHIPPED_MANIFEST.version_id, f"{error}; version 0 takes its place"
    if underway:
        _give_up(ports, underway, f"{outdated}; order it again")
    _begin(ports, manifest, version_id, SCHEDULER, outdated=reason)


def rebuild(ports: Ports, outdated: StateOutdated | VersionOutdated) -> None:
    """Learn the state anew, with nothing scored meanwhile; raises as `begin_rebuild` and `go_on`."""
    begin_rebuild(ports, outdated)
    while go_on(ports):
        pass


def _begin(ports: Ports, manifest: Manifest, version_id: str, actor: str, **why: Any) -> None:
    """Put a second state beside the one in force, of which everything is yet to be replayed."""
    _check_room(ports)
    pending = {one.number: manifest.origin for one in ports.register.series()}
    ledger = Ledger(pending=pending, checkpoints=_root(ports, manifest, version_id))
    second = msgspec.structs.replace(
        manifest,
        version=version_id,
        shard_series=ports.settings.advance.shard_series,
        shards=[],
        layout=STATE_SCHEMA,
    )
    ledger = relearnt(ports, ledger, version_id)[0]
    ports.state.publish_promotion(Promotion(manifest=second, ledger=ledger, actor=actor, **why))


def go_on(ports: Ports) -> bool:
    """Take the next step of the promotion that goes on, if any; whether there is more to do.

    A store that is away for a moment leaves it where it is. Whatever else fails ends it, and frees what it took.

    Raises
    ------
    VersionRefused
        If the version was altered meanwhile.
    StorageFull
        If the disk has no room for a second state.
    StateOutdated
        If what it has come to so far is laid out as another Trappvakt did.
    StoreError
        If a store cannot be reached.
    """
    promotion = ports.state.promotion()
    if promotion is None:
        return False
    if promotion.entry:
        _conclude(ports, promotion.entry)
        return False
    try:
        _step(ports, promotion)
    except Exception as error:
        if isinstance(error, (StorageFull, StateOutdated)) or not isinstance(error, StoreError):
            _give_up(ports, promotion, str(error) or type(error).__name__)
        raise
    return True


def previous_champion(ports: Ports) -> str:
    """The version that a rollback promotes: the champion before this one.

    It is asked for when the rollback is ordered, not when it is run, so that running it twice leads to the same place.

    Raises
    ------
    Conflict
        If no version was promoted before, or one is being put in force.
    """
    manifest, promotion = _manifest(ports), ports.state.promotion()
    if promotion and not promotion.entry:
        raise Conflict(
            f"version {promotion.manifest.version} is being put in force, and {manifest.version} still is; promote "
            f"{manifest.version} to call that off, or wait and roll back then"
        )
    if manifest.previous is None:
        raise Conflict("no other model version was in force before, so there is nothing to roll back to")
    return manifest.previous


def _manifest(ports: Ports) -> Manifest:
    return manifest_in_force(ports, "promoting a version")


def _root(ports: Ports, manifest: Manifest, version_id: str) -> list[Checkpoint]:
    """What a champion that is learnt anew begins from, where the counts it learnt first have been deleted.

    Another version knows nothing of those, and learns from what is left; so does a champion whose checkpoint is
    damaged, or laid out by another Trappvakt.
    """
    if version_id != manifest.version or not is_shortened(ports):
        return []
    root = [one for one in ports.state.ledger().checkpoints if one.time == manifest.origin]
    held = np.unique([number for one in root for number in one.series])
    try:
        read_checkpoints(ports.state, root, held, 24 * 60 // manifest.window_minutes)
    except StoreError:
        return []
    return root


def _check_room(ports: Ports) -> None:
    """A disk that fills up would stop counts from being taken, too."""
    needed, free = ports.state.size_bytes(), free_bytes(ports)
    if free is not None and free < needed:
        raise Conflict(
            f"a second state takes about {needed / 1e6:.0f} MB beside the one in force, and {free / 1e6:.0f} MB are "
            "free on the disk of the data folder; free some space"
        )


def _step(ports: Ports, promotion: Promotion) -> None:
    """Replay a slice, or catch up with the state in force, or take its place."""
    champion, second, ledger = _manifest(ports), promotion.manifest, promotion.ledger
    version = ports.registry.load(second.version)
    if not ledger.pending and second.watermark >= champion.watermark:
        _take_over(ports, promotion, champion)
        return
    done: Replayed | Advanced
    if ledger.pending:
        done = next_replayed(ports, second, ledger, version, judging=False)
    else:
        done = next_advanced(ports, second, ledger, version, champion.watermark)
    ports.state.publish_promotion(msgspec.structs.replace(promotion, manifest=done.manifest, ledger=done.ledger))
    ports.state.sweep()


def _take_over(ports: Ports, promotion: Promotion, champion: Manifest) -> None:
    """Put the second state in force; corrections that the first still owed are made under it."""
    version = promotion.manifest.version
    previous = champion.previous if version == champion.version else champion.version
    manifest = msgspec.structs.replace(promotion.manifest, previous=previous)
    ledger = msgspec.structs.replace(promotion.ledger, pending=ports.state.ledger().pending)
    entry = AuditEntry(
        time=ports.clock.now(),
        actor=promotion.actor,
        tenant=EVERY_TENANT,
        action="state.rebuild" if promotion.outdated else "model.promote",
        subject=version,
        detail=f"replaces {champion.version}"
        + (f"; gates overridden: {promotion.override}" if promotion.override else "")
        + (f"; {promotion.outdated}" if promotion.outdated else ""),
    )
    ports.registry.note_in_force(version, entry.time)
    with ports.state.transaction():
        ports.state.publish(manifest)
        ports.state.publish_ledger(ledger)
        ports.state.publish_promotion(msgspec.structs.replace(promotion, manifest=manifest, ledger=ledger, entry=entry))
        if promotion.command is not None:
            ports.state.finish(promotion.command)
    tell_promotion(ports, replaced=champion.version)


def _conclude(ports: Ports, entry: AuditEntry) -> None:
    """Tell the audit, which is a file of its own: once, however often this is cut short."""
    record_once(ports, entry)
    ports.state.publish_promotion(None)
    ports.state.sweep()


def _give_up(ports: Ports, promotion: Promotion, reason: str) -> None:
    ports.state.drop_promotion()
    if promotion.command is not None:
        ports.state.finish(promotion.command, reason)
