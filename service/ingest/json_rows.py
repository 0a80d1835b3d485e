"""JSON that may be faulty in single rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TypeVar

from service.errors import InvalidInput, RowProblem
from service.ingest.rows import each_read

Row = TypeVar("Row")


def read_json_rows(body: bytes, key: str, read: Callable[[object], Row]) -> Iterator[tuple[int, Row] | RowProblem]:
    """The rows of ``{key: [...]}`` as ``read`` makes them, numbered from 1; bad rows as problems, in their places.

    ``NaN`` and ``Infinity``, which many programs write although JSON has none, are read, so that they are a fault of
    their row and not of the body.

    Raises
    ------
    InvalidInput
        At once, if the body is not UTF-8, not JSON, or not an object with this one key and an array.
    """
    try:
        document = json.loads(body.decode("utf-8"), parse_int=_integer)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"the body is not UTF-8 (byte {error.start + 1})") from error
    except json.JSONDecodeError as error:
        raise InvalidInput(f"the body is not JSON: {error.msg} in line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise InvalidInput("the body is nested too deeply") from error
    if not isinstance(document, dict) or document.keys() != {key} or not isinstance(document[key], list):
        raise InvalidInput(f'the body must be an object with the one key "{key}", an array of rows')
    return each_read(enumerate(document[key], start=1), read)


def with_whole_numbers(row: object) -> object:
    """The row with 3.0 as 3, since JSON has one kind of number.

    Examples
    --------
    >>> with_whole_numbers({"stairwell": "A", "count": 3.0})
    {'stairwell': 'A', 'count': 3}
    """
    if not isinstance(row, dict):
        return row
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in row.items()
    }


def _integer(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits; as a float they fail in their row alone."""
    return int(digits) if len(digits) <= 20 else float(digits)
