"""Data that are deleted once they are old: rows of an embedded file that are dated.

A step deletes whole windows, from the oldest on, in one short transaction. The tables begin with the time in their key
or an index, so that a step touches the pages at one end of the file; those of counts and verdicts become free whole,
and are overwritten with zeros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from service.domain.counts import NANOSECONDS
from service.domain.retention import DataKind
from service.ports.retention import AgingData
from service.stores.sqlite.connection import Database, SqliteStore
from service.stores.sqlite.rows import to_text
from service.stores.windows import SECONDS_PER_HOUR


@dataclass(frozen=True)
class _Dated:
    """How the rows of a table are dated, and whose they are.

    ``first`` leads from an instant to the least value of ``column`` that is not before it, and ``instant`` from a value
    to its instant, both in seconds UTC.
    """

    table: str
    column: str
    owner: str
    first: Callable[[int], Any]
    instant: Callable[[Any], int]
    condition: str = "1"


def _first_hour(time: int) -> int:
    return -(-time // SECONDS_PER_HOUR)


def _instant_of_hour(hour: int) -> int:
    return hour * SECONDS_PER_HOUR


def _text_of(time: int) -> str:
    return to_text(datetime.fromtimestamp(time, UTC))


def _instant_of_text(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


_COUNTS = _Dated("count", "hour", "series", _first_hour, _instant_of_hour)
_VERDICTS = _Dated("verdict", "start", "series", int, int)
_SUPERSEDED = _Dated("verdict_revision", "start", "series", int, int)
_ENTRIES = _Dated("entry", "time", "tenant", _text_of, _instant_of_text)
_SENT_BY_MAIL = "channel = 'mail' AND status <> 'waiting'"
_LETTERS = _Dated("delivery", "queued", "tenant", _text_of, _instant_of_text, _SENT_BY_MAIL)


class _InAFile(SqliteStore):
    """What holds for all that ages in an embedded file."""

    def erase(self) -> bool:
        """What was deleted is zeros in the file once the log is written there."""
        return self._database.empty_log()

    def limit_seconds(self) -> int | None:
        """A file deletes nothing by itself."""
        return None


class SqliteDatedRows(_InAFile):
    """The rows of a table by a column that tells their time."""

    def __init__(self, database: Database, dated: _Dated) -> None:
        super().__init__(database)
        self._dated = dated
        self._where = f"FROM {dated.table} WHERE {dated.condition} AND {dated.column}"

    def oldest(self) -> int | None:
        """The least value there is."""
        sql = f"SELECT min({self._dated.column}) FROM {self._dated.table} WHERE {self._dated.condition}"  # noqa: S608
        value = self._database.rows(sql)[0][0]
        return None if value is None else self._dated.instant(value)

    def rows_before(self, time: int) -> Mapping[int | str, int]:
        """One scan of the oldest rows."""
        sql = f"SELECT {self._dated.owner}, count(*) {self._where} < ? GROUP BY 1"
        return dict(self._database.rows(sql, (self._dated.first(time),)))

    def delete_before(self, time: int, most: int) -> bool:
        """Delete up to the value that so many rows lie before; all rows of one value go together."""
        column, end = self._dated.column, self._dated.first(time)
        with self._database.transaction() as connection:
            sought = f"SELECT {column} {self._where} < ? ORDER BY {column} LIMIT 1 OFFSET ?"
            last = connection.execute(sought, (end, most - 1)).fetchone()
            if last is None:
                connection.execute(f"DELETE {self._where} < ?", (end,))
                return False
            connection.execute(f"DELETE {self._where} <= ?", last)
        return True


class SqliteAgingReadings(_InAFile):
    """Readings lie by sensor, so the oldest are found sensor by sensor: a few seeks each, and no index on the time."""

    def oldest(self) -> int | None:
        """The first reading of each sensor, and of these the first."""
        times = [
            self._database.rows("SELECT min(time) FROM reading WHERE series = ? AND source = ?", key)[0][0]
            for key in self._sensors()
        ]
        return min(times) // NANOSECONDS if times else None

    def rows_before(self, time: int) -> Mapping[int | str, int]:
        """A range of the key for each sensor."""
        found: Counter[int | str] = Counter()
        sql = "SELECT count(*) FROM reading WHERE series = ? AND source = ? AND time < ?"
        for series, source in self._sensors():
            found[series] += self._database.rows(sql, (series, source, time * NANOSECONDS))[0][0]
        return {series: number for series, number in found.items() if number}

    def delete_before(self, time: int, most: int) -> bool:
        """Sensor by sensor, until there were enough."""
        deleted = 0
        sql = "DELETE FROM reading WHERE series = ? AND source = ? AND time < ?"
        with self._database.transaction() as connection:
            for key in self._sensors():
                deleted += connection.execute(sql, (*key, time * NANOSECONDS)).rowcount
                if deleted >= most:
                    return True
        return False

    def _sensors(self) -> list[tuple[int, int]]:
        """Every (series, source) that has readings, by seeks."""
        found: list[tuple[int, int]] = []
        key = (-1, -1)
        sql = "SELECT series, source FROM reading WHERE (series, source) > (?, ?) ORDER BY series, source LIMIT 1"
        while rows := self._database.rows(sql, key):
            key = rows[0]
            found.append(key)
        return found


def aging_rows(counts: Database, state: Database, register: Database, audit: Database) -> dict[DataKind, AgingData]:
    """All that ages in the embedded files."""
    return {
        DataKind.COUNTS: SqliteDatedRows(counts, _COUNTS),
        DataKind.READINGS: SqliteAgingReadings(counts),
        DataKind.VERDICTS: SqliteDatedRows(state, _VERDICTS),
        DataKind.SUPERSEDED: SqliteDatedRows(state, _SUPERSEDED),
        DataKind.LETTERS: SqliteDatedRows(register, _LETTERS),
        DataKind.AUDIT: SqliteDatedRows(audit, _ENTRIES),
    }
