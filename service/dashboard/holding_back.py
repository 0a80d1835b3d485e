"""What a person has marked on a draft: entries to be held back, each with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from service.domain.hotspots import HeldBack, HotspotList
from service.errors import InvalidInput

MOST_CHARACTERS = 500


@dataclass(frozen=True)
class Marks:
    """Reasons by rank as they were written, and what is wrong with some: ``missing`` or ``too_long``."""

    reasons: dict[int, str] = field(default_factory=dict)
    problems: dict[int, str] = field(default_factory=dict)

    def held_back(self) -> list[HeldBack]:
        """As the use case takes them."""
        return [HeldBack(rank=rank, reason=reason) for rank, reason in sorted(self.reasons.items())]


def read_marks(form: MultiDict[str, str], listed: HotspotList) -> Marks:
    """The marks of a form.

    Raises
    ------
    InvalidInput
        If it marks what is not on the list.
    """
    ranks = {str(entry.rank): entry.rank for entry in listed.entries}
    marked = form.getlist("hold")
    if odd := [one for one in marked if one not in ranks]:
        raise InvalidInput(f"list {listed.list_id} has no entry {odd[0]!r} to hold back; open the list anew")
    reasons = {ranks[one]: form.get(f"why-{one}", "").strip() for one in marked}
    wrong = {rank: _problem(reason) for rank, reason in reasons.items()}
    return Marks(reasons, {rank: problem for rank, problem in wrong.items() if problem})


def _problem(reason: str) -> str:
    if not reason:
        return "missing"
    return "too_long" if len(reason) > MOST_CHARACTERS else ""
