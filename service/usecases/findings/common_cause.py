"""Common cause: whether a tenant's town as a whole was out, so that no place in it is what an episode is about.

On New Year's Eve hundreds of episodes open at once and say nothing of where they do. That is a mark for those who read
them: verdicts depend on no other series and stay as they are. A town is all series of one tenant; another tenant's
counts are never looked at.

A window has a common cause when lists do without it (:func:`windows_out`) and episodes come together in it: at least
one in :data:`ONE_IN` of the series, and :data:`TOGETHER` of them, is anomalous. An episode has one when at least half
of its windows have.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY
from models.hotspots.common_cause import FEWEST_SERIES, LEVEL, common_cause, series_out
from service.domain.verdicts import PValues, VerdictColumns
from service.ports import Ports
from service.usecases.findings.episode_runs import Run, anomalous_between, runs_since

KNOWN_WEEKS = 2.0
"""Weeks of own evidence of a series until which its p-values tell of the prior."""
ONE_IN = 200
"""So few series anomalous at once are no crowd: in a simulated town 86% of all hours, whose p-values need no look."""
TOGETHER = 2
_SAMPLE = 200  # series: of a town out by 15 in 100, as little as marks any, 97 samples in 100 show it
_LIKELY = 2 * LEVEL  # share of a sample that is out; one in 800 shows it of an hour like any other
_GAP_SECONDS = SECONDS_PER_DAY  # of windows farther apart than this, what lies between is not read


@dataclass(frozen=True)
class Begun:
    """How many episodes began, and how many of them have a common cause."""

    episodes: int = 0
    common_cause: int = 0


def windows_out(verdicts: VerdictColumns | PValues, rows: NDArray[np.int64], windows: int) -> NDArray[np.bool_]:
    """Windows in which the town is out by the series known well enough to be surprised; bool[windows].

    Parameters
    ----------
    verdicts
        Of one tenant's series.
    rows
        int64[m]: the window of each, from 0.
    windows
        Number of windows.
    """
    known = verdicts.evidence_weeks >= KNOWN_WEEKS
    return common_cause(rows[known], verdicts.p_value[known], verdicts.p_above[known], windows)


def have_common_cause(ports: Ports, town: Collection[int], runs: Sequence[Run]) -> list[bool]:
    """Which runs have a common cause; ``town`` are the numbers of all series of their tenant.

    Only windows of the runs are looked at: anomalous verdicts are counted, and the p-values of crowded windows read.
    """
    out = _out(ports, town, {verdict.start for run in runs for verdict in run.verdicts})
    return [2 * sum(verdict.start in out for verdict in run.verdicts) >= len(run.verdicts) for run in runs]


def count_begun(ports: Ports, since: int) -> Begun:
    """Of all tenants, how many runs start at or after ``since``, and how many of these have a common cause."""
    towns: defaultdict[str, list[int]] = defaultdict(list)
    for one in ports.register.series():
        towns[one.tenant].append(one.number)
    begun = marked = 0
    for town in towns.values():
        runs = list(runs_since(ports, town, since))
        begun += len(runs)
        marked += sum(have_common_cause(ports, town, runs))
    return Begun(begun, marked)


def _out(ports: Ports, town: Collection[int], windows: Collection[int]) -> set[int]:
    """Those of the windows, by their start, that have a common cause."""
    if len(town) < FEWEST_SERIES:
        return set()
    everybody = np.array(sorted(town), dtype=np.int64)
    crowded = _crowded(ports, town, windows)
    sample = ports.verdicts.p_values(everybody[:: -(-len(everybody) // _SAMPLE)], crowded)
    known = sample.evidence_weeks >= KNOWN_WEEKS
    rows = np.searchsorted(crowded, sample.starts)[known]
    series, out = series_out(rows, sample.p_value[known], sample.p_above[known], len(crowded))
    likely = crowded[out > _LIKELY * series]
    values = ports.verdicts.p_values(everybody, likely)
    return set(likely[windows_out(values, np.searchsorted(likely, values.starts), len(likely))].tolist())


def _crowded(ports: Ports, town: Collection[int], windows: Collection[int]) -> NDArray[np.int64]:
    """Those of the windows, ascending, in which episodes come together."""
    at_once = Counter(
        verdict.start
        for begin, end in _stretches(ports, windows)
        for verdict in anomalous_between(ports, town, begin, end)
    )
    least = max(TOGETHER, len(town) / ONE_IN)
    return np.array(sorted(start for start in windows if at_once[start] >= least), dtype=np.int64)


def _stretches(ports: Ports, windows: Collection[int]) -> list[tuple[int, int]]:
    """Half-open intervals that hold all windows, ascending, and little else."""
    starts = np.array(sorted(windows), dtype=np.int64)
    parts = np.split(starts, np.flatnonzero(np.diff(starts) > _GAP_SECONDS) + 1) if len(starts) else []
    return [(int(part[0]), int(part[-1]) + ports.settings.window_seconds) for part in parts]
