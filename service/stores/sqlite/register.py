"""The places register in register.db."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec

from service.domain.places import UNKNOWN, Building, Kind, PlaceRow, Sensor, Series, Space, Stairwell
from service.stores.places import check_intervals
from service.stores.refusals import sensor_not_found, stairwell_not_found, stairwell_would_move
from service.stores.sqlite.connection import Database, SqliteStore
from service.stores.sqlite.rows import struct_of, to_text

T = TypeVar("T")

_SERIES = """
    SELECT space.series, stairwell.tenant, stairwell.name, space.name, space.kind, area.name
    FROM space
    JOIN stairwell ON stairwell.id = space.stairwell
    JOIN building ON building.id = stairwell.building
    JOIN property ON property.id = building.property
    JOIN area ON area.id = property.area
"""
_STAIRWELLS = """
    SELECT stairwell.id, stairwell.name, stairwell.tenant, area.name, property.name, building.name,
           coalesce(stairwell.address, building.address), coalesce(stairwell.latitude, building.latitude),
           coalesce(stairwell.longitude, building.longitude), building.dwellings
    FROM stairwell
    JOIN building ON building.id = stairwell.building
    JOIN property ON property.id = building.property
    JOIN area ON area.id = property.area
"""
_SENSORS = """
    SELECT placement.series, sensor.name, placement.valid_from, placement.valid_to, placement.semantics,
           placement.liveness
    FROM placement JOIN sensor ON sensor.number = placement.sensor
    WHERE placement.series IN (SELECT value FROM json_each(?))
    ORDER BY placement.series, placement.valid_from, sensor.name
"""


class SqlitePlacesRegister(SqliteStore):
    """Places in tables of their own; what is asked for again and again is kept while the revision stays."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._kept: dict[tuple[str, str | None], tuple[int, Any]] = {}
        self._sensor_numbers: dict[tuple[str, str], int] = {}
        self._sensor_names: dict[int, str] = {}

    def put(self, rows: Iterable[PlaceRow]) -> int:
        """Add or update all rows, or none."""
        taken = 0
        sensors = set()
        with self._database.transaction() as connection:
            for row in rows:
                series = _put_space(connection, row)
                if row.sensor is not None:
                    sensors.add(_put_sensor(connection, row, series))
                taken += 1
            for number in sorted(sensors):
                _check_sensor(connection, number)
            _grow_revision(connection)
        return taken

    def learn(self, tenant: str, spaces: Iterable[tuple[str, str, Kind]]) -> None:
        """Register those that are new; when none is, nothing is written."""
        known = self.index(tenant)
        new = [space for space in spaces if space[:2] not in known]
        if not new:
            return
        with self._database.transaction() as connection:
            building = _building(connection, _unknown_place(tenant))
            for stairwell, space, kind in new:
                number = _stairwell(connection, tenant, stairwell, building)[0]
                connection.execute(
                    "INSERT INTO space (stairwell, name, kind) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (number, space, kind),
                )
            _grow_revision(connection)

    def revision(self) -> int:
        """Grows with every transaction that changes the register."""
        return cast(int, self._database.rows("SELECT number FROM revision")[0][0])

    def index(self, tenant: str) -> Mapping[tuple[str, str], int]:
        """Series numbers of a tenant, kept in memory until the register changes."""
        return self._keep(
            "index", tenant, lambda: {(one.stairwell, one.space): one.number for one in self.series(tenant)}
        )

    def sensor_numbers(self, tenant: str, sensors: Iterable[str]) -> Mapping[str, int]:
        """A number never changes, so it is kept in memory for good, once it is committed."""
        wanted = [(tenant, sensor) for sensor in sensors]
        if unknown := [one for one in wanted if one not in self._sensor_numbers]:
            with self._database.transaction() as connection:
                numbers = [_sensor(connection, *one) for one in unknown]
            self._sensor_numbers |= zip(unknown, numbers, strict=True)
        return {sensor: self._sensor_numbers[tenant, sensor] for _, sensor in wanted}

    def sensor_name(self, number: int) -> str:
        """The sensor's name, kept in memory for good; raises NotFound."""
        if number not in self._sensor_names:
            self._sensor_names |= dict(self._database.rows("SELECT number, name FROM sensor"))
        if number not in self._sensor_names:
            raise sensor_not_found(number)
        return self._sensor_names[number]

    def series(self, tenant: str | None = None) -> list[Series]:
        """Series by number, kept in memory until the register changes."""
        return list(self._keep("series", tenant, lambda: self._read_series(tenant)))

    def stairwells(self, tenant: str, after: str | None = None, limit: int | None = None) -> list[Stairwell]:
        """A page of stairwells by id."""
        return self._read_stairwells(
            "WHERE stairwell.tenant = ? AND stairwell.name > ? ORDER BY stairwell.name LIMIT ?",
            (tenant, after or "", -1 if limit is None else limit),
        )

    def stairwell(self, tenant: str, stairwell: str) -> Stairwell:
        """One stairwell; raises NotFound."""
        found = self._read_stairwells("WHERE stairwell.tenant = ? AND stairwell.name = ?", (tenant, stairwell))
        if not found:
            raise stairwell_not_found(tenant, stairwell)
        return found[0]

    def sensors(self, series: int) -> list[Sensor]:
        """The sensors of one series."""
        return self._read_sensors([series])[series]

    def _keep(self, what: str, tenant: str | None, build: Callable[[], T]) -> T:
        revision = self.revision()
        kept = self._kept.get((what, tenant))
        if kept is None or kept[0] != revision:
            kept = self._kept[what, tenant] = (revision, build())
        return cast(T, kept[1])

    def _read_series(self, tenant: str | None) -> list[Series]:
        sql = f"{_SERIES} WHERE stairwell.tenant = ?1 OR ?1 IS NULL ORDER BY space.series"
        return [_series(row) for row in self._database.rows(sql, (tenant,))]

    def _read_stairwells(self, condition: str, parameters: Sequence[object]) -> list[Stairwell]:
        rows = self._database.rows(f"{_STAIRWELLS} {condition}", parameters)
        spaces = self._read_spaces([row[0] for row in rows])
        return [
            Stairwell(stairwell=row[1], building=struct_of(Building, row[2:]), spaces=spaces[row[0]]) for row in rows
        ]

    def _read_spaces(self, stairwells: list[int]) -> defaultdict[int, list[Space]]:
        rows = self._database.rows(
            "SELECT stairwell, series, name, kind FROM space WHERE stairwell IN (SELECT value FROM json_each(?)) "
            "ORDER BY stairwell, name",
            (msgspec.json.encode(stairwells),),
        )
        sensors = self._read_sensors([row[1] for row in rows])
        spaces: defaultdict[int, list[Space]] = defaultdict(list)
        for stairwell, series, name, kind in rows:
            spaces[stairwell].append(Space(space=name, kind=Kind(kind), sensors=sensors[series]))
        return spaces

    def _read_sensors(self, series: list[int]) -> defaultdict[int, list[Sensor]]:
        sensors: defaultdict[int, list[Sensor]] = defaultdict(list)
        for number, *row in self._database.rows(_SENSORS, (msgspec.json.encode(series),)):
            sensors[number].append(struct_of(Sensor, row))
        return sensors


def _put_space(connection: sqlite3.Connection, row: PlaceRow) -> int:
    stairwell = _put_stairwell(connection, row)
    connection.execute(
        "INSERT INTO space (stairwell, name, kind) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind",
        (stairwell, row.space, row.kind),
    )
    return _one(connection, "SELECT series FROM space WHERE stairwell = ? AND name = ?", (stairwell, row.space))


def _put_stairwell(connection: sqlite3.Connection, row: PlaceRow) -> int:
    building = _building(connection, row)
    stairwell, known = _stairwell(connection, row.tenant, row.stairwell, building)
    connection.execute(
        """
        UPDATE stairwell SET
            address = coalesce(nullif(?, ''), address),
            latitude = coalesce(?, latitude),
            longitude = coalesce(?, longitude)
        WHERE id = ?
        """,
        (row.address, row.latitude, row.longitude, stairwell),
    )
    if known == building:
        return stairwell
    path = connection.execute(f"{_STAIRWELLS} WHERE stairwell.id = ?", (stairwell,)).fetchone()[3:6]
    if path != (UNKNOWN, UNKNOWN, UNKNOWN):
        raise stairwell_would_move(row, path)
    connection.execute("UPDATE stairwell SET building = ? WHERE id = ?", (building, stairwell))
    return stairwell


def _stairwell(connection: sqlite3.Connection, tenant: str, stairwell: str, building: int) -> tuple[int, int]:
    """Id and building of a stairwell, put into ``building`` if it is new."""
    connection.execute(
        "INSERT INTO stairwell (tenant, name, building) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        (tenant, stairwell, building),
    )
    found: tuple[int, int] = connection.execute(
        "SELECT id, building FROM stairwell WHERE tenant = ? AND name = ?", (tenant, stairwell)
    ).fetchone()
    return found


def _building(connection: sqlite3.Connection, row: PlaceRow) -> int:
    """Id of the row's building; what the row leaves blank stays as it is known.

    Its address and position are what was told last of one of its stairwells: those of the others that nobody told.
    """
    connection.execute("INSERT INTO area (tenant, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (row.tenant, row.area))
    area = _one(connection, "SELECT id FROM area WHERE tenant = ? AND name = ?", (row.tenant, row.area))
    connection.execute("INSERT INTO property (area, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (area, row.property))
    estate = _one(connection, "SELECT id FROM property WHERE area = ? AND name = ?", (area, row.property))
    connection.execute(
        """
        INSERT INTO building (property, name, address, latitude, longitude, dwellings) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET
            address = coalesce(nullif(excluded.address, ''), address),
            latitude = coalesce(excluded.latitude, latitude),
            longitude = coalesce(excluded.longitude, longitude),
            dwellings = coalesce(excluded.dwellings, dwellings)
        """,
        (estate, row.building, row.address, row.latitude, row.longitude, row.dwellings),
    )
    return _one(connection, "SELECT id FROM building WHERE property = ? AND name = ?", (estate, row.building))


def _put_sensor(connection: sqlite3.Connection, row: PlaceRow, series: int) -> int:
    """Number of the row's sensor, whose interval in the space is added or brought up to date."""
    number = _sensor(connection, row.tenant, cast(str, row.sensor))
    start, end = to_text(row.valid_from), to_text(row.valid_to)
    updated = connection.execute(
        "UPDATE placement SET valid_to = ?, semantics = ?, liveness = ? "
        "WHERE sensor = ? AND series = ? AND valid_from IS ?",
        (end, row.semantics, row.liveness, number, series, start),
    )
    if not updated.rowcount:
        connection.execute(
            "INSERT INTO placement VALUES (?, ?, ?, ?, ?, ?)", (number, series, start, end, row.semantics, row.liveness)
        )
    return number


def _sensor(connection: sqlite3.Connection, tenant: str, sensor: str) -> int:
    connection.execute("INSERT INTO sensor (tenant, name) VALUES (?, ?) ON CONFLICT DO NOTHING", (tenant, sensor))
    return _one(connection, "SELECT number FROM sensor WHERE tenant = ? AND name = ?", (tenant, sensor))


def _check_sensor(connection: sqlite3.Connection, number: int) -> None:
    rows = connection.execute(
        "SELECT sensor.name, valid_from, valid_to, semantics, liveness FROM placement "
        "JOIN sensor ON sensor.number = placement.sensor WHERE sensor = ?",
        (number,),
    ).fetchall()
    check_intervals([struct_of(Sensor, row) for row in rows])


def _grow_revision(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE revision SET number = number + 1")


def _one(connection: sqlite3.Connection, sql: str, parameters: Sequence[object]) -> int:
    return cast(int, connection.execute(sql, parameters).fetchone()[0])


def _series(row: Sequence[Any]) -> Series:
    number, tenant, stairwell, space, kind, area = row
    return Series(number=number, tenant=tenant, stairwell=stairwell, space=space, kind=Kind(kind), area=area)


def _unknown_place(tenant: str) -> PlaceRow:
    return PlaceRow(tenant=tenant, area=UNKNOWN, property=UNKNOWN, building=UNKNOWN, stairwell=UNKNOWN, space=UNKNOWN)
