"""Another champion is told of once."""

from __future__ import annotations

from pathlib import Path

from service.usecases.telling.promotion import tell_promotion
from tests.unit.tell_episodes.one_stairwell import (
    judged,
    published,
    town,
    windows,
)


def test_another_champion_is_told_of_once(tmp_path: Path) -> None:
    """Also one whose promotion was killed before it could tell; the first one goes without saying."""
    ports = town(tmp_path)
    tell_promotion(ports)
    for version in ("0", "0", "1", "1", "0", "1"):
        judged(ports, windows("......"), 6, version)
        tell_promotion(ports)
    promoted = [(one["sequence"], one["data"]["replaced"], one["data"]["version"]) for one in published(ports)]
    assert promoted == [("000002", "0", "1"), ("000003", "1", "0"), ("000004", "0", "1")]
    assert len({one["id"] for one in published(ports)}) == 3


def test_a_promotion_says_what_it_replaced(tmp_path: Path) -> None:
    """If no champion was told of before; the same one anew is no news."""
    for version, replaced, events in (("1", "0", 1), ("1", "1", 0)):
        ports = town(tmp_path / replaced)
        judged(ports, windows("......"), 6, version)
        tell_promotion(ports, replaced=replaced)
        tell_promotion(ports)
        assert len(published(ports)) == events
