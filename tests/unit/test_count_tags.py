"""Tags of counts in InfluxDB, by the names and in the ways of whoever owns the bucket."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from service.domain.places import Kind, PlaceRow
from service.errors import SettingsError, StoreError
from service.settings import load_settings
from service.settings.sections import OWN_SCHEMA, Schema
from service.stores.influx.count_tags import CountTags
from service.stores.influx.places import PlaceTags
from service.stores.memory import MemoryPlacesRegister

MOVED = datetime(2026, 11, 20, tzinfo=UTC)
MOMENT = int(MOVED.timestamp())


def place(stairwell: str, space: str, **more: object) -> PlaceRow:
    known = {"tenant": "t", "area": "a", "property": "p", "building": "b", "kind": Kind.CELLAR}
    return PlaceRow(**known, stairwell=stairwell, space=space, **more)


@pytest.fixture
def register() -> MemoryPlacesRegister:
    """A sensor that was moved from A to B, and a stairwell without any."""
    register = MemoryPlacesRegister()
    register.put(
        [
            place("A", "cellar", sensor="s1", valid_to=MOVED),
            place("B", "cellar", sensor="s1", valid_from=MOVED),
            place("C", "stairwell"),
        ]
    )
    return register


def tags(register: MemoryPlacesRegister, **names: str) -> CountTags:
    schema: Schema = replace(OWN_SCHEMA, **names)
    return CountTags(register, PlaceTags(register, learning=False), schema)


def test_own_names(register: MemoryPlacesRegister) -> None:
    """The usual space is told, but not asked for, since others leave it out."""
    own = tags(register)
    sensor = register.sensor_numbers("t", ["s1"])["s1"]
    assert own.key(1, sensor) == "presence,sensor=s1,space=cellar,stairwell=A,tenant=t"
    assert own.columns == ["tenant", "stairwell", "space", "kind"]
    condition = own.condition([1, 3])
    assert condition.flux == (
        '(r["tenant"] == _place0 and r["stairwell"] == _place1 and r["space"] == _place2) or '
        '(r["tenant"] == _place3 and r["stairwell"] == _place4)'
    )
    assert list(condition.parameters.values()) == ["t", "A", "cellar", "t", "C"]
    columns = {
        "tenant": ["t", "t", "u"],
        "stairwell": ["A", "C", "A"],
        "space": ["cellar", "", "cellar"],
        "kind": [""] * 3,
    }
    assert own.numbers(columns, np.arange(3), np.zeros(3, dtype=np.int64)).tolist() == [1, 3, -1]


def test_names_of_others_and_no_tag_of_the_tenant(register: MemoryPlacesRegister) -> None:
    """All points are the tenant's of the settings."""
    theirs = tags(register, measurement="motion", stairwell_tag="object", space_tag="room", tenant_tag="", tenant="t")
    assert theirs.key(3, 0) == "motion,object=C,room=stairwell"
    assert theirs.condition([1]).flux == '(r["object"] == _place0 and r["room"] == _place1)'
    columns = {"object": ["A", "C"], "room": ["cellar", ""], "kind": ["", ""]}
    assert theirs.numbers(columns, np.arange(2), np.zeros(2, dtype=np.int64)).tolist() == [1, 3]


def test_points_that_tell_their_sensor_alone_are_where_it_was(register: MemoryPlacesRegister) -> None:
    """At their time; of a sensor that is nowhere they are unknown."""
    theirs = tags(register, stairwell_tag="", sensor_tag="dev-eui", tenant="t")
    assert theirs.columns == ["tenant", "dev-eui"]
    assert theirs.condition([1]).flux == theirs.condition([2]).flux == '(r["dev-eui"] == _place0)'
    columns = {"tenant": ["", "t", ""], "dev-eui": ["s1", "s1", "s9"]}
    seconds = np.array([MOMENT - 1, MOMENT, MOMENT])
    assert theirs.numbers(columns, np.arange(3), seconds).tolist() == [1, 2, -1]
    with pytest.raises(StoreError, match=r"without a sensor, since the setting schema\.stairwell_tag names no tag"):
        theirs.key(3, 0)


def test_many_series_are_asked_for_by_their_tenants(register: MemoryPlacesRegister) -> None:
    register.put([place(f"D{number}", "cellar") for number in range(30)])
    everybody = [one.number for one in register.series()]
    assert tags(register).condition(everybody) == ('(r["tenant"] == _place0)', {"_place0": "t"})
    assert tags(register, tenant="t").condition(everybody) == ("true", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('sensor_tag = ""', "schema.sensor_tag"),
        ("field = 'a\"b'", "schema.field"),
        ('measurement = "a${b}"', "schema.measurement"),
        ('space_tag = "sensor"', "two of the schema's tags have one name"),
    ],
)
def test_odd_names_stop_start_up(tmp_path: Path, text: str, message: str) -> None:
    """What is written into a query is a plain name."""
    path = tmp_path / "settings.toml"
    path.write_text(f"[schema]\n{text}\n", "utf-8")
    with pytest.raises(SettingsError) as refused:
        load_settings(path, {})
    assert message in str(refused.value)


def test_tags_may_be_missing(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[schema]\nstairwell_tag = ""\ntenant_tag = ""\nkind_tag = ""\nspace_tag = ""\n', "utf-8")
    assert load_settings(path, {}).schema.stairwell_tag == ""
