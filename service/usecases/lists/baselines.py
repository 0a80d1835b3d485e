"""Baselines: what a list has to beat. They know the counts that it was made from, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.calendar import SECONDS_PER_DAY, SECONDS_PER_WEEK, Calendar, weekdays_of
from models.hotspots.ground import HISTORY_DAYS
from service.domain.evaluations import Ranking
from service.domain.hotspots import HotspotList
from service.domain.places import Series
from service.ports import Ports
from service.usecases.learning.marks import marks_of
from service.usecases.learning.scoring import count_matrix, window_starts

_HOURS_OF_WEEK = 168
_VISIT_HOURS = 4  # as long as a block of hours usually is

Floats = NDArray[np.float64]


def simple_rankings(ports: Ports, listed: HotspotList) -> dict[Ranking, list[str]]:
    """The stairwells of a list's area, best first, by two rankings that need no model.

    *Raw counts* are the presences of the list's period. *Climatology* is the mean of each hour of the week over as long
    as a list looks back; a stairwell counts by the four hours after each other in which most is to be expected. Windows
    with a known cause are left out.
    """
    everybody = [one for one in ports.register.series(listed.tenant) if listed.area in (None, one.area)]
    end = int(listed.watermark.timestamp())
    calendar = Calendar(listed.timezone or ports.settings.general.timezone, (), ports.settings.window.minutes)
    recent, total, heard = np.zeros(len(everybody)), *np.zeros((2, _HOURS_OF_WEEK, len(everybody)))
    for begin in range(counted_since(listed), end, SECONDS_PER_WEEK):
        starts = window_starts(begin, begin + SECONDS_PER_WEEK, calendar.window_seconds)
        counts = _counts(ports, everybody, starts, calendar.window_seconds)
        hours = _hours_of_week(calendar, starts)
        known = np.nan_to_num(counts)
        np.add.at(total, hours, known)
        np.add.at(heard, hours, ~np.isnan(counts))
        recent += known[starts >= end - listed.days * SECONDS_PER_DAY].sum(axis=0)
    names, place = np.unique([one.stairwell for one in everybody], return_inverse=True)
    usual = _by_stairwell(total / np.maximum(heard, 1.0), place, len(names))
    blocks = sum(np.roll(usual, -hour, axis=0) for hour in range(_VISIT_HOURS))
    presences = _by_stairwell(recent[None, :], place, len(names))
    return {
        Ranking.RAW_COUNTS: _ranked(names, presences[0]),
        Ranking.CLIMATOLOGY: _ranked(names, np.asarray(blocks).max(axis=0)),
    }


def counted_since(listed: HotspotList) -> int:
    """The first second, UTC, of the counts that the rankings of a list take."""
    return int(listed.watermark.timestamp()) - HISTORY_DAYS * SECONDS_PER_DAY


def _counts(ports: Ports, series: list[Series], starts: NDArray[np.int64], window_seconds: int) -> Floats:
    numbers = np.array([one.number for one in series], dtype=np.int64)
    judged = ports.verdicts.judged(numbers, int(starts[0]), int(starts[-1]) + window_seconds)
    counts = count_matrix(judged, starts, numbers, window_seconds)
    if marks := marks_of(ports, numbers, starts):
        counts[marks.left_out] = np.nan
    return counts


def _hours_of_week(calendar: Calendar, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    days, seconds = np.divmod(calendar.local_seconds(starts), SECONDS_PER_DAY)
    return np.asarray(weekdays_of(days) * 24 + seconds // 3600)


def _by_stairwell(values: Floats, place: NDArray[np.int64], stairwells: int) -> Floats:
    """Sums over the series of each stairwell, float64[..., stairwells]."""
    sums = np.zeros((len(values), stairwells))
    np.add.at(sums.T, place, values.T)
    return sums


def _ranked(names: NDArray[np.str_], worth: Floats) -> list[str]:
    """By worth, ties by name; without those where nothing was ever counted."""
    order = np.argsort(-worth, kind="stable")
    return [str(name) for name in names[order[worth[order] > 0]]]
