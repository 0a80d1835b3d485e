r"""A shift of level: excess, or lack, that is spread over most of the expected activity.

Evidence for a level :math:`c` (and :math:`1/c`) times as high is summed for each time of day and bounded by that time's share of
the expected activity. A block of hours, however loud, can therefore never pass for a shift of the whole series; new
tenants or another sensor can.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.distribution import Floats, log_likelihood_ratio
from models.hyperparameters import Hyperparameters
from models.occupancy import Expectation, row
from models.state import Bin, Head, OccupancyState
from models.week import Week

_SETTLED_WEEKS = 2.0
_ACCEPTED_SHAPE = 6.0  # gamma shape of the level just after a shift


def learn_shift(
    state: OccupancyState,
    slot: int,
    expectation: Expectation,
    count: Floats,
    observed: NDArray[np.bool_],
    week: Week,
    hyper: Hyperparameters,
) -> None:
    """Learn a count's evidence of a shift and accept one that has held for days; writes one bin and the head."""
    head = state.head
    times = state.bins[week.time_of_day(slot)]
    _learn_recent(head, expectation, count, observed, week, hyper)
    cap = hyper.shift_cap * np.minimum(1.0, expectation.mean / (row(head, Head.MEAN) * week.windows_per_day + 1e-12))
    current = row(times, Bin.EPOCH) == row(head, Head.EPOCH)
    for bin_field, head_field, ratio in (
        (Bin.SHIFT_UP, Head.SHIFT_UP, hyper.shift_ratio),
        (Bin.SHIFT_DOWN, Head.SHIFT_DOWN, 1.0 / hyper.shift_ratio),
    ):
        old = np.where(current, row(times, bin_field), 0.0)
        gain = log_likelihood_ratio(count, expectation.mean, expectation.mean * ratio, expectation.excess)
        new = np.clip(old * (1.0 - 1.0 / hyper.shift_memory_days) + gain, -cap, cap)
        times[bin_field] = np.where(observed, new, row(times, bin_field))
        head[head_field] = np.where(
            observed, row(head, head_field) + (row(times, bin_field) - old), row(head, head_field)
        )
    times[Bin.EPOCH] = np.where(observed, row(head, Head.EPOCH), row(times, Bin.EPOCH))
    _accept(head, observed, week, hyper)


def _learn_recent(
    head: NDArray[np.float32],
    expectation: Expectation,
    count: Floats,
    observed: NDArray[np.bool_],
    week: Week,
    hyper: Hyperparameters,
) -> None:
    """Counts and expected counts of the last days, whatever the trust in them; and the mean of a week."""
    keep = np.where(observed, 1.0 - 1.0 / (hyper.shift_days * week.windows_per_day), 1.0)
    weight = observed / (1.0 + expectation.dispersion * expectation.mean)
    head[Head.RECENT_SUM] = row(head, Head.RECENT_SUM) * keep + weight * count
    head[Head.RECENT_EXPOSURE] = row(head, Head.RECENT_EXPOSURE) * keep + weight * expectation.mean
    seen = row(head, Head.SEEN)
    step = observed / (np.minimum(seen, float(week.windows)) + 1.0)
    mean = row(head, Head.MEAN)
    head[Head.MEAN] = mean + step * (expectation.mean - mean)


def _accept(head: NDArray[np.float32], observed: NDArray[np.bool_], week: Week, hyper: Hyperparameters) -> None:
    evidence = np.maximum(row(head, Head.SHIFT_UP), row(head, Head.SHIFT_DOWN))
    settled = row(head, Head.SEEN) >= _SETTLED_WEEKS * week.windows
    held = np.where(evidence > hyper.shift_threshold, row(head, Head.SHIFT_HELD) + 1.0, 0.0)
    head[Head.SHIFT_HELD] = np.where(observed, held, row(head, Head.SHIFT_HELD))
    head[Head.SHIFT_AGE] = row(head, Head.SHIFT_AGE) + observed
    accepted = observed & settled & (held >= hyper.shift_days * week.windows_per_day)
    ratio = (row(head, Head.RECENT_SUM) + 0.5) / (row(head, Head.RECENT_EXPOSURE) + 0.5)
    scale = _ACCEPTED_SHAPE / np.maximum(row(head, Head.LEVEL_SUM), _ACCEPTED_SHAPE)
    changes = {
        Head.LEVEL_SUM: row(head, Head.LEVEL_SUM) * scale * ratio,
        Head.LEVEL_EXPOSURE: row(head, Head.LEVEL_EXPOSURE) * scale,
        Head.SHIFT_LOG_RATIO: np.log(ratio),
        Head.SHIFT_AGE: np.zeros_like(ratio),
        Head.EPOCH: row(head, Head.EPOCH) + 1.0,
        Head.LOITERING: np.zeros_like(ratio),
        Head.BLOCK: np.zeros_like(ratio),
    }
    changes |= dict.fromkeys((Head.SHIFT_UP, Head.SHIFT_DOWN, Head.SHIFT_HELD), np.zeros_like(ratio))
    for field, value in changes.items():
        head[field] = np.where(accepted, value, row(head, field))
