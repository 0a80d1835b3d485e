"""Readings in counts.db: kept together with the counts derived from them, where those lie there too."""

from __future__ import annotations

from service.domain.counts import ReadingPoints
from service.stores.sqlite.connection import SqliteStore

_UPSERT = """
    INSERT INTO reading (series, source, time, value) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value
"""
_BETWEEN = "SELECT time, value FROM reading WHERE series = ? AND source = ? AND time >= ? AND time < ? ORDER BY time"
_NEIGHBOURS = """
    SELECT (SELECT max(time) FROM reading WHERE series = :series AND source = :source AND time < :start),
           (SELECT min(time) FROM reading WHERE series = :series AND source = :source AND time >= :end)
"""


class SqliteReadingStore(SqliteStore):
    """Readings of one sensor lie beside each other."""

    def put(self, readings: ReadingPoints) -> None:
        """Keep readings; of equal keys the last one."""
        columns = (readings.series, readings.sources, readings.times, readings.values)
        self._database.executemany(_UPSERT, zip(*(column.tolist() for column in columns), strict=True))

    def read(self, series: int, source: int, start: int, end: int) -> list[tuple[int, int]]:
        """A range of the key."""
        return [(time, value) for time, value in self._database.rows(_BETWEEN, (series, source, start, end))]

    def neighbours(self, series: int, source: int, start: int, end: int) -> tuple[int | None, int | None]:
        """Two look-ups of the key."""
        keys = {"series": series, "source": source, "start": start, "end": end}
        [(before, after)] = self._database.rows(_NEIGHBOURS, keys)
        return before, after
