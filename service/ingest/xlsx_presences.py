"""Presences from a spreadsheet, one a row, as sensors that tell of stays are reported by their makers.

Nothing is evaluated: of a formula the value that the spreadsheet program has kept is read. Only what the packed file
itself promises to unpack to is unpacked, and a file that promises too much is refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from service.domain.places import Identifier, Kind, Semantics
from service.domain.readings import DEFAULT_SPACE, Origin, Reading
from service.errors import InvalidInput, RowProblem
from service.ingest.headers import HEADERS, kind_as_written, meanings
from service.ingest.validation import validated
from service.ingest.wall_clock import instants, is_clock

MAX_FILE_BYTES = 50 * 2**20
MAX_UNPACKED_BYTES = 500 * 2**20
MAX_PARTS = 1_000
MAX_ROWS = 1_048_576
"""As many as a spreadsheet can hold; a file that numbers its rows higher is not read further."""
MAX_COLUMNS = 50
HEADER_WITHIN_ROWS = 20
PROGRESS_ROWS = 10_000

_MEANING = meanings(HEADERS.keys() - {"count"})
_WANTED = (
    "a row needs a start (start, or datum and tid), a length (varaktighet in minutes, sekunder, or slut) "
    "and a place (trapphus, or sensor); counts of windows are imported as CSV"
)

Cells = Mapping[str, Any]
Rows = Iterator[tuple[int, Reading] | RowProblem]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    stairwell: Identifier | None = None
    space: Identifier = DEFAULT_SPACE
    kind: Kind | None = None
    sensor: Identifier | None = None


def read_presences_xlsx(
    stream: BinaryIO, timezone: str, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Rows:
    """Presences of the first sheet of a workbook, numbered by row; bad rows as problems, in their places.

    Times are by the clock on the wall of ``timezone``, in the hour that autumn repeats by its first passing.

    Parameters
    ----------
    stream
        An XLSX file, seekable. Its header, within the first rows, has the names of
        :data:`~service.ingest.headers.HEADERS`.
    timezone
        IANA name.
    progress
        Called now and then with the rows read and the rows there are said to be.

    Raises
    ------
    InvalidInput
        If it is no such file, it is too large, packed or unpacked, or the header is not such a header.
    """
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.15 s, for those who have such a file

    _check_size(stream)
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        total = sheet.max_row or 0
        sheet.reset_dimensions()
        cells = sheet.iter_rows(max_row=MAX_ROWS, max_col=MAX_COLUMNS, values_only=True)
        numbered = enumerate(cells, start=1)
        header = _find_header(numbered)
    except InvalidInput:
        raise
    except Exception as error:
        raise _damaged(error) from error
    return _rows(numbered, header, ZoneInfo(timezone), lambda row: progress(row, max(total, row)))


def _check_size(stream: BinaryIO) -> None:
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > MAX_FILE_BYTES:
        raise InvalidInput(f"the file has {size} bytes, more than {MAX_FILE_BYTES}; split it")
    try:
        with zipfile.ZipFile(stream) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(error) from error
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise InvalidInput(f"the file unpacks to more than {MAX_UNPACKED_BYTES} bytes or {MAX_PARTS} parts; split it")
    stream.seek(0)


def _damaged(error: Exception) -> InvalidInput:
    return InvalidInput(f"the file cannot be read as XLSX ({type(error).__name__}); save it again as an Excel workbook")


def _find_header(rows: Iterator[tuple[int, Sequence[Any]]]) -> list[str | None]:
    """Meanings of the columns, None of those without a name."""
    unknown = ""
    for number, cells in rows:
        names = [str(cell).strip().lower() if cell is not None else None for cell in cells]
        meanings = [_MEANING.get(name) if name else None for name in names]
        if _suffices(meanings):
            if foreign := [name for name, meaning in zip(names, meanings, strict=True) if name and not meaning]:
                raise InvalidInput(f"row {number}: the column {foreign[0]!r} is unknown and may not be sent; delete it")
            if twice := {meaning for meaning in meanings if meaning and meanings.count(meaning) > 1}:
                raise InvalidInput(f"row {number}: more than one column is {twice.pop()!r}; keep one of them")
            return meanings
        unknown = unknown or ", ".join(name for name in names if name)
        if number >= HEADER_WITHIN_ROWS:
            break
    raise InvalidInput(f"there is no header within {HEADER_WITHIN_ROWS} rows, only {unknown[:200]!r}; {_WANTED}")


def _suffices(meanings: Sequence[str | None]) -> bool:
    named = set(meanings)
    return bool(
        named & {"start", "clock"} and named & {"end", "minutes", "seconds"} and named & {"stairwell", "sensor"}
    )


def _rows(
    numbered: Iterator[tuple[int, Sequence[Any]]],
    header: list[str | None],
    zone: ZoneInfo,
    progress: Callable[[int], None],
) -> Rows:
    number = 0
    try:
        for number, row in numbered:
            cells = {name: cell for name, cell in zip(header, row, strict=False) if name and cell not in (None, "")}
            if cells:
                yield _row(number, cells, zone)
            if number % PROGRESS_ROWS == 0:
                progress(number)
    except Exception as error:
        raise _damaged(error) from error
    progress(number)


def _row(number: int, cells: Cells, zone: ZoneInfo) -> tuple[int, Reading] | RowProblem:
    try:
        return number, _reading(cells, zone)
    except ValueError as error:
        return RowProblem(number, str(error))


def _reading(cells: Cells, zone: ZoneInfo) -> Reading:
    start = _start(cells, zone)
    place = _place(cells)
    origin = Origin(place.stairwell, place.space, place.kind, place.sensor, None, Semantics.PRESENCE)
    return Reading(origin, start, round(_length(cells, start, zone).total_seconds()))


def _place(cells: Cells) -> _Place:
    names = {name: _text(cells[name]) for name in ("stairwell", "space", "kind", "sensor") if name in cells}
    if not names.keys() & {"stairwell", "sensor"}:
        raise ValueError("the row names neither a stairwell nor a sensor")
    if "kind" in names:
        names["kind"] = kind_as_written(names["kind"])
    return validated(names, _Place)


def _text(cell: object) -> str:
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).strip()


def _start(cells: Cells, zone: ZoneInfo) -> datetime:
    cell = cells.get("start", cells.get("clock"))
    if cell is None:
        raise ValueError("the row has no start; a date alone does not tell the hour")
    return _instants(cell, cells.get("date"), zone)[0]


def _length(cells: Cells, start: datetime, zone: ZoneInfo) -> timedelta:
    for name, unit in (("minutes", timedelta(minutes=1)), ("seconds", timedelta(seconds=1))):
        if name in cells:
            return _duration(cells[name], unit)
    if "end" not in cells:
        raise ValueError("the row has no length")
    end = next((end for end in _ends(cells["end"], start.astimezone(zone), zone) if end >= start), None)
    if end is None:
        raise ValueError("the presence ends before it starts")
    return end - start


def _ends(cell: object, began: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants that an end can mean, earliest first; a clock alone is that of the day it began, or of the next."""
    with suppress(ValueError):  # a time of the next day may be one that spring left out on this one
        yield from _instants(cell, began, zone)
    yield from _instants(cell, began + timedelta(days=1), zone)


def _duration(cell: object, unit: timedelta) -> timedelta:
    match cell:
        case timedelta():
            length = cell
        case time():
            length = timedelta(hours=cell.hour, minutes=cell.minute, seconds=cell.second)
        case bool():
            raise ValueError(f"the length is {cell!r}, not a number")
        case int() | float():
            length = _times(float(cell), unit)
        case _:
            length = _written_duration(str(cell).strip(), unit)
    if length < timedelta():
        raise ValueError(f"the length is {cell}, but nobody stays a negative time")
    return length


def _written_duration(text: str, unit: timedelta) -> timedelta:
    try:
        if ":" in text:
            hours, minutes, *seconds = map(int, text.split(":"))
            return timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
        return _times(float(text.replace(",", ".")), unit)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"the length is {text[:50]!r}; write minutes, or hours and minutes like 0:25") from error


def _times(number: float, unit: timedelta) -> timedelta:
    try:
        return number * unit
    except (OverflowError, ValueError) as error:
        raise ValueError(f"the length is {number}, not a time") from error


def _instants(cell: object, day: object, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants that a cell can mean; ``day`` is that of a cell that holds the clock alone."""
    if isinstance(cell, time) or (isinstance(cell, str) and is_clock(cell)):
        if day is None:
            raise ValueError(f"the time is {str(cell)[:50]!r}, without a date")
        if not isinstance(day, date):
            day = instants(_text(day), zone)[0].astimezone(zone)
        return instants(f"{day:%Y-%m-%d}T{cell}", zone)
    if isinstance(cell, datetime):
        cell = (cell + timedelta(milliseconds=500)).replace(microsecond=0)  # a spreadsheet's day is a rounded fraction
    return instants(_text(cell), zone)
