"""Numbers that follow from the hyper-parameters and the length of a window, worked out once."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from models.detector.elementwise import Floats, exp, log
from models.detector.state import DAY_PARTS
from models.detector.week import Week
from models.hyperparameters import Hyperparameters

SETTLING_WEEKS = 3.0
_KNOWN_WEEKS = 2.0


class Constants(NamedTuple):
    """Arrays without a dimension, which NumPy takes in half the time of floats; floats where a series is alone.

    Lengths of memories are in windows, or in visits of a slot, a window or a part of the day.
    """

    level_memory: Floats
    slot_memory: Floats
    misfit_memory: Floats
    dispersion_memory: Floats
    distrust_memory: Floats
    tail_memory: Floats
    recent_memory: Floats
    shift_memory: Floats
    settling: Floats  # windows; what a series does in its first weeks is its normal
    known: Floats  # windows; until then a residual tells of a mean not yet known, not of dispersion
    kept_of_night: Floats  # of the memory of nights, by the next one
    kept_of_week: Floats
    kept_of_block: Floats  # of the evidence of the latest hours, by the next window
    kept_of_hours: Floats  # of what was counted in the latest hours, by the next window
    kept_of_days: Floats
    dependence_memory: Floats
    calm_log_odds: Floats  # that loitering starts in a window of a series without a history of it
    ending: Floats  # log odds that loitering loses in a window
    hours: Floats  # of a window
    lasting_gain: Floats
    lasting_rate: Floats
    memory_gain: Floats
    memory_rate: Floats
    starting_gain: Floats
    squared_presences: Floats  # of loitering in a window
    loitering_sds: Floats
    loitering_means: Floats
    level_memory_presences: Floats
    hour_variance: Floats
    window_cap: Floats
    night_share: Floats
    night_cap: Floats
    evening_share: Floats
    log_evening_share: Floats
    shift_cap: Floats
    shift_threshold: Floats
    unlikely_z: Floats
    most_distrust: Floats
    dispersion_z: Floats
    time_dispersion_strength: Floats
    tail_strength: Floats
    dependence_sds: Floats
    dependence_strength: Floats

    @classmethod
    def of(cls, hyper: Hyperparameters, week: Week) -> Self:
        """Those of windows of one length."""
        windows, hours = week.windows, week.hours
        presences = hyper.loitering_presences_per_hour * hours
        floats = {
            "level_memory": hyper.level_memory_weeks * windows,
            "slot_memory": hyper.slot_memory_weeks,
            "misfit_memory": hyper.misfit_memory_weeks * windows,
            "dispersion_memory": hyper.dispersion_memory_weeks * windows,
            "distrust_memory": hyper.distrust_memory_weeks * windows,
            "tail_memory": hyper.tail_memory_weeks * windows,
            "recent_memory": hyper.shift_level_days * week.windows_per_day,
            "shift_memory": hyper.shift_memory_days * (week.windows_per_day / DAY_PARTS),
            "settling": SETTLING_WEEKS * windows,
            "known": _KNOWN_WEEKS * windows,
            "kept_of_night": 1.0 - 1.0 / hyper.night_memory_days,
            "kept_of_week": 1.0 - 1.0 / hyper.week_memory_weeks,
            "kept_of_block": exp(-hours / hyper.block_hours),
            "kept_of_hours": exp(-hours / hyper.near_hours),
            "kept_of_days": exp(-hours / (24.0 * hyper.near_days)),
            "dependence_memory": hyper.dependence_memory_weeks * (windows / DAY_PARTS),
            "calm_log_odds": log(hyper.loitering_odds * hours),
            "ending": hours / hyper.loitering_hours,
            "hours": hours,
            "log_evening_share": log(hyper.evening_share),
            "squared_presences": presences * presences,
        }
        as_chosen = {name: getattr(hyper, name) for name in cls._fields if name not in floats}
        return cls(**{name: np.array(value, dtype=np.float64) for name, value in (floats | as_chosen).items()})

    def alone(self) -> Self:
        """The same in floats."""
        floats: list[Any] = [value.item() for value in self]
        return type(self)(*floats)
