"""What is known of sensors as devices, in dicts."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from service.domain.sensors import Activity, Battery, SensorFault, SensorKey, SensorState, Sightings


class MemorySensorStore:
    """Notes in a list that is numbered from one."""

    def __init__(self) -> None:
        self._notes: dict[int, Sightings | tuple[SensorKey, Battery, int]] = {}
        self._last = 0
        self._activities: dict[SensorKey, Activity] = {}
        self._faults: dict[tuple[SensorKey, SensorState], SensorFault] = {}

    def note(self, sightings: Sightings) -> None:
        """Keep a note that has a sensor."""
        if len(sightings.series):
            self._keep(sightings)

    def note_battery(self, key: SensorKey, battery: Battery, said: int) -> None:
        """Keep a note."""
        self._keep((key, battery, said))

    def noted(self, limit: int) -> tuple[int, list[Sightings], list[tuple[SensorKey, Battery, int]]]:
        """The first of the list."""
        oldest = dict(list(self._notes.items())[:limit])
        sightings = [one for one in oldest.values() if isinstance(one, Sightings)]
        return max(oldest, default=0), sightings, [one for one in oldest.values() if not isinstance(one, Sightings)]

    def forget_noted(self, upto: int) -> None:
        """Drop notes."""
        self._notes = {number: one for number, one in self._notes.items() if number > upto}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Put back what was there if anything fails."""
        kept = dict(self._notes), dict(self._activities), dict(self._faults)
        try:
            yield
        except BaseException:
            self._notes, self._activities, self._faults = kept
            raise

    def activities(self) -> dict[SensorKey, Activity]:
        """Copies."""
        return {key: copy.deepcopy(one) for key, one in sorted(self._activities.items())}

    def put_activities(self, activities: Mapping[SensorKey, Activity]) -> None:
        """Keep copies."""
        self._activities |= {key: copy.deepcopy(one) for key, one in activities.items()}

    def faults(self) -> list[SensorFault]:
        """In order."""
        return [one for _, one in sorted(self._faults.items())]

    def replace_faults(self, gone: Iterable[SensorFault], there: Iterable[SensorFault]) -> None:
        """Drop and keep."""
        for one in gone:
            self._faults.pop((one.key, one.state), None)
        self._faults |= {(one.key, one.state): one for one in there}

    def _keep(self, note: Sightings | tuple[SensorKey, Battery, int]) -> None:
        self._last += 1
        self._notes[self._last] = note
