"""The contract of the places register."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.places import Building, Kind, Liveness, PlaceRow, Semantics, Sensor, Space
from service.errors import Conflict, NotFound
from tests.contract.conftest import FreshStores
from tests.contract.stores import TENANT, Stores

JUNE = datetime(2026, 6, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, tzinfo=UTC)


def row(stairwell: str = "12A", space: str = "källare", **more: object) -> PlaceRow:
    stated = {"tenant": TENANT, "area": "Söder", "property": "Katten 3", "building": "12", "kind": Kind.CELLAR} | more
    return PlaceRow(stairwell=stairwell, space=space, **stated)


def test_places_come_back_as_they_were_put(embedded: Stores) -> None:
    """Building, spaces and sensors, every field of them."""
    sensor = {"sensor": "s1", "valid_from": JUNE, "semantics": Semantics.PRESENCE, "liveness": Liveness.ASSUMED}
    building = {"address": "Katarinavägen 12", "latitude": 59.31, "longitude": 18.07, "dwellings": 24}
    assert embedded.register.put([row(**building), row(space="vind", kind=Kind.ATTIC, **sensor)]) == 2
    found = embedded.register.stairwell(TENANT, "12A")
    place = {"tenant": TENANT, "area": "Söder", "property": "Katten 3", "building": "12"}
    assert found.building == Building(**place, **building)
    assert found.spaces == [
        Space(space="källare", kind=Kind.CELLAR),
        Space(space="vind", kind=Kind.ATTIC, sensors=[Sensor(**sensor)]),
    ]
    [cellar, attic] = embedded.register.series(TENANT)
    assert (attic.stairwell, attic.space, attic.kind, attic.area) == ("12A", "vind", Kind.ATTIC, "Söder")
    assert embedded.register.sensors(attic.number) == [Sensor(**sensor)]
    assert embedded.register.sensors(cellar.number) == []


def test_what_a_row_leaves_blank_stays(embedded: Stores) -> None:
    """A second row of a building need not repeat its address; a new one corrects it."""
    embedded.register.put([row(address="Katarinavägen 12", dwellings=24), row(space="vind")])
    assert embedded.register.stairwell(TENANT, "12A").building.address == "Katarinavägen 12"
    embedded.register.put([row(dwellings=0, latitude=0.0)])
    building = embedded.register.stairwell(TENANT, "12A").building
    assert (building.address, building.dwellings, building.latitude) == ("Katarinavägen 12", 0, 0.0)


def test_each_stairwell_of_a_building_has_its_own_door(embedded: Stores) -> None:
    """Address and position are a stairwell's; one that nobody told of has what was told last of its building."""
    embedded.register.put(
        [
            row("12A", address="Katarinavägen 12 A", latitude=59.31, longitude=18.07),
            row("12B", address="Katarinavägen 12 B", latitude=59.32, longitude=18.08, dwellings=24),
            row("12C"),
            row("12A", space="vind"),
        ]
    )
    doors = {one.stairwell: one.building for one in embedded.register.stairwells(TENANT)}
    assert {name: (door.address, door.latitude, door.longitude, door.dwellings) for name, door in doors.items()} == {
        "12A": ("Katarinavägen 12 A", 59.31, 18.07, 24),
        "12B": ("Katarinavägen 12 B", 59.32, 18.08, 24),
        "12C": ("Katarinavägen 12 B", 59.32, 18.08, 24),
    }


def test_a_sensor_that_was_always_there_is_brought_up_to_date(embedded: Stores) -> None:
    """Put again without a beginning it is the same one, not another beside it."""
    for liveness in (Liveness.HEARTBEAT, Liveness.ASSUMED):
        embedded.register.put([row(sensor="s1", liveness=liveness)])
    [cellar] = embedded.register.series(TENANT)
    assert embedded.register.sensors(cellar.number) == [Sensor(sensor="s1", liveness=Liveness.ASSUMED)]


@given(
    puts=st.lists(
        st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"), st.booleans()), max_size=6), max_size=6
    )
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_series_keep_their_numbers(fresh_embedded: FreshStores, puts: list[list[tuple[str, str, bool]]]) -> None:
    """Put, learnt, put again, in any order: one number a space, for ever, and no number twice."""
    register = fresh_embedded().register
    known: dict[tuple[str, str], int] = {}
    for spaces in puts:
        register.put([row(stairwell, space) for stairwell, space, learnt in spaces if not learnt])
        register.learn(TENANT, [(stairwell, space, Kind.OTHER) for stairwell, space, learnt in spaces if learnt])
        index = dict(register.index(TENANT))
        assert set(index) == set(known) | {(stairwell, space) for stairwell, space, _ in spaces}
        assert index | known == index
        assert len(set(index.values())) == len(index)
        assert [one.number for one in register.series()] == sorted(index.values())
        known = index


def test_learning_registers_under_unknown_and_keeps_what_is_known(embedded: Stores) -> None:
    """A learnt space can be put into its building later and keeps its number and its counts."""
    embedded.register.learn(TENANT, [("12A", "källare", Kind.OTHER)])
    [learnt] = embedded.register.series()
    assert (learnt.area, learnt.kind) == ("unknown", Kind.OTHER)
    assert embedded.register.stairwell(TENANT, "12A").building.building == "unknown"
    embedded.register.put([row()])
    embedded.register.learn(TENANT, [("12A", "källare", Kind.GARAGE), ("12A", "vind", Kind.ATTIC)])
    put, other = embedded.register.series()
    assert (put.number, put.area, put.kind) == (learnt.number, "Söder", Kind.CELLAR)
    assert other.area == "Söder"


def test_a_stairwell_does_not_move_and_a_failed_put_takes_nothing(embedded: Stores) -> None:
    """The message names both buildings; rows before the bad one are not taken either."""
    embedded.register.put([row()])
    revision = embedded.register.revision()
    with pytest.raises(Conflict, match=r"12A .* is in Söder/Katten 3/12 and cannot move to Söder/Katten 3/14"):
        embedded.register.put([row("14B", building="14"), row(building="14")])
    assert [one.stairwell for one in embedded.register.series()] == ["12A"]
    assert embedded.register.revision() == revision


def test_same_names_in_two_tenants_are_two_places(embedded: Stores) -> None:
    """Nothing of one tenant shows in the other's."""
    embedded.register.put([row(), row(tenant="annat bolag", building="14", sensor="s1")])
    [mine] = embedded.register.series(TENANT)
    [theirs] = embedded.register.series("annat bolag")
    assert mine.number != theirs.number
    assert embedded.register.index(TENANT) == {("12A", "källare"): mine.number}
    assert embedded.register.sensors(mine.number) == []
    assert (
        embedded.register.sensor_numbers(TENANT, ["s1"])["s1"]
        != embedded.register.sensor_numbers("annat bolag", ["s1"])["s1"]
    )
    assert [one.number for one in embedded.register.series()] == sorted([mine.number, theirs.number])


def test_a_sensor_moves_when_its_interval_ends(embedded: Stores) -> None:
    """In one put, in any order of the rows; listed by start of validity."""
    embedded.register.put([row(sensor="s1", valid_from=JUNE)])
    embedded.register.put(
        [
            row(space="vind", sensor="s1", valid_from=JULY),
            row(sensor="s1", valid_from=JUNE, valid_to=JULY),
            row(sensor="s0", valid_to=JUNE),
        ]
    )
    index = embedded.register.index(TENANT)
    cellar = embedded.register.sensors(index["12A", "källare"])
    assert [(one.sensor, one.valid_from, one.valid_to) for one in cellar] == [("s0", None, JUNE), ("s1", JUNE, JULY)]
    assert [one.valid_from for one in embedded.register.sensors(index["12A", "vind"])] == [JULY]


@pytest.mark.parametrize(
    ("start", "end"),
    [(None, None), (None, JUNE + timedelta(seconds=1)), (JULY - timedelta(seconds=1), None), (JUNE, JULY)],
)
def test_overlapping_intervals_are_refused(embedded: Stores, start: datetime | None, end: datetime | None) -> None:
    """A sensor is in one place at a time; one instant is enough to overlap."""
    embedded.register.put([row(sensor="s1", valid_from=JUNE, valid_to=JULY)])
    with pytest.raises(Conflict, match="s1 would be in two places"):
        embedded.register.put([row(space="vind", sensor="s1", valid_from=start, valid_to=end)])
    assert len(embedded.register.series()) == 1
    embedded.register.put([row(tenant="annat bolag", sensor="s1", valid_from=start, valid_to=end)])


def test_empty_interval_is_refused(embedded: Stores) -> None:
    """valid_to must be later than valid_from."""
    with pytest.raises(Conflict, match="valid_to must be later"):
        embedded.register.put([row(sensor="s1", valid_from=JULY, valid_to=JULY)])


def test_times_compare_across_offsets(embedded: Stores) -> None:
    """The same instant written with another offset is the same interval."""
    summer = JUNE.astimezone(tz=datetime.fromisoformat("2026-06-01T02:00:00+02:00").tzinfo)
    embedded.register.put([row(sensor="s1", valid_from=JUNE)])
    embedded.register.put([row(sensor="s1", valid_from=summer, valid_to=AUGUST)])
    [sensor] = embedded.register.stairwell(TENANT, "12A").spaces[0].sensors
    assert (sensor.valid_from, sensor.valid_to) == (JUNE, AUGUST)


def test_stairwells_come_in_pages(embedded: Stores) -> None:
    """By id, from after the last one of the page before."""
    embedded.register.put([row(name, space) for name in ("c", "a", "d", "b") for space in ("vind", "källare")])
    pages: list[str] = []
    while page := embedded.register.stairwells(TENANT, after=pages[-1] if pages else None, limit=3):
        assert len(page) <= 3
        pages += [one.stairwell for one in page]
        assert all([space.space for space in one.spaces] == ["källare", "vind"] for one in page)
    assert pages == ["a", "b", "c", "d"]
    assert len(embedded.register.stairwells(TENANT)) == 4
    assert embedded.register.stairwells("annat bolag") == []


def test_unknown_stairwell_is_not_found(embedded: Stores) -> None:
    """Nor is another tenant's."""
    embedded.register.put([row(tenant="annat bolag")])
    with pytest.raises(NotFound, match=f"tenant {TENANT} has no stairwell 12A"):
        embedded.register.stairwell(TENANT, "12A")


def test_revision_grows_with_changes_only(embedded: Stores) -> None:
    """A cache keyed by it is neither stale nor thrown away for nothing."""
    revisions = [embedded.register.revision()]
    embedded.register.put([row()])
    revisions.append(embedded.register.revision())
    embedded.register.learn(TENANT, [("12A", "vind", Kind.ATTIC)])
    revisions.append(embedded.register.revision())
    assert revisions[0] < revisions[1] < revisions[2]
    embedded.register.learn(TENANT, [("12A", "vind", Kind.ATTIC)])
    embedded.register.sensor_numbers(TENANT, ["s1"])["s1"]
    assert embedded.register.revision() == revisions[2]


def test_sensor_numbers_stay(embedded: Stores) -> None:
    """Above 0, one a sensor, both ways; the same for sensors that are placed."""
    numbers = embedded.register.sensor_numbers(TENANT, ["s1", "s2", "s1"])
    assert min(numbers.values()) > 0
    assert numbers["s1"] != numbers["s2"]
    assert embedded.register.sensor_numbers(TENANT, ["s2", "s1"]) == numbers
    embedded.register.put([row(sensor="s2"), row(space="vind", sensor="s3")])
    assert embedded.register.sensor_numbers(TENANT, ["s2"])["s2"] == numbers["s2"]
    assert {embedded.register.sensor_name(number): number for number in numbers.values()} == numbers


def test_unknown_sensor_number_is_not_found(embedded: Stores) -> None:
    """A number that was never handed out has no name."""
    with pytest.raises(NotFound, match="no sensor has the number 7"):
        embedded.register.sensor_name(7)
