"""Counts as JSON: ``{"counts": [{"stairwell": ..., "space": ..., "time": ..., "count": ...}, ...]}``."""

from __future__ import annotations

import msgspec

from service.domain.readings import CountRow
from service.errors import RowProblem
from service.ingest.json_rows import read_json_rows, with_whole_numbers
from service.ingest.validation import validated


class CountBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that brings counts."""

    counts: list[CountRow]


_decoder = msgspec.json.Decoder(CountBatch)


def read_counts_json(body: bytes) -> list[tuple[int, CountRow] | RowProblem]:
    """The rows of a body, numbered from 1; bad rows as problems, in their places.

    A body without a fault is decoded in one go, any other row by row; so is one that writes whole numbers as 3.0.

    Raises
    ------
    InvalidInput
        If the body as a whole is not of this form.

    Examples
    --------
    >>> body = b'{"counts": [{"stairwell": "A", "time": "2026-07-01T16:00:00Z", "count": 2}, {"stairwell": "A"}]}'
    >>> good, bad = read_counts_json(body)
    >>> good[1].count, str(bad)
    (2, 'row 2: missing required field time')
    """
    try:
        return list(enumerate(_decoder.decode(body).counts, start=1))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return list(read_json_rows(body, "counts", lambda row: validated(with_whole_numbers(row), CountRow)))
