"""From the origin that a sender names to the series its counts belong to, as far as the register knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from weakref import WeakKeyDictionary

from service.domain.places import Kind, Semantics, Sensor, kind_named
from service.domain.readings import END_OF_TIME, Origin, nanoseconds
from service.ports import PlacesRegister, Ports

_ALWAYS = (-END_OF_TIME, END_OF_TIME)


class Resolved(NamedTuple):
    """The series and source of an origin, and the intervals, nanoseconds UTC, in which its counts are taken.

    With a ``problem``, none are.
    """

    series: int
    source: int
    intervals: tuple[tuple[int, int], ...]
    problem: str | None = None


class _Placement(NamedTuple):
    stairwell: str
    space: str
    sensor: Sensor


class _TenantPlaces:
    """One tenant's places at one revision of the register, which is not kept, so that it can be collected."""

    def __init__(self, register: PlacesRegister, tenant: str, *, strict: bool) -> None:
        self.revision = register.revision()
        self.numbers = register.index(tenant)
        self._tenant, self._strict = tenant, strict
        self._resolved: dict[Origin, Resolved] = {}
        self._placements: dict[str, list[_Placement]] | None = None

    def resolve(self, origin: Origin, register: PlacesRegister) -> Resolved:
        """What the register says of an origin; what is good is remembered, because batches repeat."""
        resolved = self._resolved.get(origin)
        if resolved is None:
            resolved = self._find(origin, register)
            if resolved.problem is None:
                self._resolved[origin] = resolved
        return resolved

    def _find(self, origin: Origin, register: PlacesRegister) -> Resolved:
        if origin.tenant not in (None, self._tenant):
            return _refused(f"the tenant is {origin.tenant!r}, but the key belongs to {self._tenant!r}")
        series = self.numbers.get((origin.stairwell, origin.space))
        if series is None:
            return _refused(
                f"stairwell {origin.stairwell!r} has no space {origin.space!r} in the register; "
                "import it with its place, or set places.mode to learning"
            )
        if origin.sensor is None:
            return Resolved(series, 0, (_ALWAYS,))
        return self._find_sensor(origin, origin.sensor, series, register)

    def _find_sensor(self, origin: Origin, sensor: str, series: int, register: PlacesRegister) -> Resolved:
        if self._placements is None:
            self._placements = _read_placements(register, self._tenant)
        placements = self._placements.get(sensor, [])
        if not placements and self._strict:
            return _refused(f"sensor {sensor!r} is not in the register; import it with its place")
        here = [one.sensor for one in placements if (one.stairwell, one.space) == (origin.stairwell, origin.space)]
        if placements and not here:
            other = placements[-1]
            return _refused(f"sensor {sensor!r} is in {other.stairwell}/{other.space}; correct the row or the register")
        counting = [one for one in here if one.semantics is Semantics.DELTA]
        if here and not counting:
            return _refused(
                f"sensor {sensor!r} is registered as {here[-1].semantics}, whose readings are not yet taken as counts; "
                "send them as counts of a sensor registered as delta"
            )
        number = register.sensor_number(self._tenant, sensor)
        return Resolved(series, number, tuple(map(_interval, counting)) or (_ALWAYS,))


def _read_placements(register: PlacesRegister, tenant: str) -> dict[str, list[_Placement]]:
    """Where each sensor has been; read when the first row names a sensor."""
    found: defaultdict[str, list[_Placement]] = defaultdict(list)
    for stairwell in register.stairwells(tenant):
        for space in stairwell.spaces:
            for sensor in space.sensors:
                found[sensor.sensor].append(_Placement(stairwell.stairwell, space.space, sensor))
    return dict(found)


_kept: WeakKeyDictionary[PlacesRegister, dict[tuple[str, bool], _TenantPlaces]] = WeakKeyDictionary()


def resolve_origins(ports: Ports, tenant: str, origins: Iterable[Origin]) -> dict[Origin, Resolved]:
    """What the register says of each origin; in learning mode, spaces it does not know are registered first."""
    origins = list(origins)
    places = _places(ports, tenant)
    if ports.settings.places.mode == "learning":
        new = {one[:2]: _kind(one) for one in origins if one[:2] not in places.numbers and one.tenant in (None, tenant)}
        if new:
            ports.register.learn_all(tenant, [(stairwell, space, kind) for (stairwell, space), kind in new.items()])
            places = _places(ports, tenant)
    return {origin: places.resolve(origin, ports.register) for origin in origins}


def _places(ports: Ports, tenant: str) -> _TenantPlaces:
    strict = ports.settings.places.mode == "strict"
    kept = _kept.setdefault(ports.register, {})
    places = kept.get((tenant, strict))
    if places is None or places.revision != ports.register.revision():
        places = kept[tenant, strict] = _TenantPlaces(ports.register, tenant, strict=strict)
    return places


def _kind(origin: Origin) -> Kind:
    return origin.kind or kind_named(origin.space)


def _refused(problem: str) -> Resolved:
    return Resolved(0, 0, (), problem)


def _interval(sensor: Sensor) -> tuple[int, int]:
    begin, end = sensor.valid_from, sensor.valid_to
    return _instant(begin, _ALWAYS[0]), _instant(end, _ALWAYS[1])


def _instant(time: datetime | None, default: int) -> int:
    return nanoseconds(time) if time else default
