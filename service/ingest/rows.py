"""Rows that are read one by one: what one is refused for is its own problem, and the others are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from service.errors import RowProblem

Raw = TypeVar("Raw")
Row = TypeVar("Row")


def each_read(
    rows: Iterable[tuple[int, Raw] | RowProblem], read: Callable[[Raw], Row]
) -> Iterator[tuple[int, Row] | RowProblem]:
    """Rows as ``read`` makes them, under their numbers; for one that it refuses with ValueError a problem instead."""
    for item in rows:
        if isinstance(item, RowProblem):
            yield item
            continue
        number, raw = item
        try:
            row = read(raw)
        except ValueError as error:
            yield RowProblem(number, str(error))
        else:
            yield number, row
