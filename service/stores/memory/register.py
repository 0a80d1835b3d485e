"""The places register in dicts."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from service.domain.places import UNKNOWN, Building, Kind, PlaceRow, Sensor, Series, Space, Stairwell
from service.stores.places import check_intervals
from service.stores.refusals import sensor_not_found, stairwell_not_found, stairwell_would_move


@dataclass
class _Space:
    """What the register knows of a space; its sensors by (sensor, start of validity)."""

    number: int
    kind: Kind
    sensors: dict[tuple[str, datetime | None], Sensor] = field(default_factory=dict)


@dataclass
class _Places:
    """All of the register: buildings by (tenant, area, property, building), stairwells by (tenant, stairwell).

    ``doors`` holds what was told of the address and position of a stairwell itself.
    """

    buildings: dict[tuple[str, str, str, str], Building] = field(default_factory=dict)
    homes: dict[tuple[str, str], tuple[str, str, str, str]] = field(default_factory=dict)
    doors: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    spaces: dict[tuple[str, str], dict[str, _Space]] = field(default_factory=dict)
    numbers: int = 0


class MemoryPlacesRegister:
    """Places in dicts; a put that fails leaves them as they were."""

    def __init__(self) -> None:
        self._places = _Places()
        self._sensor_numbers: dict[tuple[str, str], int] = {}
        self._revision = 0

    def put(self, rows: Iterable[PlaceRow]) -> int:
        """Add or update all rows, or none."""
        places = copy.deepcopy(self._places)
        taken = 0
        for row in rows:
            space = _put_space(places, row)
            if row.sensor is not None:
                space.sensors[row.sensor, row.valid_from] = Sensor(
                    sensor=row.sensor,
                    valid_from=row.valid_from,
                    valid_to=row.valid_to,
                    semantics=row.semantics,
                    liveness=row.liveness,
                )
            taken += 1
        _check_sensors(places)
        self._places = places
        self._revision += 1
        return taken

    def learn(self, tenant: str, spaces: Iterable[tuple[str, str, Kind]]) -> None:
        """Register those that are new."""
        new: dict[tuple[str, str], PlaceRow] = {}
        for stairwell, space, kind in spaces:
            if space not in self._places.spaces.get((tenant, stairwell), {}):
                new.setdefault((stairwell, space), self._learnt(tenant, stairwell, space, kind))
        if new:
            self.put(new.values())

    def _learnt(self, tenant: str, stairwell: str, space: str, kind: Kind) -> PlaceRow:
        home = self._places.homes.get((tenant, stairwell), (tenant, UNKNOWN, UNKNOWN, UNKNOWN))
        _, area, estate, building = home
        return PlaceRow(
            tenant=tenant, area=area, property=estate, building=building, stairwell=stairwell, space=space, kind=kind
        )

    def sensor_name(self, number: int) -> str:
        """The sensor that a number was handed out to; raises NotFound."""
        for (_, sensor), known in self._sensor_numbers.items():
            if known == number:
                return sensor
        raise sensor_not_found(number)

    def revision(self) -> int:
        """Grows with every put."""
        return self._revision

    def index(self, tenant: str) -> Mapping[tuple[str, str], int]:
        """Series numbers of a tenant."""
        return {(one.stairwell, one.space): one.number for one in self.series(tenant)}

    def sensor_numbers(self, tenant: str, sensors: Iterable[str]) -> Mapping[str, int]:
        """Numbers of sensors, handed out when first asked for."""
        known = self._sensor_numbers
        return {sensor: known.setdefault((tenant, sensor), len(known) + 1) for sensor in sensors}

    def series(self, tenant: str | None = None) -> list[Series]:
        """Series by number."""
        found = [
            Series(
                number=space.number,
                tenant=owner,
                stairwell=stairwell,
                space=name,
                kind=space.kind,
                area=self._places.homes[owner, stairwell][1],
            )
            for (owner, stairwell), spaces in self._places.spaces.items()
            for name, space in spaces.items()
            if tenant in (None, owner)
        ]
        return sorted(found, key=lambda one: one.number)

    def stairwells(self, tenant: str, after: str | None = None, limit: int | None = None) -> list[Stairwell]:
        """A page of stairwells by id."""
        ids = sorted(name for owner, name in self._places.homes if owner == tenant and name > (after or ""))
        return [self.stairwell(tenant, name) for name in ids[:limit]]

    def stairwell(self, tenant: str, stairwell: str) -> Stairwell:
        """One stairwell; raises NotFound."""
        if (tenant, stairwell) not in self._places.homes:
            raise stairwell_not_found(tenant, stairwell)
        spaces = sorted(self._places.spaces[tenant, stairwell].items())
        return Stairwell(
            stairwell=stairwell,
            building=msgspec.structs.replace(
                self._places.buildings[self._places.homes[tenant, stairwell]], **self._places.doors[tenant, stairwell]
            ),
            spaces=[Space(space=name, kind=space.kind, sensors=_by_start(space)) for name, space in spaces],
        )

    def sensors(self, series: int) -> list[Sensor]:
        """The sensors of one series."""
        spaces = (space for spaces in self._places.spaces.values() for space in spaces.values())
        return next((_by_start(space) for space in spaces if space.number == series), [])


def _put_space(places: _Places, row: PlaceRow) -> _Space:
    path = (row.tenant, row.area, row.property, row.building)
    home = places.homes.setdefault((row.tenant, row.stairwell), path)
    if home != path:
        if home[1:] != (UNKNOWN, UNKNOWN, UNKNOWN):
            raise stairwell_would_move(row, home[1:])
        places.homes[row.tenant, row.stairwell] = path
    places.doors.setdefault((row.tenant, row.stairwell), {}).update(_stated(row, "address", "latitude", "longitude"))
    _put_building(places, path, row)
    spaces = places.spaces.setdefault((row.tenant, row.stairwell), {})
    if row.space not in spaces:
        places.numbers += 1
        spaces[row.space] = _Space(places.numbers, row.kind)
    spaces[row.space].kind = row.kind
    return spaces[row.space]


def _put_building(places: _Places, path: tuple[str, str, str, str], row: PlaceRow) -> None:
    tenant, area, estate, building = path
    known = places.buildings.get(path, Building(tenant=tenant, area=area, property=estate, building=building))
    places.buildings[path] = msgspec.structs.replace(
        known, **_stated(row, "address", "latitude", "longitude", "dwellings")
    )


def _stated(row: PlaceRow, *names: str) -> dict[str, Any]:
    """What the row does not leave blank."""
    return {name: value for name in names if (value := getattr(row, name)) not in (None, "")}


def _check_sensors(places: _Places) -> None:
    placements: dict[tuple[str, str], list[Sensor]] = {}
    for (tenant, _), spaces in places.spaces.items():
        for space in spaces.values():
            for (sensor, _), placement in space.sensors.items():
                placements.setdefault((tenant, sensor), []).append(placement)
    for of_one in placements.values():
        check_intervals(of_one)


def _by_start(space: _Space) -> list[Sensor]:
    return sorted(space.sensors.values(), key=lambda one: (one.valid_from is not None, one.valid_from, one.sensor))
