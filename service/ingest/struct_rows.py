"""Tables whose columns are the members of a struct, a row a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, TypeVar, get_args, get_type_hints
from zoneinfo import ZoneInfo

import msgspec

from service.errors import RowProblem
from service.ingest.csv_table import read_table
from service.ingest.rows import each_read
from service.ingest.validation import validated
from service.ingest.wall_clock import instants

Row = TypeVar("Row", bound=msgspec.Struct)


def read_struct_rows(stream: BinaryIO, timezone: str, wanted: type[Row]) -> Iterator[tuple[int, Row] | RowProblem]:
    """Rows of a table as structs, numbered by line; bad rows as problems, in their places.

    An empty cell says nothing: the member is left at its default. A time without an offset is by the clock on the wall
    of ``timezone``, one without an hour is midnight. Decimals may follow a comma, as in Swedish.

    Raises
    ------
    InvalidInput
        At once, if the header lacks a column that is needed or has one that is not known.
    """
    fields = msgspec.structs.fields(wanted)
    table = read_table(
        stream,
        required=[field.name for field in fields if field.required],
        optional=[field.name for field in fields if not field.required],
    )
    hints = {name: (hint, *get_args(hint)) for name, hint in get_type_hints(wanted).items()}
    times, decimals = ([name for name in hints if kind in hints[name]] for kind in (datetime, float))
    zone = ZoneInfo(timezone)

    def read(cells: Sequence[str]) -> Row:
        named = zip(table.columns, map(str.strip, cells), strict=True)
        given: dict[str, object] = {name: text for name, text in named if text}
        given |= {name: instants(str(given[name]), zone)[0] for name in times if name in given}
        given |= {name: str(given[name]).replace(",", ".") for name in decimals if name in given}
        return validated(given, wanted, text=True)

    return each_read(table.rows, read)
