"""The answer to a body of rows: all are good, or which are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from service.errors import RowProblem, RowsRefused


class Report(Protocol):
    """What a use case says of rows."""

    @property
    def accepted(self) -> int:
        """Rows kept."""

    @property
    def rejected(self) -> int:
        """Rows that cannot be used."""

    @property
    def problems(self) -> Sequence[RowProblem]:
        """The first of the latter, in order."""


class RowsAccepted(msgspec.Struct, frozen=True):
    """All rows were good and are kept."""

    accepted: int


def accepted(report: Report) -> RowsAccepted:
    """How many rows are kept, when all are.

    Raises
    ------
    RowsRefused
        If there are bad rows; the good ones are kept all the same.
    """
    if report.rejected:
        raise RowsRefused(report.accepted, report.rejected, report.problems)
    return RowsAccepted(report.accepted)
