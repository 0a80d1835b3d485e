"""The places register from CSV and JSON: a space a row, with its building and at most one of its sensors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from zoneinfo import ZoneInfo

from service.domain.keys import EVERY_TENANT
from service.domain.places import PlaceRow
from service.errors import RowProblem
from service.ingest.json_rows import read_json_rows
from service.ingest.rows import each_read
from service.ingest.struct_rows import read_struct_rows
from service.ingest.validation import validated
from service.ingest.wall_clock import instants

COLUMNS = PlaceRow.__struct_fields__


def read_places_csv(stream: BinaryIO, timezone: str) -> Iterator[tuple[int, PlaceRow] | RowProblem]:
    """Rows of a table of places, numbered by line; bad rows as problems, in their places.

    An empty cell is left at its default. A validity without an offset is by the clock on the wall of ``timezone``, one
    without a time begins at midnight.

    Raises
    ------
    InvalidInput
        At once, if the header has a column that is not in the register, or lacks one that is needed.
    """
    return each_read(read_struct_rows(stream, timezone, PlaceRow), _checked)


def read_places_json(body: bytes, timezone: str) -> Iterator[tuple[int, PlaceRow] | RowProblem]:
    """Rows of ``{"places": [{"tenant": ..., ...}, ...]}``, numbered from 1; otherwise like :func:`read_places_csv`.

    Raises
    ------
    InvalidInput
        At once, if the body as a whole is not of this form. A key that is not in the register is its row's problem.
    """
    zone = ZoneInfo(timezone)
    return read_json_rows(body, "places", lambda row: _checked(_place(row, zone)))


def _place(values: object, zone: ZoneInfo) -> PlaceRow:
    if not isinstance(values, dict):
        raise ValueError("a place is an object with a key a column")  # noqa: TRY004 - the row is at fault
    if foreign := [name for name in values if name not in COLUMNS]:
        raise ValueError(f"{foreign[0]!r} is unknown and may not be sent; keys are {', '.join(COLUMNS)}")
    given = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    for end in ("valid_from", "valid_to"):
        if isinstance(written := given.get(end), str):
            given[end] = instants(written, zone)[0]
    return validated(given, PlaceRow)


def _checked(place: PlaceRow) -> PlaceRow:
    """The place, if it is one by what no type can tell."""
    if place.tenant == EVERY_TENANT:
        raise ValueError(f"the tenant {EVERY_TENANT!r} stands for every tenant and has no places; name one")
    if (place.latitude is None) != (place.longitude is None):
        raise ValueError("latitude and longitude go together; give both or neither")
    if (place.valid_from or place.valid_to) and place.sensor is None:
        raise ValueError("a validity is a sensor's; name the sensor or leave valid_from and valid_to empty")
    if place.valid_from and place.valid_to and place.valid_from >= place.valid_to:
        raise ValueError("valid_to must be later than valid_from; the interval holds its start, not its end")
    return place
