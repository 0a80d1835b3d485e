"""The port of places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from service.domain.places import Kind, PlaceRow, Sensor, Series, Stairwell


class PlacesRegister(Protocol):
    """Tenants, places, spaces and the sensors in them; hands out the numbers of series, never reused."""

    def put(self, rows: Iterable[PlaceRow]) -> int:
        """Add or update spaces (and their sensors) in one transaction; returns how many rows were taken.

        A space keeps its series number for ever. What a row leaves blank about a building stays as it is known. A
        stairwell that was learnt under ``unknown`` may be put into its building. Raises Conflict, and takes nothing, if
        a stairwell would move from one building to another or two validity intervals of one sensor overlap.
        """

    def learn(self, tenant: str, spaces: Iterable[tuple[str, str, Kind]]) -> None:
        """Register those (stairwell, space, kind) that are new, in one transaction.

        A new stairwell is put under area, property and building ``unknown``; the kind of a known space stays. Read
        their numbers from :meth:`index`.
        """

    def index(self, tenant: str) -> Mapping[tuple[str, str], int]:
        """Series number of each (stairwell, space) of a tenant: one look-up a batch, one dict access a row."""

    def sensor_numbers(self, tenant: str, sensors: Iterable[str]) -> Mapping[str, int]:
        """Sensors' numbers for :attr:`CountPoints.sources`: above 0, never reused.

        They are handed out when first asked for, in one transaction.
        """

    def sensor_name(self, number: int) -> str:
        """The sensor that a number was handed out to; raises NotFound."""

    def revision(self) -> int:
        """A number that grows whenever anything in the register changes: what a cache is checked against."""

    def series(self, tenant: str | None = None) -> list[Series]:
        """All series of one tenant, or of all, by number."""

    def stairwells(self, tenant: str, after: str | None = None, limit: int | None = None) -> list[Stairwell]:
        """Stairwells with their buildings, spaces and sensors, by id; ``after`` is the last id of the page before."""

    def stairwell(self, tenant: str, stairwell: str) -> Stairwell:
        """One stairwell; raises NotFound."""

    def sensors(self, series: int) -> list[Sensor]:
        """The sensors a series has had, by start of validity."""
