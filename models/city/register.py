"""The places of a simulated town: tenants, areas, properties, buildings, stairwells, spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.city.normal import KINDS_OF_LIFE
from models.city.parameters import CityParameters

_STREETS = ("Gransångarvägen", "Tranbärsgatan", "Fjällräven", "Spelmansvägen", "Vattugatan", "Lyktgränd")
_CENTRE = (59.28, 18.03)  # a made-up town south of Stockholm: no address is real
_AREA_SPREAD_DEGREES = 0.03
_BUILDING_SPREAD_DEGREES = 0.004
_BUILDINGS_PER_PROPERTY = 3


@dataclass(frozen=True)
class SimulatedPlace:
    """One series: a space of a stairwell, and where it lies."""

    tenant: str
    area: str
    property: str
    building: str
    address: str
    latitude: float
    longitude: float
    dwellings: int
    stairwell: str
    space: str
    kind: str


def draw_places(random: np.random.Generator, stairwells: int, parameters: CityParameters) -> tuple[SimulatedPlace, ...]:
    """One or two series in each stairwell, ordered by stairwell; dwellings are those of the building."""
    places: list[SimulatedPlace] = []
    first = building = 0
    while first < stairwells:
        low, high = parameters.stairwells_per_building
        size = min(int(random.integers(low, high + 1)), stairwells - first)
        places.extend(_draw_building(random, building, first, size, parameters))
        first += size
        building += 1
    return tuple(places)


def _draw_building(
    random: np.random.Generator, number: int, first: int, size: int, parameters: CityParameters
) -> list[SimulatedPlace]:
    tenant_number = number % len(parameters.tenants)
    tenant = parameters.tenants[tenant_number]
    property_number = number // (_BUILDINGS_PER_PROPERTY * len(parameters.tenants))
    area = property_number % parameters.areas_per_tenant
    angle = 2 * np.pi * (area + tenant_number / len(parameters.tenants)) / parameters.areas_per_tenant
    offset = random.normal(0.0, _BUILDING_SPREAD_DEGREES, 2)
    latitude = _CENTRE[0] + _AREA_SPREAD_DEGREES * np.sin(angle) + offset[0]
    longitude = _CENTRE[1] + 2 * (_AREA_SPREAD_DEGREES * np.cos(angle) + offset[1])
    street = _STREETS[number % len(_STREETS)]
    dwellings = int(random.integers(6, 25, size).sum())
    places = []
    for k in range(size):
        for kind in _draw_kinds(random, parameters):
            places.append(
                SimulatedPlace(
                    tenant=tenant,
                    area=f"{tenant}-{area + 1}",
                    property=f"{tenant}-f{property_number + 1}",
                    building=f"b{number + 1:04d}",
                    address=f"{street} {2 * (number // len(_STREETS)) + 1} {chr(ord('A') + k)}",
                    latitude=round(float(latitude), 5),
                    longitude=round(float(longitude), 5),
                    dwellings=dwellings,
                    stairwell=f"t{first + k + 1:05d}",
                    space=kind,
                    kind=kind,
                )
            )
    return places


def _draw_kinds(random: np.random.Generator, parameters: CityParameters) -> list[str]:
    kinds = list(KINDS_OF_LIFE)
    shares = np.array([KINDS_OF_LIFE[kind].share for kind in kinds])
    count = 1 + int(random.random() < parameters.second_space_share)
    return [kinds[k] for k in random.choice(len(kinds), count, replace=False, p=shares / shares.sum())]
