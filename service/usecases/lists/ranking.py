"""From verdicts to ranked hot-spots: the same for a list and for a replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, Calendar
from models.hotspots.block_history import evenings_of_block
from models.hotspots.blocks import Days
from models.hotspots.ground import HISTORY_DAYS, Presences
from models.hotspots.hotspot import HotSpot
from models.hotspots.ranking import rank_hotspots, simulate_null, town_of
from models.hotspots.significance import ScanNull
from models.hotspots.town import Town
from models.prior import FleetPrior
from models.sensors.stuck import stuck_windows
from models.training.fleet import fit_fleet
from models.version import ModelVersion
from service.domain.hotspots import MOST_BLOCKS
from service.domain.verdicts import WARM_UP_WEEKS, VerdictColumns
from service.settings.sections import Hotspots
from service.usecases.findings.common_cause import windows_out

LISTED = ("count", "expected", "p_value", "p_above", "evidence_weeks")
"""What a list is made from: the measures that :func:`presences_of` and :func:`weeks_heard` need."""

_HOURS_PER_DAY = 24
_FURTHER_P_VALUE = 0.01  # of a further block where one is significant already; the scan is corrected for
_PEERS_OF_A_KIND = 400  # series that a kind's shape is taken from; more would tell it little


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

    Neither the hours when the whole town is out are heard there, nor those in which a sensor is stuck.

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
    counts[windows_out(verdicts, rows, len(starts))] = np.nan
    counts[stuck_windows(counts, calendar.windows_per_day / _HOURS_PER_DAY)] = np.nan
    numbered = np.unique(np.array(stairwells), return_inverse=True)[1]
    return Presences(calendar, starts, counts, expected, kinds, numbered)


def start_of_history(end: int, asked: Hotspots) -> int:
    """The first second, UTC, of what a list that ends at ``end`` makes use of."""
    return end - max(asked.days, HISTORY_DAYS) * SECONDS_PER_DAY


def weeks_heard(verdicts: VerdictColumns, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weeks of own evidence that each series has, by its latest verdict; float64[n], 0 without one."""
    weeks = np.zeros(len(numbers))
    np.maximum.at(weeks, np.searchsorted(numbers, verdicts.series), verdicts.evidence_weeks)
    return weeks


@dataclass(frozen=True)
class Ranking:
    """Hot-spots, best first, with what they were found in."""

    presences: Presences
    prior: FleetPrior
    hotspots: list[HotSpot]
    warming: NDArray[np.bool_]
    null: ScanNull
    town: Town

    def further_blocks(self, listed: Sequence[HotSpot], days: int) -> dict[int, list[HotSpot]]:
        """The next best blocks of listed stairwells, of any space, best first, by the number of the stairwell.

        The hours of the blocks known are left out, as if nothing had been heard in them, and what is left is ranked
        again.
        """
        span = Days.ending(self.presences.last_day(), period=days, history=HISTORY_DAYS)
        chosen = np.flatnonzero(np.isin(self.presences.stairwells, [hotspot.stairwell for hotspot in listed]))
        counts = self.presences.counts[:, chosen].copy()
        part = Presences(
            self.presences.calendar,
            self.presences.starts,
            counts,
            self.presences.expected[:, chosen],
            self.presences.kinds[chosen],
            self.presences.stairwells[chosen],
        )
        found: dict[int, list[HotSpot]] = {}
        latest = list(listed)
        for _ in range(1, MOST_BLOCKS):
            if not latest:
                break
            for known in latest:
                counts[evenings_of_block(part, known, span) >= 0, np.searchsorted(chosen, known.series)] = np.nan
            wanted = {known.stairwell for known in latest}
            again = rank_hotspots(
                part,
                self.prior,
                days=days,
                top=len(chosen),
                warming=self.warming[chosen],
                null=self.null,
                peers=len(self.presences.kinds),
                town=self.town,
            )
            latest = [
                replace(block, series=int(chosen[block.series]))
                for block in again
                if block.stairwell in wanted and block.p_value <= _FURTHER_P_VALUE
            ]
            for block in latest:
                found.setdefault(block.stairwell, []).append(block)
        return found


def rank_all(presences: Presences, version: ModelVersion, asked: Hotspots, weeks: NDArray[np.float64]) -> Ranking:
    """Rank with peers taken from the same rows, and from the version where they say little.

    One tenant's rows know nothing of another's, and a list of the past knows nothing of what came later. A series heard
    for less than four weeks has no normal of its own that it could be held against: peers alone can list it.

    Parameters
    ----------
    presences, version
        What to rank, and the model that scored it.
    asked
        Length of the period and false discovery rate.
    weeks
        float64[n]: own evidence of each series.
    """
    peers = _peers(presences.kinds)
    fit = fit_fleet(
        presences.calendar, presences.starts, presences.counts[:, peers], presences.kinds[peers], parent=version.prior
    )
    warming = weeks < WARM_UP_WEEKS
    town = town_of(presences, fit.prior, days=asked.days)
    null = simulate_null(presences, fit.prior, days=asked.days, town=town)
    found = rank_hotspots(
        presences,
        fit.prior,
        days=asked.days,
        top=len(presences.kinds),
        false_discovery_rate=asked.false_discovery_rate,
        warming=warming,
        null=null,
        town=town,
    )
    return Ranking(presences, fit.prior, found, warming, null, town)


def _peers(kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Series that peers are fitted to, ascending: of each kind as many as are of use, evenly among all."""
    of_kinds = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    chosen = [series[:: -(-len(series) // _PEERS_OF_A_KIND)] for series in of_kinds]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.int64), *chosen]))
