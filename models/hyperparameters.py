"""The numbers of the detector that are chosen, not learnt; frozen into every model version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Hyperparameters:
    """Every chosen number, in hours, days and weeks, so that it holds for any length of window.

    Parameters
    ----------
    level_memory_weeks, time_memory_weeks, slot_memory_weeks, dispersion_memory_weeks
        Time constants of forgetting: of the level, the time-of-day profile, a slot, and the dispersion.
    clumping, clumping_strength
        Extra-Poisson variance in proportion to the mean that a series starts from, and its weight: the squared
        reciprocal of its relative standard deviation between series.
    level_memory_presences
        The level forgets no more than one part in this many for each presence's worth of information.
    hour_variance
        Variance of the log ratio between a time of day and its neighbour an hour away, as a share of the variance of
        the series' ratios.
    group_variance
        The same between weekdays and the weekend.
    misfit_strength
        Weight of the fleet's variance of such ratios: the squared reciprocal of its own relative standard deviation.
    misfit_memory_weeks
        Time constant of forgetting a series' own.
    unlikely_z
        Normal score of a count beyond which it is learnt from less (Noufaily et al. 2013 use 2.58).
    most_distrust, distrust_memory_weeks
        Share of the latest weeks' windows that may go unlearnt before distrust is rationed, and those weeks: loitering
        keeps to its hours; what is unlikely all day long is a series that was not known well enough.
    dispersion_z
        Normal score of a count beyond which the dispersion is learnt from less.
    time_dispersion_strength
        Weight of the series' dispersion for that of a time of day: squared reciprocal of a relative standard deviation.
    tail_strength, tail_memory_weeks
        Windows beyond a level of the p-value that the nominal frequency is held to be worth beside a series'
        own count of them, and the time constant of forgetting that.
    near_hours, near_days
        Time constants of the latest hours and days, on whose counts the next one depends.
    dependence_sds, dependence_strength
        Standard deviations of chance that such a dependence has to exceed, and the weight of none at all.
    dependence_memory_weeks
        Time constant of forgetting it.
    loitering_presences_per_hour, loitering_sds, loitering_means
        Size of loitering: the root of the summed squares of this many presences an hour, this many standard deviations
        of the count, and this many times the expected count of an average window of the week.
    loitering_hours
        Mean length of loitering.
    loitering_odds
        Odds that loitering starts within an hour in a block without any history of it.
    lasting_gain, lasting_rate
        Most log evidence that the hours before give a window, which falls as the reciprocal of one and the presences an
        hour in multiples of the second: where many are normal, one window tells enough.
    starting_gain
        Most log evidence that earlier nights and weeks give a window.
    block_hours
        Length of the block of hours whose evidence is remembered.
    window_cap
        Most log evidence one window can add to its block's.
    night_share
        Share of its nights on which a hang-out is used.
    night_cap
        Most log evidence one night can add to the memory.
    evening_share
        Share of the days of the week on which a hang-out is used at all.
    memory_gain
        Weight of the memory of nights beside that of a hang-out's days.
    memory_rate
        Presences an hour at which the memory weighs half: where many are normal, one evening tells enough.
    night_memory_days, week_memory_weeks
        Time constants of forgetting the memory of nights and of weeks.
    shift_ratio
        Change of level that the shift detector looks for (and its reciprocal).
    shift_cap, shift_threshold
        Log evidence that all hours together can give for a shift, and where it is accepted.
    shift_memory_days
        Time constant of that evidence.
    shift_days
        Days it must hold before the shift is learnt.
    shift_level_days
        Time constant of the latest days' level, which a shift moves to.
    """

    level_memory_weeks: float = 4.0
    time_memory_weeks: float = 12.0
    slot_memory_weeks: float = 16.0
    dispersion_memory_weeks: float = 12.0
    clumping: float = 0.05
    clumping_strength: float = 0.05
    level_memory_presences: float = 60.0
    hour_variance: float = 0.5
    group_variance: float = 1.0
    misfit_strength: float = 1.0
    misfit_memory_weeks: float = 3.0
    unlikely_z: float = 2.58
    most_distrust: float = 0.2
    distrust_memory_weeks: float = 2.0
    dispersion_z: float = 3.0
    time_dispersion_strength: float = 1.0
    tail_strength: float = 1.0
    tail_memory_weeks: float = 26.0
    near_hours: float = 2.0
    near_days: float = 2.0
    dependence_sds: float = 0.5
    dependence_strength: float = 1.0
    dependence_memory_weeks: float = 26.0
    loitering_presences_per_hour: float = 0.4
    loitering_sds: float = 1.0
    loitering_means: float = 0.5
    loitering_hours: float = 3.0
    loitering_odds: float = 0.001
    lasting_gain: float = 8.0
    lasting_rate: float = 8.0
    starting_gain: float = 8.5
    block_hours: float = 4.0
    window_cap: float = 3.0
    night_share: float = 0.7
    night_cap: float = 5.0
    evening_share: float = 0.6
    memory_gain: float = 1.3
    memory_rate: float = 1.5
    night_memory_days: float = 30.0
    week_memory_weeks: float = 8.0
    shift_ratio: float = 1.6
    shift_cap: float = 6.0
    shift_threshold: float = 3.5
    shift_memory_days: float = 14.0
    shift_days: float = 2.0
    shift_level_days: float = 5.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"hyper-parameter {name} is {value}, but must be a number above zero")

    def to_settings(self) -> dict[str, float]:
        """The numbers by name."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: Mapping[str, float]) -> Hyperparameters:
        """The hyper-parameters that `to_settings` wrote.

        Raises
        ------
        ValueError
            If a name is missing or unknown, or a value is out of range.
        """
        known = {column.name for column in fields(cls)}
        odd = sorted(known.symmetric_difference(settings))
        if odd:
            raise ValueError(f"hyper-parameters missing or unknown: {', '.join(odd)}")
        return cls(**{name: float(settings[name]) for name in known})
