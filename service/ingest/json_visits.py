"""Patrol visits from JSON, a row each."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.annotations import PatrolVisit
from service.errors import RowProblem
from service.ingest.json_rows import read_json_rows
from service.ingest.validation import validated


def read_visits_json(body: bytes) -> Iterator[tuple[int, PatrolVisit] | RowProblem]:
    """Rows of ``{"visits": [{"stairwell": ..., "arrived": ...}, ...]}``, numbered from 1; times have an offset.

    Raises
    ------
    InvalidInput
        At once, if the body as a whole is not of this form.
    """
    return read_json_rows(body, "visits", lambda values: validated(values, PatrolVisit))
