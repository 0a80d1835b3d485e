r"""A shift of level: excess, or lack, that is spread over most of the expected activity.

Evidence for a level :math:`c` (and :math:`1/c`) times as high is summed for each time of day and bounded by that time's
share of the expected activity. A block of hours, however loud, can therefore never pass for a shift of the whole
series; new tenants or another sensor can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats, log_likelihood_ratio
from models.frame import Frame
from models.state import Bin, Head, OccupancyState, row

_SETTLED_WEEKS = 2.0
_ACCEPTED_SHAPE = 6.0  # gamma shape of the level just after a shift
_FIELDS = ((Bin.SHIFT_UP, Head.SHIFT_UP, 1.0), (Bin.SHIFT_DOWN, Head.SHIFT_DOWN, -1.0))


def learn_shift(
    state: OccupancyState,
    slot: int,
    frame: Frame,
    *,
    mean: Floats,
    excess: Floats,
    count: Floats,
    observed: NDArray[np.bool_],
) -> None:
    """Learn a count's evidence of a shift and accept one that has held for days; writes one bin and the head."""
    head, hyper = state.head, frame.hyper
    times = state.bins[frame.week.time_of_day(slot)]
    _learn_recent(head, frame, mean, count, observed)
    activity = row(head, Head.MEAN) * frame.week.windows_per_day + 1e-12
    cap = hyper.shift_cap * np.minimum(1.0, mean / activity)
    current = times[Bin.SHIFT_EPOCH] == head[Head.EPOCH]
    for bin_field, head_field, direction in _FIELDS:
        gain = log_likelihood_ratio(count, mean, mean * hyper.shift_ratio**direction, excess)
        old = np.where(current, row(times, bin_field), 0.0)
        new = np.clip(old * (1.0 - 1.0 / hyper.shift_memory_days) + gain, -cap, cap)
        times[bin_field] = np.where(observed, new, row(times, bin_field))
        change = row(times, bin_field) - old
        head[head_field] = row(head, head_field) + np.where(observed, change, 0.0)
    times[Bin.SHIFT_EPOCH] = np.where(observed, row(head, Head.EPOCH), row(times, Bin.SHIFT_EPOCH))
    _accept(head, _holds(head, frame, observed))


def _learn_recent(
    head: NDArray[np.float32], frame: Frame, mean: Floats, count: Floats, observed: NDArray[np.bool_]
) -> None:
    """Counts and expected counts of the last days, whatever the trust in them; and the mean of a week."""
    week = frame.week
    keep = 1.0 - observed / (frame.hyper.shift_days * week.windows_per_day)
    weight = observed / (1.0 + mean)
    head[Head.RECENT_SUM] = row(head, Head.RECENT_SUM) * keep + weight * count
    head[Head.RECENT_EXPOSURE] = row(head, Head.RECENT_EXPOSURE) * keep + weight * mean
    step = observed / (np.minimum(row(head, Head.SEEN), float(week.windows)) + 1.0)
    head[Head.MEAN] = row(head, Head.MEAN) * (1.0 - step) + step * mean


def _holds(head: NDArray[np.float32], frame: Frame, observed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a shift has been evident for days in a series that is known well enough."""
    week, hyper = frame.week, frame.hyper
    evident = np.maximum(head[Head.SHIFT_UP], head[Head.SHIFT_DOWN]) > hyper.shift_threshold
    held = np.where(evident, row(head, Head.SHIFT_HELD) + 1.0, 0.0)
    head[Head.SHIFT_HELD] = np.where(observed, held, row(head, Head.SHIFT_HELD))
    head[Head.SHIFT_AGE] = row(head, Head.SHIFT_AGE) + observed
    settled = row(head, Head.SEEN) >= _SETTLED_WEEKS * week.windows
    return observed & settled & (held >= hyper.shift_days * week.windows_per_day)


def _accept(head: NDArray[np.float32], accepted: NDArray[np.bool_]) -> None:
    """Move the level to that of the last days, and forget what was remembered against the old one."""
    ratio = (row(head, Head.RECENT_SUM) + 0.5) / (row(head, Head.RECENT_EXPOSURE) + 0.5)
    scale = _ACCEPTED_SHAPE / np.maximum(row(head, Head.LEVEL_SUM), _ACCEPTED_SHAPE)
    changes = {
        Head.LEVEL_SUM: row(head, Head.LEVEL_SUM) * scale * ratio,
        Head.LEVEL_EXPOSURE: row(head, Head.LEVEL_EXPOSURE) * scale,
        Head.SHIFT_LOG_RATIO: np.log(ratio),
        Head.EPOCH: row(head, Head.EPOCH) + 1.0,
    }
    wiped = (Head.SHIFT_AGE, Head.LOITERING, Head.BLOCK, Head.SHIFT_UP, Head.SHIFT_DOWN, Head.SHIFT_HELD)
    changes |= dict.fromkeys(wiped, np.zeros_like(ratio))
    for field, value in changes.items():
        head[field] = np.where(accepted, value, row(head, field))
