"""Reconcile: find counts that reached the store past us, by comparing the counts there are with those judged.

Whoever writes straight to the store leaves no record of a change. Within the lateness that is of no matter; what comes
later is found here, and recorded so that the next tick corrects it as it corrects every late count.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from service.domain.counts import WindowCounts
from service.ports import Ports
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
        How far back to look; no further than verdicts are kept.
    progress
        Called with windows done and windows to do.
    """
    manifest = ports.state.manifest()
    if manifest is None:
        return 0
    step, end = ports.settings.window_seconds, manifest.watermark
    start = max(0, end - days * SECONDS_PER_DAY, verdicts_since(ports) or 0) // step * step
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
    there = ports.counts.read(start, end, ports.settings.window_seconds)
    numbers = np.array([one.number for one in ports.register.series()], dtype=np.int64)
    judged = ports.verdicts.judged(numbers, start, end)
    starts, series = differences(there, judged)
    return dict(zip(series[::-1].tolist(), starts[::-1].tolist(), strict=True))


def differences(there: WindowCounts, judged: WindowCounts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(start, series) of the windows, in that order, whose count is not the one judged.

    Examples
    --------
    >>> there = WindowCounts(np.array([0, 0, 3600]), np.array([1, 2, 1]), np.array([4, 0, 5]))
    >>> judged = WindowCounts(np.array([0, 3600, 3600]), np.array([1, 1, 2]), np.array([4, 6, 0]))
    >>> differences(there, judged)
    (array([   0, 3600]), array([2, 1]))
    """
    starts = np.concatenate([there.starts, judged.starts])
    series = np.concatenate([there.series, judged.series])
    only_judged = np.concatenate([np.zeros(len(there), dtype=np.int64), judged.counts + 1])
    only_there = np.concatenate([there.counts + 1, np.zeros(len(judged), dtype=np.int64)])
    order = np.lexsort((series, starts))
    starts, series = starts[order], series[order]
    first = np.flatnonzero(np.diff(starts, prepend=-1).astype(bool) | np.diff(series, prepend=-1).astype(bool))
    if not len(first):
        return starts, series
    is_there = np.add.reduceat(only_there[order], first)
    was_judged = np.add.reduceat(only_judged[order], first)
    differ = first[(is_there != was_judged) & ~((is_there == 0) & (was_judged == 1))]
    return starts[differ], series[differ]
