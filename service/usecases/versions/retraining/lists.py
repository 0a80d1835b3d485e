"""The list that a version would make at the watermark, so that it can be told what promoting it would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calendar import Calendar
from models.evaluation import overlap
from models.hotspots.common_cause import common_cause
from models.hotspots.ground import Presences
from models.kinds import kind_number
from models.version import ModelVersion
from service.domain.hotspots import HotspotEntry
from service.domain.places import Series, Stairwell
from service.ports import Ports
from service.settings.sections import Hotspots
from service.usecases.findings.common_cause import KNOWN_WEEKS
from service.usecases.lists.entries import ListedPlaces
from service.usecases.lists.ranking import rank_all, start_of_history
from service.usecases.versions.retraining.counts import TrainingCounts
from service.usecases.versions.retraining.trials import Trial

_WINDOWS_AT_ONCE = 168


@dataclass(frozen=True)
class ListTask:
    """A tenant's n series over the last D windows, and what a version said of them.

    ``counts`` is float32[n, D], NaN where missing; ``said`` float32[3, n, D], the expected counts, p_value and p_above;
    ``weeks`` float64[n], the evidence.
    """

    version: ModelVersion
    calendar: Calendar
    starts: NDArray[np.int64]
    counts: NDArray[np.float32]
    said: NDArray[np.float32]
    weeks: NDArray[np.float64]
    series: Sequence[Series]
    places: Mapping[str, Stairwell]
    asked: Hotspots


def first_listed(training: TrainingCounts, asked: Hotspots) -> int:
    """The first window of those that a list is made from."""
    return int(np.searchsorted(training.starts, start_of_history(training.end, asked)))


def list_tasks(ports: Ports, training: TrainingCounts, trial: Trial, version: ModelVersion) -> list[ListTask]:
    """A list for each tenant, in the order of their names, from what a version said."""
    asked, everybody = ports.settings.hotspots, ports.register.series()
    first = first_listed(training, asked)
    tasks = []
    for tenant in sorted({one.tenant for one in everybody}):
        numbers = np.array([one.number for one in everybody if one.tenant == tenant])
        columns = np.flatnonzero(np.isin(training.roster.numbers, numbers))
        chosen = set(training.roster.numbers[columns].tolist())
        tasks.append(
            ListTask(
                version=version,
                calendar=training.calendar,
                starts=training.starts[first:],
                counts=training.counts[columns, first:],
                said=trial.said[:, columns],
                weeks=trial.weeks[columns],
                series=[one for one in everybody if one.number in chosen],
                places={one.stairwell: one for one in ports.register.stairwells(tenant)},
                asked=asked,
            )
        )
    return tasks


def would_list(task: ListTask) -> list[HotspotEntry]:
    """The entries by evidence alone: no list before it damps them, since both versions are to be told apart."""
    stairwells = np.unique([one.stairwell for one in task.series], return_inverse=True)[1]
    counts = task.counts.T.astype(np.float64)
    presences = Presences(
        calendar=task.calendar,
        starts=task.starts,
        counts=counts,
        expected=np.where(np.isnan(counts), np.nan, task.said[0].T),
        kinds=np.array([kind_number(one.kind) for one in task.series]),
        stairwells=stairwells,
    )
    counts[_town_out(task)] = np.nan
    ranking = rank_all(presences, task.version, task.asked, task.weeks)
    return ListedPlaces(presences, ranking, task.series, task.weeks, task.places, task.asked).entries(None)[0]


def lists_overlap(one: Sequence[Sequence[HotspotEntry]], other: Sequence[Sequence[HotspotEntry]], top: int) -> float:
    """Share of the places that both versions list, over the lists of all tenants; 1 where both list none."""
    named, others = (
        [(entry.tenant, entry.stairwell) for listed in lists for entry in listed] for lists in (one, other)
    )
    return overlap(named, others, top * max(len(one), 1))


def _town_out(task: ListTask) -> NDArray[np.bool_]:
    """Windows with a common cause, by series that are known well enough to be surprised, bool[D]."""
    known = task.weeks >= KNOWN_WEEKS
    out = [np.zeros(0, dtype=bool)]
    for first in range(0, len(task.starts), _WINDOWS_AT_ONCE):
        p_value, p_above = task.said[1:, known, first : first + _WINDOWS_AT_ONCE].astype(np.float64)
        window = np.broadcast_to(np.arange(p_value.shape[1]), p_value.shape)
        counted = ~np.isnan(p_value)
        out.append(common_cause(window[counted], p_value[counted], p_above[counted], p_value.shape[1]))
    return np.concatenate(out)
