"""Places: rows are put into the register, the bad ones are told."""

from __future__ import annotations

from collections.abc import Iterable

from service.domain.places import PlaceRow
from service.errors import Conflict, RowProblem
from service.ports import Ports
from service.ports.places import PlacesRegister
from service.usecases.rows import RowsReport, first_problems


def import_places(
    ports: Ports, rows: Iterable[tuple[int, PlaceRow] | RowProblem], *, tenant: str | None = None
) -> RowsReport:
    """Add or update places; a row imported again changes nothing.

    Parameters
    ----------
    rows
        Rows with their numbers; problems of rows that could not be read may stand among them.
    tenant
        The only tenant whose places may be touched; ``None`` allows all.

    Raises
    ------
    StoreError
        If the register cannot be written.
    """
    good: list[tuple[int, PlaceRow]] = []
    problems: list[RowProblem] = []
    for item in rows:
        if isinstance(item, RowProblem):
            problems.append(item)
        elif tenant not in (None, item[1].tenant):
            problems.append(RowProblem(item[0], f"the tenant is {item[1].tenant!r}, but the key belongs to {tenant!r}"))
        else:
            good.append(item)
    conflicts = _put_what_fits(ports.register, good)
    problems += conflicts
    accepted = len(good) - len(conflicts)
    return RowsReport(accepted=accepted, rejected=len(problems), problems=first_problems(problems))


def _put_what_fits(register: PlacesRegister, rows: list[tuple[int, PlaceRow]]) -> list[RowProblem]:
    """Put the rows, and those refused once more, since another row may have ended what they contradicted."""
    refused = _put(register, rows)
    while refused and len(refused) < len(rows):
        again = {problem.row for problem in refused}
        rows = [item for item in rows if item[0] in again]
        refused = _put(register, rows)
    return refused


def _put(register: PlacesRegister, rows: list[tuple[int, PlaceRow]]) -> list[RowProblem]:
    """Put all rows, or, if the register finds a conflict among them, all but those that cause one.

    The register alone knows what contradicts what; halving finds the culprits in few transactions.
    """
    if not rows:
        return []
    try:
        register.put(row for _, row in rows)
    except Conflict as conflict:
        if len(rows) == 1:
            return [RowProblem(rows[0][0], str(conflict))]
        half = len(rows) // 2
        return _put(register, rows[:half]) + _put(register, rows[half:])
    return []
