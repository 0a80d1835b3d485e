"""Delete what is too old, kind by kind, so that it can be proved.

1. What is due is counted and recorded, and from then on it is gone for everybody: no count so old is taken any longer,
   replays begin at the checkpoint that remains, and verdicts so old are not written anew.
2. It is deleted from the oldest on, in short steps between which others write.
3. It is taken out of the files: zeros in their place, and the log written away.
4. The store is asked what its oldest is now, and the audit told, of each tenant whose rows they were.

Killed anywhere, it goes on where it was: a deletion that was recorded is ended before another begins, and the rows it
tells of are those there were when it began.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from service.domain.keys import EVERY_TENANT, AuditEntry
from service.domain.retention import DataKind, Deletion
from service.domain.times import utc_text
from service.errors import StoreError
from service.ports import Ports
from service.usecases.audit import SCHEDULER, record_once
from service.usecases.retention.due import due
from service.usecases.retention.kept import SETTINGS, days_of

STEP_ROWS = 10_000
"""Rows of one step: some hundredths of a second, which whoever writes may have to wait."""

_NAMES = {
    DataKind.COUNTS: "counts",
    DataKind.READINGS: "readings",
    DataKind.VERDICTS: "verdicts",
    DataKind.SUPERSEDED: "superseded verdicts",
    DataKind.LETTERS: "records of letters",
    DataKind.AUDIT: "audit entries",
}


@dataclass
class Deleted:
    """What was done: rows by kind whose deletion has ended, and what each of the other kinds waits for.

    ``finished`` is whether there is nothing more to do before another day.
    """

    rows: dict[DataKind, int] = field(default_factory=dict)
    waits: dict[DataKind, str] = field(default_factory=dict)
    finished: bool = True


def delete_old(
    ports: Ports, *, between: Callable[[], None] = lambda: None, enough: Callable[[], bool] = lambda: False
) -> Deleted:
    """Delete what the settings no longer keep; the scheduler alone does this, once a day.

    Parameters
    ----------
    ports
        The service's ports.
    between
        Called after every step; it waits for a moment, so that others come to write.
    enough
        Whether the rest is left to the next call, asked after every step.

    Raises
    ------
    StoreError
        If a store cannot be reached, or still holds what it was told to delete.
    """
    done = Deleted()
    for kind in SETTINGS:
        deletion = _open(ports, kind) or _begun(ports, kind, done)
        if deletion is None:
            continue
        if deletion.ended is None:
            if not _deleted(ports, deletion, between, enough):
                done.finished = False
                return done
            deletion = _ended(ports, deletion)
        _tell(ports, deletion)
        done.rows[kind] = sum(deletion.rows.values())
    return done


def _open(ports: Ports, kind: DataKind) -> Deletion | None:
    """A deletion that was recorded and has not come to its end."""
    latest = ports.state.deletion(kind)
    return latest if latest and not latest.told else None


def _begun(ports: Ports, kind: DataKind, done: Deleted) -> Deletion | None:
    """Record what is due, if anything is; counts go together with what replays begin from."""
    before, waits = due(ports, kind)
    if waits:
        done.waits[kind] = waits
    if before is None:
        return None
    tenants = {one.number: one.tenant for one in ports.register.series()}
    rows: Counter[str] = Counter()
    for owner, number in ports.aging[kind].rows_before(before).items():
        rows[owner if isinstance(owner, str) else tenants.get(owner, EVERY_TENANT)] += number
    deletion = Deletion(
        kind=kind,
        before=before,
        setting=f"retention.{SETTINGS[kind]}",
        days=days_of(ports.settings, kind),
        begun=ports.clock.now(),
        rows=dict(sorted(rows.items())),
    )
    with ports.state.transaction():
        if kind is DataKind.COUNTS:
            _move_origin(ports, before)
        ports.state.publish_deletion(deletion)
    return deletion


def _move_origin(ports: Ports, root: int) -> None:
    """Let replays begin at a checkpoint; those before it are of no use any longer."""
    manifest, ledger = ports.state.manifest(), ports.state.ledger()
    if manifest is None:
        return
    kept = [one for one in ledger.checkpoints if one.time >= root]
    ports.state.publish(msgspec.structs.replace(manifest, origin=root))
    ports.state.publish_ledger(msgspec.structs.replace(ledger, checkpoints=kept))


def _deleted(ports: Ports, deletion: Deletion, between: Callable[[], None], enough: Callable[[], bool]) -> bool:
    """Delete step by step; whether all of it is gone, from the files as well."""
    data = ports.aging[deletion.kind]
    while data.delete_before(deletion.before, STEP_ROWS):
        between()
        if enough():
            return False
    ports.state.sweep()
    return data.erase()


def _ended(ports: Ports, deletion: Deletion) -> Deletion:
    """Record that it is over, by what the store says of its oldest."""
    oldest = ports.aging[deletion.kind].oldest()
    if oldest is not None and oldest < deletion.before:
        raise StoreError(
            f"{_NAMES[deletion.kind]} before {utc_text(deletion.before)} were deleted, but the store still holds some "
            f"of {utc_text(oldest)}; it is tried again, see who else writes there"
        )
    ended = msgspec.structs.replace(deletion, ended=ports.clock.now(), oldest_left=oldest)
    ports.state.publish_deletion(ended)
    return ended


def _tell(ports: Ports, deletion: Deletion) -> None:
    """Tell the audit, which is a file of its own: once, however often this is cut short."""
    left = "none is left" if deletion.oldest_left is None else f"the oldest left is of {utc_text(deletion.oldest_left)}"
    for tenant, number in deletion.rows.items():
        entry = AuditEntry(
            time=deletion.ended or deletion.begun,
            actor=SCHEDULER,
            tenant=tenant,
            action="retention.delete",
            subject=deletion.kind,
            detail=f"{number} {_NAMES[deletion.kind]} before {utc_text(deletion.before)}, as {deletion.setting} is "
            f"{deletion.days}; {left}",
        )
        record_once(ports, entry)
    ports.state.publish_deletion(msgspec.structs.replace(deletion, told=True))
