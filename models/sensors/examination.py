"""All tests on the counts of the latest weeks at once: what stands in the counts themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.sensors.clock import TurnedProfiles, turned_profiles
from models.sensors.finding import Findings
from models.sensors.repetition import counted_in_steps, equal_series
from models.sensors.saturation import saturated
from models.sensors.stuck import stuck

DAYS = 42
"""Days of counts that an examination looks at."""

_RECENT_DAYS = 14
_SPANS_DAYS = (DAYS, 14, 7)


@dataclass(frozen=True)
class Examination:
    """Of n series.

    Attributes
    ----------
    stuck, saturated, stepped
        The same number over and over; a pile-up at the greatest; every message counted several times.
    equal_to
        int64[n], another series that hears the same, or -1.
    turned
        Recent days against those before.
    """

    stuck: Findings
    saturated: Findings
    stepped: Findings
    equal_to: NDArray[np.int64]
    turned: TurnedProfiles


def examine(
    calendar: Calendar, starts: NDArray[np.int64], counts: NDArray[np.float64], owners: NDArray[np.int64]
) -> Examination:
    """Look at the counts of :data:`DAYS` days.

    Parameters
    ----------
    calendar
        Local hours and days.
    starts
        int64[T], seconds UTC, one after the other.
    counts
        float64[T, n], NaN where missing.
    owners
        int64[n]; only series of one owner are compared with each other.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> counts = random.poisson(0.3, (42 * 24, 3)).astype(float)
    >>> counts[-30:, 0], counts[:, 1] = 3.0, 2 * counts[:, 1]
    >>> found = examine(Calendar("UTC", (), 60), 3600 * np.arange(42 * 24), counts, np.zeros(3, dtype=int))
    >>> found.stuck.found.tolist(), found.stepped.found.tolist()
    ([True, False, False], [False, True, False])
    """
    recent = starts >= starts[-1] + calendar.window_seconds - _RECENT_DAYS * SECONDS_PER_DAY
    begin = int(recent.argmax())
    return Examination(
        stuck=stuck(counts, 60 / calendar.window_minutes),
        saturated=_later(saturated(counts[begin:], _RECENT_DAYS / 7), begin),
        stepped=counted_in_steps(counts),
        equal_to=_equal(counts, owners, calendar.windows_per_day),
        turned=turned_profiles(*(_by_hour(calendar, starts[part], counts[part]) for part in (~recent, recent))),
    )


def _later(findings: Findings, begin: int) -> Findings:
    return Findings(findings.found, np.where(findings.found, findings.since + begin, 0), findings.value)


def _equal(counts: NDArray[np.float64], owners: NDArray[np.int64], windows_per_day: int) -> NDArray[np.int64]:
    """Of busy places a week tells, of others more."""
    equal = np.full(counts.shape[1], -1, dtype=np.int64)
    for owner in np.unique(owners):
        members = np.flatnonzero(owners == owner)
        for days in _SPANS_DAYS:
            alike = equal_series(counts[-days * windows_per_day :, members])
            equal[members] = np.where(alike >= 0, members[alike], equal[members])
    return equal


def _by_hour(calendar: Calendar, starts: NDArray[np.int64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    hours = calendar.local_seconds(starts) % SECONDS_PER_DAY // 3600
    return np.stack([np.nansum(counts[hours == hour], axis=0) for hour in range(24)])
