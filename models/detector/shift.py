r"""A shift of level: excess, or lack, that is spread over most of the expected activity.

Evidence for a level :math:`c` (and :math:`1/c`) times as high is summed for each part of the day and bounded by that
part's share of the expected activity. A block of hours, however loud, can therefore never pass for a shift of the whole
series; new tenants or another sensor can.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detector.distribution import Floats, Predictive
from models.detector.elementwise import Bools, anywhere, clip, exp, log, maximum, minimum, where
from models.detector.frame import Frame
from models.detector.state import DAY_PARTS, Head, row
from models.detector.step import Step

_SETTLED_WEEKS = 2.0
_ACCEPTED_SHAPE = 6.0  # gamma shape of the level just after a shift
_DIRECTIONS = ((Head.SHIFT_UP, 1.0), (Head.SHIFT_DOWN, -1.0))


def learn_shift(
    step: Step,
    frame: Frame,
    *,
    predictive: Predictive,
    count: Floats,
    observed: Bools,
    seen: Floats,
) -> None:
    """Learn a count's evidence of a shift and accept one that has held for days; writes the head.

    ``seen`` is 1 where observed, else 0.
    """
    head, new_head, constants, part = step.head, step.new_head, frame.constants, step.moment.part
    _learn_recent(step, frame, mean=predictive.mean, count=count, seen=seen)
    most = constants.shift_cap * row(new_head, Head.SHIFT_MEAN + part) / _activity(new_head)
    least, keep = -most, 1.0 - seen / constants.shift_memory
    for first, direction in _DIRECTIONS:
        gain = predictive.log_likelihood_ratio(count, predictive.mean * frame.hyper.shift_ratio**direction)
        new_head[first + part] = clip(head[first + part] * keep + where(observed, gain, 0.0), least, most)
    _accept(new_head, _holds(step, frame, observed=observed, seen=seen))


def level_shift(head: NDArray[np.float32], windows_per_week: int) -> tuple[Floats, Floats]:
    """Ratio of the latest accepted shift (1 where there was none) and weeks since it was accepted."""
    shifted = head[Head.EPOCH] > 0.0
    ratio = where(shifted, exp(row(head, Head.SHIFT_LOG_RATIO)), 1.0)
    return ratio, where(shifted, row(head, Head.SHIFT_AGE) / windows_per_week, np.nan)


def shifts_accepted(head: NDArray[np.float32]) -> Floats:
    """How many shifts of each series have been accepted."""
    return row(head, Head.EPOCH)


def _learn_recent(step: Step, frame: Frame, *, mean: Floats, count: Floats, seen: Floats) -> None:
    """Counts and expected counts of the last days, whatever the trust in them; and the mean by part of the day."""
    head, new_head, week = step.head, step.new_head, frame.week
    keep = 1.0 - seen / frame.constants.recent_memory
    weight = seen / (1.0 + mean)
    new_head[Head.RECENT_SUM] = head[Head.RECENT_SUM] * keep + weight * count
    new_head[Head.RECENT_EXPOSURE] = head[Head.RECENT_EXPOSURE] * keep + weight * mean
    part = Head.SHIFT_MEAN + step.moment.part
    for field, windows in ((Head.MEAN, week.windows), (part, week.windows / DAY_PARTS)):
        share = seen / (minimum(head[Head.SEEN] * windows / week.windows, windows) + 1.0)
        new_head[field] = head[field] * (1.0 - share) + share * mean


def _activity(head: NDArray[np.float32]) -> Floats:
    """Expected counts of one window in each part of the day."""
    return _over_the_day(head, Head.SHIFT_MEAN) + 1e-12


def _over_the_day(head: NDArray[np.float32], first: int) -> Floats:
    parts = head[first : first + DAY_PARTS]
    if type(parts) is np.ndarray:
        return np.asarray(np.add.reduce(parts.astype(np.float64), axis=0))
    total: Any = 0.0
    for part in parts:
        total += part
    return total  # type: ignore[no-any-return]


def _holds(step: Step, frame: Frame, *, observed: Bools, seen: Floats) -> Bools:
    """Whether a shift has been evident for days in a series that is known well enough."""
    head, new_head, week = step.head, step.new_head, frame.week
    up, down = (_over_the_day(new_head, first) for first, _ in _DIRECTIONS)
    evident = maximum(up, down) > frame.constants.shift_threshold
    held = where(evident, head[Head.SHIFT_HELD] + 1.0, 0.0)
    new_head[Head.SHIFT_HELD] = where(observed, held, head[Head.SHIFT_HELD])
    new_head[Head.SHIFT_AGE] = head[Head.SHIFT_AGE] + seen
    settled: Bools = head[Head.SEEN] >= _SETTLED_WEEKS * week.windows
    long: Bools = held >= frame.hyper.shift_days * week.windows_per_day
    return observed & settled & long


def _accept(head: NDArray[np.float32], accepted: Bools) -> None:
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
