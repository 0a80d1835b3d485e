"""The answer to a body of rows: all are good, or which are not."""

from __future__ import annotations

import msgspec

from service.errors import RowsRefused
from service.usecases.rows import RowsReport


class RowsAccepted(msgspec.Struct, frozen=True):
    """All rows were good and are kept."""

    accepted: int


def accepted(report: RowsReport) -> RowsAccepted:
    """How many rows are kept, when all are.

    Raises
    ------
    RowsRefused
        If there are bad rows; the good ones are kept all the same.
    """
    if report.rejected:
        raise RowsRefused(report.accepted, report.rejected, report.problems)
    return RowsAccepted(report.accepted)
