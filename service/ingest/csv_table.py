"""Tables as text between commas, semicolons or tabs, a row a line; spreadsheets' byte order mark is tolerated."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from service.errors import InvalidInput, RowProblem


@dataclass(frozen=True)
class CsvTable:
    """The columns of a table, and its rows with the number of their line; the rows can be read once."""

    columns: list[str]
    rows: Iterator[tuple[int, list[str]] | RowProblem]


def read_table(
    stream: BinaryIO, *, required: Collection[str], optional: Collection[str], names: Mapping[str, str] | None = None
) -> CsvTable:
    """Read the header of a table and make its rows ready to be streamed.

    ``names`` say what columns mean that may be called otherwise. A row ends with its line, quoted or not: so an
    unclosed quote spoils one row, not the rest of the file.

    Raises
    ------
    InvalidInput
        If the header lacks a required column, repeats one, or has one that is not known: what Trappvakt has no use
        for, data on persons above all, is to stay outside.
    """
    try:
        header = stream.readline().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput("line 1 is not UTF-8; save the file as CSV UTF-8") from error
    delimiter = max(",;\t", key=header.count)
    try:
        written = [cell.strip().lower() for cell in _cells(header, delimiter)]
    except ValueError as error:
        raise InvalidInput(f"line 1: {error}") from error
    columns = [(names or {}).get(name, name) for name in written]
    _check(columns, written, required, optional)
    return CsvTable(columns, _rows(stream, delimiter, len(columns)))


def _check(columns: list[str], written: list[str], required: Collection[str], optional: Collection[str]) -> None:
    known = f"columns are {', '.join(required)}" + (f" and, as needed, {', '.join(optional)}" if optional else "")
    if missing := [name for name in required if name not in columns]:
        raise InvalidInput(f"line 1: the header has no column {missing[0]!r}; {known}")
    for position, name in enumerate(columns):
        if name not in required and name not in optional:
            raise InvalidInput(f"line 1: the column {name!r} is unknown and may not be sent; {known}")
        if name in columns[:position]:
            both = {written[columns.index(name)], written[position]}
            if len(both) > 1:
                both_told = " and ".join(map(repr, sorted(both)))
                raise InvalidInput(f"line 1: the columns {both_told} both say {name!r}; keep one of them")
            raise InvalidInput(f"line 1: the column {name!r} stands there twice")


def _rows(stream: BinaryIO, delimiter: str, width: int) -> Iterator[tuple[int, list[str]] | RowProblem]:
    for number, line in enumerate(stream, start=2):
        try:
            text = line.decode("utf-8")
            if text.isspace():
                continue
            cells = _cells(text, delimiter)
        except UnicodeDecodeError:
            yield RowProblem(number, "this line is not UTF-8; save the file as CSV UTF-8")
        except ValueError as error:
            yield RowProblem(number, str(error))
        else:
            if len(cells) == width:
                yield number, cells
            else:
                yield RowProblem(number, f"this line has {len(cells)} cells, but the header has {width}")


def _cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line; without a quote in it, splitting is all that a CSV parser would do."""
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise ValueError(f"a quote is not closed on its line, or stands inside a cell ({error})") from error
