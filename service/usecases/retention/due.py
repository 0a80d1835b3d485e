"""What is due: up to where each kind of data is to be deleted now, and what it has to wait for."""

from __future__ import annotations

from typing import NamedTuple

from models.calendar import SECONDS_PER_DAY
from service.domain.retention import DataKind
from service.domain.state import Checkpoint, Manifest
from service.errors import StoreError
from service.ports import Ports
from service.settings.retention import SPARSE_CHECKPOINT_DAYS
from service.usecases.learning.checkpoints import is_sparse
from service.usecases.retention.kept import READINGS_MARGIN_SECONDS, kept_since, limit_of


class Due(NamedTuple):
    """Everything before ``before``, seconds UTC, is to go, or waits for what ``waits`` tells; neither: nothing is."""

    before: int | None = None
    waits: str | None = None


def due(ports: Ports, kind: DataKind) -> Due:
    """What is due of a kind, by the settings and by what there is.

    Counts go up to a checkpoint that every series has, whose state knows all that is deleted: it is the root of replays
    from then on. So the limit is never overstepped, and up to four weeks more than it asks for go. The readings they
    come from stay two days longer, for the counts after them; verdicts go with their counts at the latest.
    """
    oldest, manifest = ports.aging[kind].oldest(), ports.state.manifest()
    before = _limit(ports, kind, manifest)
    if before is None or oldest is None or oldest >= before:
        return Due()
    if kind is DataKind.COUNTS:
        return _counts_due(ports, manifest, before) if manifest else Due()
    return Due(before)


def _limit(ports: Ports, kind: DataKind, manifest: Manifest | None) -> int | None:
    limit, counts = limit_of(ports.settings, kind, ports.clock.now()), kept_since(ports, DataKind.COUNTS)
    match kind:
        case DataKind.COUNTS:
            return None if limit is None else limit + READINGS_MARGIN_SECONDS
        case DataKind.READINGS:
            return None if limit is None or counts is None else counts - READINGS_MARGIN_SECONDS
        case DataKind.VERDICTS | DataKind.SUPERSEDED:
            if limit is None or manifest is None:
                return None
            return min(max(limit, counts or limit), manifest.watermark)
    return limit


def _counts_due(ports: Ports, manifest: Manifest, limit: int) -> Due:
    kept, ledger, promotion = kept_since(ports, DataKind.COUNTS), ports.state.ledger(), ports.state.promotion()
    if kept is not None and kept >= limit:
        return Due(kept)  # counts that were under way when their time was up
    if promotion:
        return Due(waits=f"version {promotion.manifest.version} is being put in force, and learns from the first count")
    latest = min(limit + SPARSE_CHECKPOINT_DAYS * SECONDS_PER_DAY - 1, manifest.watermark)
    lasting = {one.time for one in ledger.checkpoints if is_sparse(one.time) and limit <= one.time <= latest}
    for root in lasting:  # one at most
        if _is_changing(ports, manifest, root) or any(since < root for since in ledger.pending.values()):
            return Due(waits="corrections of what is to be deleted are still being made")
        checkpoints = [one for one in ledger.checkpoints if one.time == root]
        if _holds_all(ports, checkpoints, root):
            damage = _damage(ports, checkpoints)
            return Due(waits=damage) if damage else Due(root)
    return Due(waits="no checkpoint of the four weeks after it holds every series; it waits for the one after them")


def _is_changing(ports: Ports, manifest: Manifest, root: int) -> bool:
    """Whether something before the root was said that no tick has taken in yet."""
    counts, notes = ports.counts.changes(manifest.cursor), ports.annotations.changes(manifest.annotations)
    return any(second < root for second in counts.earliest.values()) or any(
        one.seconds()[0] < root for one in notes.versions
    )


def _holds_all(ports: Ports, checkpoints: list[Checkpoint], root: int) -> bool:
    """Whether the state of every series that is to lose counts is in a checkpoint."""
    known = {one.number for one in ports.register.series()}
    held = {number for one in checkpoints for number in one.series}
    return known & ports.aging[DataKind.COUNTS].rows_before(root).keys() <= held


def _damage(ports: Ports, checkpoints: list[Checkpoint]) -> str | None:
    """Why a checkpoint cannot be read; what is to be deleted would be known nowhere else."""
    try:
        for one in checkpoints:
            ports.state.read_chunk(one.file)
    except StoreError as error:
        return f"the checkpoint that would know of it cannot be read: {error}"
    return None
