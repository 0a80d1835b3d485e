"""From verdicts to ranked hot-spots: the same for a list and for a replay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.fleet import fit_fleet
from models.hotspots import HISTORY_DAYS, HotSpot, Presences, rank_hotspots
from models.version import ModelVersion
from service.domain.verdicts import VerdictColumns
from service.settings import Hotspots


def presences_of(
    calendar: Calendar,
    verdicts: VerdictColumns,
    numbers: NDArray[np.int64],
    starts: NDArray[np.int64],
    *,
    kinds: NDArray[np.int64],
    stairwells: Sequence[str],
) -> Presences:
    """Lay verdicts out as counts and expectations by window and series.

    Parameters
    ----------
    calendar
        Of the counts.
    verdicts
        Those of the series in the windows.
    numbers
        int64[n], the series' numbers, ascending.
    starts
        int64[T], the windows, one after the other.
    kinds
        int64[n], rows of :data:`models.kinds.KINDS`.
    stairwells
        Each series' stairwell; ties are broken by it.
    """
    rows = (verdicts.starts - starts[0]) // calendar.window_seconds
    columns = np.searchsorted(numbers, verdicts.series)
    counts, expected = np.full((2, len(starts), len(numbers)), np.nan)
    counts[rows, columns] = verdicts.count
    expected[rows, columns] = verdicts.expected
    numbered = np.unique(np.array(stairwells), return_inverse=True)[1]
    return Presences(calendar, starts, counts, expected, kinds, numbered)


def start_of_history(end: int, asked: Hotspots) -> int:
    """The first second, UTC, of what a list that ends at ``end`` makes use of."""
    return end - max(asked.days, HISTORY_DAYS) * SECONDS_PER_DAY


def rank_with_peers(presences: Presences, version: ModelVersion, asked: Hotspots) -> list[HotSpot]:
    """Rank with peers taken from the same rows, and from the version where they say little.

    One tenant's rows know nothing of another's, and a list of the past knows nothing of what came later.
    """
    fit = fit_fleet(presences.calendar, presences.starts, presences.counts, presences.kinds, parent=version.prior)
    return rank_hotspots(
        presences, fit.prior, days=asked.days, top=asked.top, false_discovery_rate=asked.false_discovery_rate
    )
