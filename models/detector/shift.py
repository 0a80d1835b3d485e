r"""A shift of level: excess, or lack, that is spread over most of the expected activity.

Evidence for a level :math:`c` (and :math:`1/c`) times as high is summed for each part of the day and bounded by that
part's share of the expected activity. A block of hours, however loud, can therefore never pass for a shift of the whole
series; new tenants or another sensor can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats, log_likelihood_ratio
from models.detector.elementwise import anywhere, clip, exp, log, maximum, minimum, where
from models.detector.frame import Frame
from models.detector.state import DAY_PARTS, Head, OccupancyState, accumulate, row

_SETTLED_WEEKS = 2.0
_ACCEPTED_SHAPE = 6.0  # gamma shape of the level just after a shift
_DIRECTIONS = ((Head.SHIFT_UP, 1.0), (Head.SHIFT_DOWN, -1.0))


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
    """Learn a count's evidence of a shift and accept one that has held for days; writes the head."""
    head, hyper, week = state.head, frame.hyper, frame.week
    part = week.time_of_day(slot) * DAY_PARTS // week.windows_per_day
    visits = week.windows_per_day / DAY_PARTS
    _learn_recent(head, frame, part, mean=mean, count=count, observed=observed)
    most = hyper.shift_cap * row(head, Head.SHIFT_MEAN + part) / _activity(head)
    forget = observed / (hyper.shift_memory_days * visits)
    for first, direction in _DIRECTIONS:
        gain = log_likelihood_ratio(count, mean, mean * hyper.shift_ratio**direction, excess)
        accumulate(head, first + part, where(observed, gain, 0.0), forget)
        head[first + part] = clip(head[first + part], -most, most)
    _accept(head, _holds(head, frame, observed))


def level_shift(head: NDArray[np.float32], windows_per_week: int) -> tuple[Floats, Floats]:
    """Ratio of the latest accepted shift (1 where there was none) and weeks since it was accepted."""
    shifted = head[Head.EPOCH] > 0.0
    ratio = where(shifted, exp(row(head, Head.SHIFT_LOG_RATIO)), 1.0)
    return ratio, where(shifted, row(head, Head.SHIFT_AGE) / windows_per_week, np.nan)


def shifts_accepted(head: NDArray[np.float32]) -> Floats:
    """How many shifts of each series have been accepted."""
    return row(head, Head.EPOCH)


def _learn_recent(
    head: NDArray[np.float32],
    frame: Frame,
    part: int,
    *,
    mean: Floats,
    count: Floats,
    observed: NDArray[np.bool_],
) -> None:
    """Counts and expected counts of the last days, whatever the trust in them; and the mean by part of the day."""
    week = frame.week
    keep = 1.0 - observed / (frame.hyper.shift_level_days * week.windows_per_day)
    weight = observed / (1.0 + mean)
    head[Head.RECENT_SUM] = row(head, Head.RECENT_SUM) * keep + weight * count
    head[Head.RECENT_EXPOSURE] = row(head, Head.RECENT_EXPOSURE) * keep + weight * mean
    for field, windows in ((Head.MEAN, week.windows), (Head.SHIFT_MEAN + part, week.windows / DAY_PARTS)):
        step = observed / (minimum(row(head, Head.SEEN) * windows / week.windows, windows) + 1.0)
        head[field] = row(head, field) * (1.0 - step) + step * mean


def _activity(head: NDArray[np.float32]) -> Floats:
    """Expected counts of one window in each part of the day."""
    return _over_the_day(head, Head.SHIFT_MEAN) + 1e-12


def _over_the_day(head: NDArray[np.float32], first: int) -> Floats:
    total = row(head, first)
    for part in range(1, DAY_PARTS):
        total = total + row(head, first + part)
    return total


def _holds(head: NDArray[np.float32], frame: Frame, observed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a shift has been evident for days in a series that is known well enough."""
    week, hyper = frame.week, frame.hyper
    up, down = (_over_the_day(head, first) for first, _ in _DIRECTIONS)
    evident = maximum(up, down) > hyper.shift_threshold
    held = where(evident, row(head, Head.SHIFT_HELD) + 1.0, 0.0)
    head[Head.SHIFT_HELD] = where(observed, held, row(head, Head.SHIFT_HELD))
    head[Head.SHIFT_AGE] = row(head, Head.SHIFT_AGE) + observed
    settled = row(head, Head.SEEN) >= _SETTLED_WEEKS * week.windows
    return observed & settled & (held >= hyper.shift_days * week.windows_per_day)


def _accept(head: NDArray[np.float32], accepted: NDArray[np.bool_]) -> None:
    """Move the level to that of the last days, and forget what was remembered against the old one."""
    if not anywhere(accepted):
        return
    ratio = (row(head, Head.RECENT_SUM) + 0.5) / (row(head, Head.RECENT_EXPOSURE) + 0.5)
    scale = _ACCEPTED_SHAPE / maximum(row(head, Head.LEVEL_SUM), _ACCEPTED_SHAPE)
    changes: dict[int, Floats | float] = {
        Head.LEVEL_SUM: row(head, Head.LEVEL_SUM) * scale * ratio,
        Head.LEVEL_EXPOSURE: row(head, Head.LEVEL_EXPOSURE) * scale,
        Head.SHIFT_LOG_RATIO: log(ratio),
        Head.EPOCH: row(head, Head.EPOCH) + 1.0,
    }
    wiped: list[int] = [Head.SHIFT_AGE, Head.LOITERING, Head.BLOCK, Head.SHIFT_HELD]
    wiped += [first + part for first, _ in _DIRECTIONS for part in range(DAY_PARTS)]
    changes |= dict.fromkeys(wiped, 0.0)
    for field, value in changes.items():
        head[field] = where(accepted, value, row(head, field))
