"""Marks: from annotations, which name places and times, to the windows of the series they hold for.

An annotation holds for a window that it overlaps by however little, since one presence can be all of a count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.domain.annotations import Annotation, AnnotationKind, AnnotationQuery, Marks
from service.domain.places import Series
from service.ports import Ports
from service.ports.places import PlacesRegister
from service.usecases.register_views import RegisterView


@dataclass(frozen=True)
class Cause:
    """What an annotation says of some series: its kind, whole windows [start, end) in seconds UTC, series numbers."""

    kind: AnnotationKind
    start: int
    end: int
    series: NDArray[np.int64]


def marks_of(ports: Ports, numbers: NDArray[np.int64], starts: NDArray[np.int64]) -> Marks | None:
    """What annotations in force say of the windows of some series; None where they say nothing.

    Parameters
    ----------
    ports
        Annotations and places.
    numbers
        int64[n], series numbers, ascending.
    starts
        int64[T], seconds UTC, ascending.
    """
    if not len(starts) or not len(numbers):
        return None
    causes = causes_between(ports, int(starts[0]), int(starts[-1]) + ports.settings.window_seconds)
    left_out, confirmed = np.zeros((2, len(starts), len(numbers)), dtype=bool)
    for cause in causes:
        first, after = np.searchsorted(starts, (cause.start, cause.end))
        columns = np.searchsorted(numbers, cause.series[np.isin(cause.series, numbers)])
        (confirmed if cause.kind.confirms else left_out)[first:after, columns] = True
    marks = Marks(left_out, confirmed)
    return marks if marks.annotated.any() else None


def causes_between(ports: Ports, start: int, end: int, tenant: str | None = None) -> list[Cause]:
    """What annotations in force say of the windows in [start, end), by their start; of all tenants or of one."""
    return _causes(ports, ports.annotations.find(AnnotationQuery(tenant=tenant, start=start, end=end)))


def touched_since(ports: Ports, versions: Sequence[Annotation], origin: int) -> dict[int, int]:
    """For each series that versions of annotations hold for, the first window from ``origin`` on, seconds UTC."""
    earliest: dict[int, int] = {}
    for cause in _causes(ports, versions):
        if cause.end > origin:
            start = max(cause.start, origin)
            earliest |= {number: min(start, earliest.get(number, start)) for number in cause.series.tolist()}
    return earliest


def kinds_of(causes: Iterable[Cause], windows: Iterable[tuple[int, int]]) -> list[AnnotationKind | None]:
    """The first kind of cause that holds for each (start, series), of the causes given; None without one."""
    by_series: defaultdict[int, list[Cause]] = defaultdict(list)
    for cause in causes:
        for number in cause.series.tolist():
            by_series[number].append(cause)
    return [
        next((cause.kind for cause in by_series.get(number, ()) if cause.start <= start < cause.end), None)
        for start, number in windows
    ]


def _causes(ports: Ports, annotations: Sequence[Annotation]) -> list[Cause]:
    step = ports.settings.window_seconds
    found = []
    for annotation, series in zip(annotations, series_of(ports, annotations), strict=True):
        start, end = annotation.seconds()
        found.append(Cause(annotation.kind, start // step * step, -(-end // step) * step, series))
    return found


def series_of(ports: Ports, annotations: Sequence[Annotation]) -> list[NDArray[np.int64]]:
    """The numbers of the series that each annotation holds for, as the register knows the places now."""
    tenants = {tenant: _places.of(ports.register, tenant) for tenant in {one.tenant for one in annotations}}
    return [np.array(sorted(tenants[one.tenant].matching(one)), dtype=np.int64) for one in annotations]


class _Places:
    """A tenant's series and where they are, at one revision of the register."""

    def __init__(self, register: PlacesRegister, tenant: str) -> None:
        self._stairwells: defaultdict[str, list[Series]] = defaultdict(list)
        for one in register.series(tenant):
            self._stairwells[one.stairwell].append(one)
        self._buildings = {one.stairwell: one.building for one in register.stairwells(tenant)}

    def matching(self, annotation: Annotation) -> Iterator[int]:
        """Numbers of the series of which all places named are true."""
        named = [annotation.stairwell] if annotation.stairwell is not None else list(self._stairwells)
        for stairwell in named:
            if stairwell in self._stairwells and self._holds(annotation, stairwell):
                for one in self._stairwells[stairwell]:
                    if annotation.space in (None, one.space):
                        yield one.number

    def _holds(self, annotation: Annotation, stairwell: str) -> bool:
        building = self._buildings[stairwell]
        return all(
            getattr(annotation, name) in (None, getattr(building, name)) for name in ("area", "property", "building")
        )


_places = RegisterView(_Places)  # a replay asks once a batch of windows
