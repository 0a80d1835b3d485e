"""What is known of sensors as devices, in sensors.db: notes of what came, and a row a sensor of what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from service.domain.sensors import Activity, Battery, SensorFault, SensorKey, Sightings
from service.stores.sqlite.connection import SqliteStore

_INT64 = np.dtype("<i8")
_NOTE = "INSERT INTO note (arrived, series, source, document) VALUES (?, ?, ?, ?)"
_PUT = "INSERT INTO activity VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET document = excluded.document"
_RECORD = "INSERT INTO fault VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET document = excluded.document"
_activity = msgspec.msgpack.Decoder(Activity)
_battery = msgspec.msgpack.Decoder(Battery)
_fault = msgspec.msgpack.Decoder(SensorFault)


class SqliteSensorStore(SqliteStore):
    """A request leaves one note of all its sensors, so that taking counts in costs one short row more.

    Parameters
    ----------
    database
        A file whose commits need not be synced: after a power cut the next messages tell the same.
    """

    def note(self, sightings: Sightings) -> None:
        """One row, of seven columns of int64."""
        table = np.stack([getattr(sightings, name) for name in _COLUMNS]).astype(_INT64)
        if table.shape[1]:
            self._database.execute(_NOTE, (sightings.arrived, None, None, table.tobytes()))

    def note_battery(self, key: SensorKey, battery: Battery, said: int) -> None:
        """One row that names its sensor."""
        self._database.execute(_NOTE, (said, *key, msgspec.msgpack.encode(battery)))

    def noted(self, limit: int) -> tuple[int, list[Sightings], list[tuple[SensorKey, Battery, int]]]:
        """By the order in which they came."""
        rows = self._database.rows(
            "SELECT id, arrived, series, source, document FROM note ORDER BY id LIMIT ?", (limit,)
        )
        sightings = [_sightings(arrived, document) for _, arrived, series, _, document in rows if series is None]
        batteries = [
            (SensorKey(series, source), _battery.decode(document), said)
            for _, said, series, source, document in rows
            if series is not None
        ]
        return (rows[-1][0] if rows else 0), sightings, batteries

    def forget_noted(self, upto: int) -> None:
        """AUTOINCREMENT keeps later notes greater than every earlier one."""
        self._database.execute("DELETE FROM note WHERE id <= ?", (upto,))

    def activities(self) -> dict[SensorKey, Activity]:
        """All rows."""
        rows = self._database.rows("SELECT series, source, document FROM activity ORDER BY series, source")
        return {SensorKey(series, source): _activity.decode(document) for series, source, document in rows}

    def put_activities(self, activities: Mapping[SensorKey, Activity]) -> None:
        """A row each."""
        rows = ((*key, msgspec.msgpack.encode(one)) for key, one in activities.items())
        self._database.executemany(_PUT, rows)

    def faults(self) -> list[SensorFault]:
        """All rows."""
        rows = self._database.rows("SELECT document FROM fault ORDER BY series, source, state")
        return [_fault.decode(document) for (document,) in rows]

    def replace_faults(self, gone: Iterable[SensorFault], there: Iterable[SensorFault]) -> None:
        """A row each."""
        delete = "DELETE FROM fault WHERE series = ? AND source = ? AND state = ?"
        with self._database.transaction():
            self._database.executemany(delete, ((*one.key, one.state) for one in gone))
            self._database.executemany(_RECORD, ((*one.key, one.state, msgspec.msgpack.encode(one)) for one in there))


_COLUMNS = ("series", "sources", "first", "last", "longest", "messages", "ahead")


def _sightings(arrived: int, document: bytes) -> Sightings:
    table = np.frombuffer(document, dtype=_INT64).reshape(len(_COLUMNS), -1).astype(np.int64)
    return Sightings(arrived, **dict(zip(_COLUMNS, table, strict=True)))
