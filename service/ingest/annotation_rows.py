"""Annotations and patrol visits from CSV and JSON, a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import BinaryIO, TypeVar
from zoneinfo import ZoneInfo

from service.domain.annotations import AnnotationKind, AnnotationRow, PatrolVisit
from service.errors import RowProblem
from service.ingest.csv_table import read_table
from service.ingest.json_rows import read_json_rows
from service.ingest.validation import validated
from service.ingest.wall_clock import instants

Row = TypeVar("Row", AnnotationRow, PatrolVisit)

_ANNOTATION = ("kind", "start", "end")
_VISIT = ("stairwell", "arrived")
_TIMES = ("start", "end", "arrived", "left")


def read_annotations_csv(stream: BinaryIO, timezone: str) -> Iterator[tuple[int, AnnotationRow] | RowProblem]:
    """Rows of a table of annotations, numbered by line; bad rows as problems, in their places.

    A time without an offset is by the clock on the wall of ``timezone``; an empty cell says nothing.

    Raises
    ------
    InvalidInput
        At once, if the header lacks a column that is needed or has one that is not known.
    """
    return _read_csv(stream, timezone, AnnotationRow, _ANNOTATION)


def read_visits_csv(stream: BinaryIO, timezone: str) -> Iterator[tuple[int, PatrolVisit] | RowProblem]:
    """Rows of a table of patrol visits; otherwise like :func:`read_annotations_csv`."""
    return _read_csv(stream, timezone, PatrolVisit, _VISIT)


def read_visits_json(body: bytes) -> Iterator[tuple[int, PatrolVisit] | RowProblem]:
    """Rows of ``{"visits": [{"stairwell": ..., "arrived": ...}, ...]}``, numbered from 1; times have an offset.

    Raises
    ------
    InvalidInput
        At once, if the body as a whole is not of this form.
    """
    for number, values in enumerate(read_json_rows(body, "visits"), start=1):
        try:
            yield number, validated(values, PatrolVisit)
        except ValueError as error:
            yield RowProblem(number, str(error))


def _read_csv(
    stream: BinaryIO, timezone: str, wanted: type[Row], required: tuple[str, ...]
) -> Iterator[tuple[int, Row] | RowProblem]:
    optional = tuple(name for name in wanted.__struct_fields__ if name not in required)
    table = read_table(stream, required=required, optional=optional)
    zone = ZoneInfo(timezone)
    return (
        item
        if isinstance(item, RowProblem)
        else _row(item[0], dict(zip(table.columns, item[1], strict=True)), zone, wanted)
        for item in table.rows
    )


def _row(number: int, cells: Mapping[str, str], zone: ZoneInfo, wanted: type[Row]) -> tuple[int, Row] | RowProblem:
    given: dict[str, object] = {name: text.strip() for name, text in cells.items() if text.strip()}
    try:
        for name in _TIMES:
            if isinstance(text := given.get(name), str):
                given[name] = instants(text, zone)[0]
        if (kind := given.get("kind")) not in (None, *AnnotationKind):
            raise ValueError(f"kind: invalid value {kind!r}; use one of {', '.join(AnnotationKind)}")  # noqa: TRY301
        return number, validated(given, wanted, text=True)
    except ValueError as error:
        return RowProblem(number, str(error))
