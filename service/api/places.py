"""Places: the tenant's stairwells with their buildings, spaces and sensors."""

from __future__ import annotations

import msgspec

from service.api.paging import Page, PageQuery
from service.api.routes import Routes
from service.api.rows import RowsAccepted, accepted
from service.domain.keys import FINDING_READERS, Key, Role
from service.domain.places import Building, Identifier, Kind, PlaceRow, Sensor, Space, Stairwell
from service.errors import NotFound, RowsRefused
from service.ingest.places_files import read_places_json
from service.ports import Ports
from service.usecases.findings.queries import list_stairwells, read_stairwell
from service.usecases.intake.places import import_places
from service.usecases.revisions import places_revision

routes = Routes("Places")


class PlaceBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places to add or update, a row per space and sensor."""

    places: list[PlaceRow]


class StairwellPage(Page[Stairwell], frozen=True):
    """Stairwells by id."""


_STAIRWELL = Stairwell(
    stairwell="kvarnen-3a",
    building=Building(
        tenant="demo",
        area="Norra",
        property="Kvarnen 3",
        building="kvarnen-3",
        address="Kvarngatan 3",
        latitude=59.33,
        longitude=18.06,
        dwellings=24,
    ),
    spaces=[Space(space="cellar", kind=Kind.CELLAR, sensors=[Sensor(sensor="a81758fffe0312ab")])],
)
_ROW = PlaceRow(
    tenant="demo",
    area="Norra",
    property="Kvarnen 3",
    building="kvarnen-3",
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    address="Kvarngatan 3",
    dwellings=24,
    sensor="a81758fffe0312ab",
)


@routes.declare(
    "GET",
    "/v1/places",
    roles=FINDING_READERS,
    answered=StairwellPage.of([_STAIRWELL], "kvarnen-3a"),
    revision=places_revision,
)
def list_places(ports: Ports, key: Key, query: PageQuery) -> StairwellPage:
    """List stairwells, by id."""
    return StairwellPage.of(*list_stairwells(ports, key.tenant, query.after(str), query.limit))


@routes.declare(
    "GET",
    "/v1/places/{stairwell}",
    roles=FINDING_READERS,
    raises=(NotFound,),
    answered=_STAIRWELL,
    revision=places_revision,
)
def read_place(ports: Ports, key: Key, stairwell: Identifier) -> Stairwell:
    """Read one stairwell."""
    return read_stairwell(ports, key.tenant, stairwell)


@routes.declare(
    "POST",
    "/v1/places",
    roles=(Role.OPERATOR,),
    raises=(RowsRefused,),
    reads=PlaceBatch,
    sent=PlaceBatch([_ROW]),
    answered=RowsAccepted(1),
)
def post_places(ports: Ports, key: Key, body: bytes) -> RowsAccepted:
    """Add or update places, a row per space and sensor.

    Good rows are kept even if others are not: then the answer is 422 and names each bad row. Sending rows again does
    no harm. The tenant of every row must be the key's.
    """
    rows = read_places_json(body, ports.settings.general.timezone)
    return accepted(import_places(ports, rows, tenant=key.tenant))
