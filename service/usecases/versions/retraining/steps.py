"""The steps of a retraining in their order, and about what each costs."""

from __future__ import annotations

from models.kinds import KINDS
from service.settings.sections import Retraining
from service.usecases.versions.retraining.counts import READING
from service.usecases.versions.retraining.effort import Effort
from service.usecases.versions.retraining.making import PRIOR_SERIES

FITTING = "fitting the fleet prior"
TRYING = "trying hyper-parameters"
FINALS = "trying the best on all series"
CALIBRATING = "calibrating"
JUDGING = "judging on the weeks held back"
WRITING = "writing the version"
# Seconds of a processor for a window of a series.
_READ_SECONDS, _FIT_SECONDS, _TRIAL_SECONDS, _MAP_SECONDS = 1.2e-6, 0.5e-6, 1.2e-6, 2.0e-6


def costs(asked: Retraining, effort: Effort, series: int, windows: int) -> dict[str, float]:
    """Seconds of a processor that each step takes, about: only how they compare matters.

    Parameters
    ----------
    asked
        How many candidates are tried, on how many series.
    effort
        How large the towns are that maps are made in.
    series, windows
        Size of what is learnt from.
    """
    earlier = 0.75 * windows
    sampled = min(series, asked.sample_series) * 1.25
    on_all = series * earlier * _TRIAL_SECONDS
    maps = effort.null_series * effort.null_weeks * 168 * _MAP_SECONDS
    return {
        READING: series * windows * _READ_SECONDS,
        FITTING: min(series, PRIOR_SERIES * len(KINDS)) * windows * _FIT_SECONDS,
        TRYING: (asked.candidates + 1) * (sampled * earlier * _TRIAL_SECONDS + 0.4 * maps),
        FINALS: on_all if asked.candidates else 0.0,  # two versions, in one retraining of two
        CALIBRATING: 2.5 * maps,
        JUDGING: 2 * series * windows * _TRIAL_SECONDS,
        WRITING: 1.0,
    }
