"""Areas and buildings of the register reach the detector; a place said to lie elsewhere is replayed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as replace_struct

from models.shipped import shipped_version
from models.surroundings import SIZE_BANDS, LocalPrior
from service.domain.counts import NANOSECONDS, CountPoints
from service.domain.places import UNKNOWN, Kind, PlaceRow
from service.domain.versions import VersionManifest
from service.ports import Ports
from service.usecases.findings.profile import normal_week
from service.usecases.learning.advance import advance
from service.usecases.learning.rosters import full_roster
from tests.challengers import PASSING, promote
from tests.worlds import TENANT, sqlite_ports

MONDAY = 1_767_571_200  # 5 January 2026
END = datetime.fromtimestamp(MONDAY + 3 * 86_400, UTC)
BANDS = 1 + len(SIZE_BANDS)
NORTH = LocalPrior(
    areas=(f"{TENANT}\tnorth",),
    area_level=np.array([1.0, 4.0]),
    area_variance=np.full(2, 0.1),
    area_hours=np.ones((2, 24)),
    size_level=np.linspace(1.0, 2.0, BANDS),
    size_variance=np.full(BANDS, 0.1),
)


def place(space: int, area: str = "south", dwellings: int | None = None) -> PlaceRow:
    names = {"tenant": TENANT, "property": "p", "building": f"b{space}", "stairwell": f"s{space}", "space": "cellar"}
    return PlaceRow(**names, area=area, dwellings=dwellings, kind=Kind.CELLAR)


def nowhere(space: int) -> PlaceRow:
    """A place that counts were sent of, and that nobody has said anything of yet."""
    return replace_struct(place(space), area=UNKNOWN, property=UNKNOWN, building=UNKNOWN)


def scored(folder: Path, *places: PlaceRow) -> Ports:
    """Three days of two spaces, under a version that knows the area north."""
    ports = sqlite_ports(folder, now=END)
    ports.register.put(places)
    times = (MONDAY + 3600 * np.arange(72)) * NANOSECONDS
    for number in (1, 2):
        ports.counts.append(CountPoints(np.full(72, number), times, np.arange(72) % 2, np.zeros(72, dtype=np.int64)))
    advance(ports, END)
    shipped = shipped_version()
    manifest = VersionManifest(
        version_id="1",
        parent="0",
        created=END,
        window=None,
        counts_digest="",
        settings={},
        metrics=dict(PASSING),
        packages={},
        files={},
    )
    ports.registry.add(replace(shipped, id="1", prior=replace(shipped.prior, local=NORTH)), manifest, {})
    promote(ports, "1", "test")
    return ports


def learnt(ports: Ports) -> list[list[list[float]]]:
    """The normal week of each space."""
    return [normal_week(ports, TENANT, f"s{space}")[0].expected for space in (0, 1)]


def test_the_roster_follows_register_and_settings(tmp_path: Path) -> None:
    """The second space is another's to say; the budget is another's to set."""
    ports = scored(tmp_path, nowhere(0), place(1, "north", 30))
    before = full_roster(ports)
    sqlite_ports(tmp_path).register.put([place(0, "north", 30)])
    after = full_roster(ports)
    detector = replace_struct(ports.settings.detector, episodes_per_100_stairwell_weeks=4)
    doubled = full_roster(replace(ports, settings=replace_struct(ports.settings, detector=detector)))
    assert before.surroundings is not None
    assert after.surroundings is not None
    assert (before.surroundings.areas[0], after.surroundings.areas[0]) == ("", f"{TENANT}\tnorth")
    assert (doubled.shares == 2 * after.shares).all()
    assert (full_roster(ports).shares == after.shares).all()


def test_the_roster_knows_area_and_dwellings_of_every_series(tmp_path: Path) -> None:
    roster = full_roster(scored(tmp_path, nowhere(0), place(1, "north", 30)))
    assert roster.surroundings is not None
    assert roster.surroundings.areas.tolist() == ["", f"{TENANT}\tnorth"]
    assert roster.surroundings.dwellings.tolist() == [0, 30]
    second = roster.select(np.array([1])).surroundings
    assert second is not None
    assert second.areas.tolist() == [f"{TENANT}\tnorth"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(nowhere(1), place(1, "north")), (place(1, "north"), place(1, "north", 90))],
    ids=["area", "dwellings"],
)
def test_a_place_that_is_described_late_is_replayed_as_if_it_had_been_known_always(
    tmp_path: Path, before: PlaceRow, after: PlaceRow
) -> None:
    late, known = scored(tmp_path / "late", place(0), before), scored(tmp_path / "known", place(0), after)
    first, second = learnt(late)
    late.register.put([after])
    assert advance(late, END).corrected == 1
    assert learnt(late) == learnt(known)
    assert (learnt(late)[0], learnt(late)[1] == second) == (first, False)
    assert advance(late, END).corrected == 0


def test_an_area_that_the_version_has_not_seen_replays_nothing(tmp_path: Path) -> None:
    ports = scored(tmp_path, place(0), nowhere(1))
    ports.register.put([place(1, "west")])
    assert advance(ports, END).corrected == 0
