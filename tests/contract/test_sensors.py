"""What every store of sensors does: notes until they are folded, activities and faults until they are replaced."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from service.domain.sensors import Activity, Battery, SensorFault, SensorKey, SensorState, Sightings
from service.ports.sensors import SensorStore
from service.stores.memory import MemorySensorStore
from service.stores.sqlite.connection import Database
from service.stores.sqlite.schema import SENSORS
from service.stores.sqlite.sensors import SqliteSensorStore

KEY, OTHER = SensorKey(1, 0), SensorKey(1, 7)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SensorStore:
    if request.param == "memory":
        return MemorySensorStore()
    return SqliteSensorStore(Database(tmp_path / "sensors.db", SENSORS, durable=False))


def sightings(arrived: int, *series: int) -> Sightings:
    columns = (np.array(series, dtype=np.int64) * factor for factor in range(1, 8))
    return Sightings(arrived, *columns)


def fault(key: SensorKey, state: SensorState, since: int = 5) -> SensorFault:
    return SensorFault(key=key, state=state, since=since, found=9, value=2.5, other=3, of_counts=True)


def test_notes_come_back_in_order_until_they_are_forgotten(store: SensorStore) -> None:
    store.note(sightings(10, 1, 2))
    store.note_battery(OTHER, Battery(low=True, percent=7.0), 11)
    store.note(sightings(12, 3))
    store.note(sightings(13))
    upto, seen, batteries = store.noted(2)
    assert [one.arrived for one in seen] == [10]
    assert batteries == [(OTHER, Battery(low=True, percent=7.0), 11)]
    assert (seen[0].series.tolist(), seen[0].ahead.tolist()) == ([1, 2], [7, 14])
    store.forget_noted(upto)
    upto, seen, batteries = store.noted(9)
    assert [one.arrived for one in seen] == [12]
    assert batteries == []
    store.forget_noted(upto)
    assert store.noted(9) == (0, [], [])


def test_activities_are_replaced_one_by_one(store: SensorStore) -> None:
    one = Activity(
        last_seen=5, intervals=[0.5, 2.0], days=[(1, 3)], ahead=(7, 8, 9), battery=Battery(low=False, volts=3.6)
    )
    store.put_activities({KEY: one, OTHER: Activity()})
    store.put_activities({OTHER: Activity(arrived=3)})
    assert store.activities() == {KEY: one, OTHER: Activity(arrived=3)}


def test_faults_are_those_that_are_there(store: SensorStore) -> None:
    silent, stuck = fault(KEY, SensorState.SILENT), fault(KEY, SensorState.STUCK)
    store.replace_faults([], [stuck, silent, fault(OTHER, SensorState.STUCK)])
    store.replace_faults([silent], [fault(KEY, SensorState.STUCK, since=4)])
    assert store.faults() == [fault(KEY, SensorState.STUCK, since=4), fault(OTHER, SensorState.STUCK)]


def test_what_fails_inside_a_transaction_changes_nothing(store: SensorStore) -> None:
    store.note(sightings(10, 1))

    def fold() -> None:
        with store.transaction():
            store.put_activities({KEY: Activity()})
            store.forget_noted(store.noted(9)[0])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fold()
    assert store.activities() == {}
    assert store.noted(9)[0] > 0
