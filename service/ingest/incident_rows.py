"""What is known from elsewhere of places, to evaluate lists by: a table of incidents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO
from zoneinfo import ZoneInfo

from service.domain.evaluations import Incident
from service.errors import RowProblem
from service.ingest.csv_table import read_table
from service.ingest.validation import validated
from service.ingest.wall_clock import instants

_REQUIRED, _OPTIONAL = ("stairwell", "start"), ("end",)


def read_incidents_csv(stream: BinaryIO, timezone: str) -> Iterator[tuple[int, Incident] | RowProblem]:
    """Rows of a table with columns stairwell, start and, as needed, end; bad rows as problems, in their places.

    A time without an offset is by the clock on the wall of ``timezone``.

    Raises
    ------
    InvalidInput
        At once, if the header lacks a column that is needed or has one that is not known.
    """
    table = read_table(stream, required=_REQUIRED, optional=_OPTIONAL)
    zone = ZoneInfo(timezone)
    return (
        item if isinstance(item, RowProblem) else _row(item[0], dict(zip(table.columns, item[1], strict=True)), zone)
        for item in table.rows
    )


def _row(number: int, cells: Mapping[str, str], zone: ZoneInfo) -> tuple[int, Incident] | RowProblem:
    given: dict[str, object] = {name: text.strip() for name, text in cells.items() if text.strip()}
    try:
        for name in ("start", "end"):
            if isinstance(text := given.get(name), str):
                given[name] = instants(text, zone)[0]
        return number, validated(given, Incident, text=True)
    except ValueError as error:
        return RowProblem(number, str(error))
