"""Turning back: windows that had not ended were scored, because the computer's clock was ahead of the time.

Set right, it would reach the watermark after days or years. Until then every count would be a late one, whose series is
replayed up to there, and no episode would be open. So what was learnt of these windows is learnt anew, from the last
checkpoint before them.

A clock that is behind the time looks alike, but for counts that have come since: where there are any, nothing is done.
"""

from __future__ import annotations

import msgspec
import numpy as np

from models.calendar import SECONDS_PER_DAY
from service.domain.keys import EVERY_TENANT
from service.domain.state import Ledger, Manifest
from service.domain.times import utc_text
from service.ports import Ports
from service.usecases.audit import SCHEDULER, record
from service.usecases.learning.silences import withdraw_silences

PATIENCE_SECONDS = SECONDS_PER_DAY
"""What is ahead by less is waited for: corrections of a day cost less than a replay of everybody."""


def turned_back(ports: Ports, manifest: Manifest, target: int) -> Manifest:
    """The manifest, with the watermark at ``target``, seconds UTC, if it was far beyond what can be scored by now."""
    if manifest.watermark <= target + PATIENCE_SECONDS or target <= manifest.origin or _is_behind(ports, target):
        return manifest
    numbers = np.array([number for shard in manifest.shards for number in shard.series], dtype=np.int64)
    promotion = ports.state.promotion()
    turned, ledger = _turned(ports, manifest, ports.state.ledger(), target)
    with ports.state.transaction():
        ports.verdicts.supersede(numbers, target, manifest.watermark)
        ports.state.publish(turned)
        ports.state.publish_ledger(ledger)
        if promotion and not promotion.entry and promotion.manifest.watermark > target:
            second = _turned(ports, promotion.manifest, promotion.ledger, target)
            ports.state.publish_promotion(msgspec.structs.replace(promotion, manifest=second[0], ledger=second[1]))
    ahead = utc_text(manifest.watermark)
    detail = f"windows up to {ahead} were scored before they ended: the clock was ahead of the time"
    record(ports, SCHEDULER, EVERY_TENANT, "state.turn-back", utc_text(target), detail)
    return turned


def _is_behind(ports: Ports, target: int) -> bool:
    """Whether there are counts of a time that the clock has yet to come to."""
    newest = ports.counts.extent(target)
    return newest is not None and newest[1] > ports.clock.now().timestamp() + 60


def _turned(ports: Ports, manifest: Manifest, ledger: Ledger, target: int) -> tuple[Manifest, Ledger]:
    """A state whose series are to be replayed up to ``target``: the window before it is judged again, for one to be."""
    since = target - ports.settings.window_seconds
    series = [number for shard in manifest.shards for number in shard.series]
    ledger = withdraw_silences(ledger, dict.fromkeys(series, target))
    kept = [one for one in ledger.checkpoints if one.time <= since]
    pending = {number: min(second, since) for number, second in ledger.pending.items()}
    return (
        msgspec.structs.replace(manifest, watermark=target),
        msgspec.structs.replace(ledger, checkpoints=kept, pending=pending),
    )
