"""Runs of adjacent anomalous windows, read off the verdicts in force."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from service.domain.verdicts import Verdict, VerdictQuery
from service.ports import Ports

_PAGE_VERDICTS = 1000


@dataclass(frozen=True)
class Run:
    """Anomalous verdicts of one series, one window after the other, and where the last one ends, seconds UTC."""

    verdicts: list[Verdict]
    end: int

    @property
    def key(self) -> tuple[int, int]:
        """Start and series."""
        return self.verdicts[0].start, self.verdicts[0].series


def runs_since(ports: Ports, series: Collection[int], since: int | None) -> Iterator[Run]:
    """Runs that start at or after ``since``, by (start, series).

    They are read from one window before, lest the rest of a run be taken for one. A run is told when a later verdict,
    or the end of them, shows that it is over; runs that began later wait for it.
    """
    step = ports.settings.window_seconds
    begun: deque[list[Verdict]] = deque()
    latest: dict[int, list[Verdict]] = {}
    for verdict in anomalous_between(ports, series, None if since is None else since - step):
        while begun and begun[0][-1].start + step < verdict.start:
            yield from _told(begun.popleft(), since, step)
        run = latest.get(verdict.series)
        if run is None or run[-1].start + step != verdict.start:
            run = latest[verdict.series] = []
            begun.append(run)
        run.append(verdict)
    for run in begun:
        yield from _told(run, since, step)


def run_around(ports: Ports, number: int, start: int) -> Run | None:
    """The run of a series that holds the window that starts at ``start``."""
    run = next(runs_since(ports, {number}, _beginning(ports, number, start)), None)
    return run if run is not None and run.key[0] <= start < run.end else None


def reaching(ports: Ports, series: Collection[int], watermark: int) -> set[int]:
    """Series whose newest window is anomalous."""
    query = VerdictQuery(
        series=tuple(series),
        start=watermark - ports.settings.window_seconds,
        end=watermark,
        anomalous_only=True,
        limit=len(series),
    )
    return {verdict.series for verdict in ports.verdicts.find(query)}


def _told(run: list[Verdict], since: int | None, step: int) -> Iterator[Run]:
    if since is None or run[0].start >= since:
        yield Run(run, run[-1].start + step)


def anomalous_between(
    ports: Ports, series: Collection[int], since: int | None, until: int | None = None
) -> Iterator[Verdict]:
    """Anomalous verdicts of windows in [since, until), by (start, series), page by page."""
    query = VerdictQuery(
        series=tuple(sorted(series)), start=since, end=until, anomalous_only=True, limit=_PAGE_VERDICTS
    )
    while page := ports.verdicts.find(query):
        yield from page
        query = msgspec.structs.replace(query, after=(page[-1].start, page[-1].series))


def _beginning(ports: Ports, number: int, start: int) -> int:
    """Start of the run of anomalous windows that ends at ``start``."""
    step, reach = ports.settings.window_seconds, _PAGE_VERDICTS * ports.settings.window_seconds
    while True:
        query = VerdictQuery(
            series=(number,), start=start - reach, end=start, anomalous_only=True, limit=_PAGE_VERDICTS
        )
        anomalous = {verdict.start for verdict in ports.verdicts.find(query)}
        earliest = start
        while earliest - step in anomalous:
            earliest -= step
        if earliest > start - reach:
            return earliest
        start = earliest
