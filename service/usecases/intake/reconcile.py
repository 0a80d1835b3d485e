"""Reconcile: find counts that reached the store past us, by comparing the counts there are with those judged.

Whoever writes straight to the store leaves no record of a change. Within the lateness that is of no matter; what comes
later is found here, and recorded so that the next tick corrects it as it corrects every late count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.calendar import SECONDS_PER_DAY
from service.ports import Ports
from service.usecases.learning.scoring import count_matrix, window_starts
from service.usecases.learning.slices import first_counted
from service.usecases.retention.kept import verdicts_since


def reconcile(ports: Ports, days: int, progress: Callable[[int, int], None] = lambda _done, _total: None) -> int:
    """Compare the last days before the watermark, and record what differs as a change; returns how many series differ.

    A count that was never judged differs, and so does one that is another now, or gone. A verdict on zero without a
    count is no difference: under assumed liveness silence is judged as zero.

    Parameters
    ----------
    ports
        Where counts and verdicts are; places that are new to the register are learnt, if they may be.
    days
        How far back to look; no further than verdicts are kept, nor than to the first count that the store still has.
    progress
        Called with windows done and windows to do.
    """
    manifest = ports.state.manifest()
    if manifest is None:
        return 0
    step, end = ports.settings.window_seconds, manifest.watermark
    start = max(first_counted(ports, 0), end - days * SECONDS_PER_DAY, verdicts_since(ports) or 0) // step * step
    batch = ports.settings.advance.commit_windows * step
    earliest: dict[int, int] = {}
    for first in range(start, end, batch):
        last = min(first + batch, end)
        earliest = _differing(ports, first, last) | earliest
        progress((last - start) // step, (end - start) // step)
    ports.counts.note_changes(earliest)
    return len(earliest)


def _differing(ports: Ports, start: int, end: int) -> dict[int, int]:
    """The first window of each series whose count is not the one judged."""
    step = ports.settings.window_seconds
    windows, starts = ports.counts.read(start, end, step), window_starts(start, end, step)
    numbers = np.array([one.number for one in ports.register.series()], dtype=np.int64)
    there = count_matrix(windows, starts, numbers, step)
    judged = count_matrix(ports.verdicts.judged(numbers, start, end), starts, numbers, step)
    calm = np.isnan(there) & (np.isnan(judged) | (judged == 0))
    differ = (there != judged) & ~calm
    columns = np.flatnonzero(differ.any(axis=0))
    return dict(zip(numbers[columns].tolist(), starts[differ.argmax(axis=0)[columns]].tolist(), strict=True))
