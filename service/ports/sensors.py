"""The port of what is known of sensors as devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from service.domain.sensors import Activity, Battery, SensorFault, SensorKey, Sightings


class SensorStore(Protocol):
    """Messages of sensors as they came, what they come to, and faults; of a size that sensors bound, not time.

    Whoever takes messages in notes them; the scheduler alone folds the notes into activities and finds faults.
    """

    def note(self, sightings: Sightings) -> None:
        """Note what a request told of sensors, to be folded in later."""

    def note_battery(self, key: SensorKey, battery: Battery, said: int) -> None:
        """Note what a sensor said of its battery, seconds UTC."""

    def noted(self, limit: int) -> tuple[int, list[Sightings], list[tuple[SensorKey, Battery, int]]]:
        """The oldest notes, at most ``limit`` of each kind, and what to forget them by."""

    def forget_noted(self, upto: int) -> None:
        """Delete the notes that :meth:`noted` returned together with ``upto``."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is put and forgotten inside is committed together, or not at all."""

    def activities(self) -> dict[SensorKey, Activity]:
        """What is known of every sensor that was ever heard."""

    def put_activities(self, activities: Mapping[SensorKey, Activity]) -> None:
        """Replace what is known of some sensors."""

    def faults(self) -> list[SensorFault]:
        """What is wrong now, by (sensor, state)."""

    def replace_faults(self, gone: Iterable[SensorFault], there: Iterable[SensorFault]) -> None:
        """Delete faults, and record others in the place of those with the same sensor and state."""
