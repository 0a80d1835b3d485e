"""What becomes of the rows that somebody sends: the good ones are kept, the bad ones told."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from service.errors import RowProblem

MAX_PROBLEMS = 100
"""Problems told in words; the others are counted."""


class RowsReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the rows: all of them are accepted or rejected, the first rejected ones with the reason."""

    accepted: int = 0
    rejected: int = 0
    problems: list[RowProblem] = []

    def __add__(self, later: RowsReport) -> RowsReport:
        return RowsReport(
            accepted=self.accepted + later.accepted,
            rejected=self.rejected + later.rejected,
            problems=[*self.problems, *later.problems][:MAX_PROBLEMS],
        )


def first_problems(problems: Iterable[RowProblem]) -> list[RowProblem]:
    """Those that are told, in the order of their rows."""
    return sorted(problems, key=lambda problem: problem.row)[:MAX_PROBLEMS]
