"""Which windows come next: a batch at a time, and of a long silence only its end.

Without counts only filters with a memory of hours move on in the detector; what was learnt stays. After
:data:`FORGOTTEN_SECONDS` without a count the state no longer depends on how long the silence was, so that a gap of
years costs no more than one of weeks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from service.ports import Ports
from service.usecases.learning.scoring import Roster, window_starts

FORGOTTEN_SECONDS = 28 * SECONDS_PER_DAY


def next_batch(ports: Ports, roster: Roster, start: int, end: int) -> NDArray[np.int64]:
    """Starts of the windows to step next of those in [start, end): at most a commit's, int64, seconds UTC.

    Windows before the first of them have no count, and need no step for it.
    """
    step = ports.settings.window_seconds
    extent = ports.counts.extent(start)
    begin = start_of_stepping(start, min(extent[0], end) if extent else end, step)
    if any(since < begin and until > start for _, since, until in roster.assumed):
        begin = start  # silence is counted as zeros there
    begin = min([begin, *(time for _, time in roster.restarts if start <= time < begin)])
    return window_starts(begin, min(begin + ports.settings.advance.commit_windows * step, end), step)


def start_of_stepping(start: int, next_count: int, window_seconds: int) -> int:
    """First window worth stepping, at or after ``start``, when the next count is at ``next_count``.

    Examples
    --------
    >>> start_of_stepping(0, 7200, 3600)
    0
    >>> start_of_stepping(0, 100 * 86_400 + 1800, 3600) == 72 * 86_400
    True
    """
    return max(start, next_count // window_seconds * window_seconds - FORGOTTEN_SECONDS)
