"""From the origin that a sender names to where its readings belong and what they mean, as far as the register knows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from service.domain.places import Kind, Liveness, Semantics, Sensor, kind_named
from service.domain.readings import END_OF_TIME, Origin, nanoseconds
from service.ports import Ports
from service.ports.places import PlacesRegister
from service.usecases.register_views import RegisterView

_ALWAYS = (-END_OF_TIME, END_OF_TIME)
_UNSAID = (None, Kind.OTHER)
"""Kinds that contradict none: other is what a space is taken for when nobody says."""

_COUNTED = (None, Semantics.DELTA)
"""Semantics of messages that are counts already, and need no sensor."""


class Placement(NamedTuple):
    """Where a source counts in [start, end), nanoseconds UTC, and what its readings mean there.

    ``elsewhere`` are the other series that the register has its sensor in, at other times.
    """

    series: int
    source: int
    start: int = _ALWAYS[0]
    end: int = _ALWAYS[1]
    semantics: Semantics = Semantics.DELTA
    assumed: bool = False
    elsewhere: tuple[int, ...] = ()


class Resolved(NamedTuple):
    """Where the readings of an origin are taken; with a ``problem``, nowhere.

    Where a ``sensor`` is meant, its number is the source of all placements.
    """

    placements: tuple[Placement, ...]
    problem: str | None = None
    sensor: str | None = None


class _Placed(NamedTuple):
    stairwell: str
    space: str
    sensor: Sensor


class _TenantPlaces:
    """One tenant's places at one revision of the register, which is not kept, so that it can be collected."""

    def __init__(self, register: PlacesRegister, tenant: str, mode: str) -> None:
        self.numbers = register.index(tenant)
        self._kinds = {one.number: one.kind for one in register.series(tenant)}
        self._tenant, self._strict = tenant, mode == "strict"
        self._resolved: dict[Origin, Resolved] = {}
        self._placed: dict[str, list[_Placed]] | None = None

    def remembered(self, origins: Iterable[Origin]) -> list[Resolved | None]:
        """What is known already of each origin: what is good is remembered, because batches repeat."""
        return [self._resolved.get(origin) for origin in origins]

    def resolve(self, origins: Iterable[Origin], register: PlacesRegister) -> dict[Origin, Resolved]:
        """What the register says of each origin."""
        found = {origin: self._find(origin, register) for origin in origins}
        sensors = dict.fromkeys(one.sensor for one in found.values() if one.sensor is not None)
        numbers = register.sensor_numbers(self._tenant, sensors)  # together: a commit each is a second for hundreds
        found |= {
            origin: _with_source(one, numbers[one.sensor]) for origin, one in found.items() if one.sensor is not None
        }
        self._resolved |= {origin: one for origin, one in found.items() if one.problem is None}
        return found

    def placed(self, sensor: str, register: PlacesRegister) -> Sequence[_Placed]:
        """Where a sensor has been; the register is read when the first row names a sensor."""
        return self._all_placed(register).get(sensor, [])

    def _all_placed(self, register: PlacesRegister) -> dict[str, list[_Placed]]:
        if self._placed is None:
            self._placed = _read_placed(register, self._tenant)
        return self._placed

    def _find(self, origin: Origin, register: PlacesRegister) -> Resolved:
        if origin.tenant not in (None, self._tenant):
            return _refused(f"the tenant is {origin.tenant!r}, but the key belongs to {self._tenant!r}")
        if origin.stairwell is None:
            return self._find_sensor(origin, register)
        series = self.numbers.get((origin.stairwell, origin.space))
        if problem := self._why_no_series(origin, series):
            return _refused(problem)
        if origin.sensor is not None:
            return self._find_sensor(origin, register)
        if origin.semantics in _COUNTED:
            return Resolved((Placement(self.numbers[origin.stairwell, origin.space], 0),))
        return self._find_in_space(origin, register)

    def _why_no_series(self, origin: Origin, series: int | None) -> str | None:
        if series is None:
            return (
                f"stairwell {origin.stairwell!r} has no space {origin.space!r} in the register; "
                "import it with its place, or set places.mode to learning"
            )
        if origin.kind not in _UNSAID and origin.kind != self._kinds[series]:
            return (
                f"the kind is {origin.kind}, but {origin.stairwell}/{origin.space} is registered as "
                f"{self._kinds[series]}; correct the row, or import the place with its kind"
            )
        return None

    def _find_in_space(self, origin: Origin, register: PlacesRegister) -> Resolved:
        """The one sensor that a message can come from which names none."""
        here = {
            one.sensor.sensor
            for places in self._all_placed(register).values()
            for one in places
            if (one.stairwell, one.space) == origin[:2] and one.sensor.semantics is origin.semantics
        }
        if len(here) == 1:
            return self._find_sensor(origin._replace(sensor=here.pop()), register)
        where, what = f"{origin.stairwell}/{origin.space}", f"sensor of semantics {origin.semantics}"
        if here:
            return _refused(f"{where} has more than one {what}; name the sensor in the row")
        return _refused(f"{where} has no {what} in the register; import one with its place and its liveness")

    def _find_sensor(self, origin: Origin, register: PlacesRegister) -> Resolved:
        sensor = str(origin.sensor)
        placed = self.placed(sensor, register)
        if not placed and (self._strict or origin.stairwell is None or origin.semantics not in _COUNTED):
            return _refused(f"sensor {sensor!r} is not in the register; import it with its place")
        here = [one for one in placed if origin.stairwell is None or (one.stairwell, one.space) == origin[:2]]
        if placed and not here:
            other = placed[-1]
            return _refused(f"sensor {sensor!r} is in {other.stairwell}/{other.space}; correct the row or the register")
        meant = [one for one in here if origin.semantics in (None, one.sensor.semantics)]
        if here and not meant:
            return _refused(
                f"sensor {sensor!r} is registered as {here[-1].sensor.semantics}, but the message is "
                f"{origin.semantics}; correct its semantics in the register, or what it sends"
            )
        if not meant:
            return Resolved((Placement(self.numbers[str(origin.stairwell), origin.space], 0),), sensor=sensor)
        been = {self.numbers[one.stairwell, one.space] for one in placed}
        return Resolved(tuple(self._placement(one, been) for one in meant), sensor=sensor)

    def _placement(self, placed: _Placed, been: set[int]) -> Placement:
        sensor, series = placed.sensor, self.numbers[placed.stairwell, placed.space]
        return Placement(
            series,
            0,
            _instant(sensor.valid_from, _ALWAYS[0]),
            _instant(sensor.valid_to, _ALWAYS[1]),
            sensor.semantics,
            sensor.liveness is Liveness.ASSUMED,
            tuple(sorted(been - {series})),
        )


def resolve_origins(ports: Ports, tenant: str, origins: Sequence[Origin]) -> list[Resolved]:
    """What the register says of each origin; in learning mode, spaces it does not know are registered first."""
    places = _places(ports, tenant)
    remembered = places.remembered(origins)
    unknown = [origin for origin, resolved in zip(origins, remembered, strict=True) if resolved is None]
    if ports.settings.places.mode == "learning":
        new = _new_spaces(places, tenant, unknown)
        if new:
            ports.register.learn(tenant, [(stairwell, space, kind) for (stairwell, space), kind in new.items()])
            places = _places(ports, tenant)
    found = places.resolve(unknown, ports.register)
    return [resolved or found[origin] for origin, resolved in zip(origins, remembered, strict=True)]


def sensor_semantics(ports: Ports, tenant: str, names: Iterable[str], time: datetime) -> tuple[str, Semantics] | None:
    """The sensor of the register that goes by one of the names, and what its messages mean at a time.

    A sensor that is nowhere at that time means what it means where it was put last.
    """
    places = _places(ports, tenant)
    for name in names:
        if placed := places.placed(name, ports.register):
            there = [one.sensor for one in placed if one.sensor.is_valid(time)]
            return name, (there or [placed[-1].sensor])[0].semantics
    return None


def _new_spaces(places: _TenantPlaces, tenant: str, origins: Iterable[Origin]) -> dict[tuple[str, str], Kind]:
    """Spaces to learn, with the kind that the first row that says one gives; a bad row teaches nothing."""
    new: dict[tuple[str, str], Kind | None] = {}
    for one in origins:
        if (
            one.stairwell is None
            or one.semantics not in _COUNTED
            or one.tenant not in (None, tenant)
            or one[:2] in places.numbers
        ):
            continue
        new[one.stairwell, one.space] = new.get((one.stairwell, one.space)) or one.kind
    return {place: kind or kind_named(place[1]) for place, kind in new.items()}


def _read_placed(register: PlacesRegister, tenant: str) -> dict[str, list[_Placed]]:
    found: defaultdict[str, list[_Placed]] = defaultdict(list)
    for stairwell in register.stairwells(tenant):
        for space in stairwell.spaces:
            for sensor in space.sensors:
                found[sensor.sensor].append(_Placed(stairwell.stairwell, space.space, sensor))
    return dict(found)


_views = RegisterView(_TenantPlaces)


def _places(ports: Ports, tenant: str) -> _TenantPlaces:
    return _views.of(ports.register, tenant, ports.settings.places.mode)


def _with_source(resolved: Resolved, source: int) -> Resolved:
    return resolved._replace(placements=tuple(one._replace(source=source) for one in resolved.placements))


def _refused(problem: str) -> Resolved:
    return Resolved((), problem)


def _instant(time: datetime | None, default: int) -> int:
    return nanoseconds(time) if time else default
