"""Damping: a list keeps its order as long as the evidence stays about what it was.

An entry is ordered by its *standing*. A place that is new on the list stands a margin below its score. From list to
list a standing stays as it is while the score is within the margin of it, and otherwise follows the score no further
than it must (the play operator of hysteresis). So a place passes another only when its evidence has become clearly
the stronger, and does not fall back for a little less the week after. A place that was not heard since the list before
keeps its standing while it is listed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from service.domain.hotspots import Change, GoneEntry, HotspotEntry, HotspotList

Ordered = TypeVar("Ordered")


def standing(score: float, before: float | None, margin: float) -> float:
    """Standing of a score, given the standing on the list before; ``margin`` is a share of the score.

    Examples
    --------
    >>> standing(10.0, None, 0.25), standing(10.0, 9.0, 0.25), standing(10.0, 20.0, 0.25)
    (8.0, 9.0, 12.5)
    """
    lowest, highest = score / (1 + margin), score * (1 + margin)
    return lowest if before is None else min(max(before, lowest), highest)


def standing_of(entry: HotspotEntry) -> float:
    """What an entry of a list is ordered by; of a list from before there were standings, its score."""
    return entry.score if entry.standing is None else entry.standing


def standings_of(previous: HotspotList | None) -> dict[str, float]:
    """Standing of each stairwell on a list."""
    return {entry.stairwell: standing_of(entry) for entry in (previous.entries if previous else [])}


def order_by_standing(scored: Sequence[tuple[Ordered, float]]) -> list[tuple[Ordered, float]]:
    """Highest standing first; what stands equal keeps its order."""
    return sorted(scored, key=lambda item: -item[1])


def told_against(previous: HotspotList | None, entries: Sequence[HotspotEntry]) -> list[HotspotEntry]:
    """The entries with their change since the list before, which is the list as its readers saw it."""
    ranks = {entry.stairwell: entry.rank for entry in previous.entries} if previous else {}
    return [
        msgspec.structs.replace(
            entry,
            change=_change(entry.rank, ranks.get(entry.stairwell)),
            previous_rank=ranks.get(entry.stairwell),
        )
        for entry in entries
    ]


def gone_since(previous: HotspotList | None, entries: Sequence[HotspotEntry]) -> list[GoneEntry]:
    """Places of the list before that are not among the entries, in its order."""
    still = {entry.stairwell for entry in entries}
    return [
        GoneEntry(
            tenant=entry.tenant,
            area=entry.area,
            stairwell=entry.stairwell,
            address=entry.address,
            previous_rank=entry.rank,
        )
        for entry in (previous.entries if previous else [])
        if entry.stairwell not in still
    ]


def _change(rank: int, before: int | None) -> Change:
    if before is None:
        return Change.NEW
    if rank == before:
        return Change.SAME
    return Change.UP if rank < before else Change.DOWN
