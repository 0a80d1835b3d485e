"""The journal of what was appended to the counts, in counts.db."""

from __future__ import annotations

import numpy as np

from service.domain.counts import Changes, CountPoints
from service.stores.sqlite.connection import Database
from service.stores.windows import earliest_by_series


class ChangeJournal:
    """One row a batch: the series it touched, and the earliest instant of each."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, points: CountPoints) -> None:
        """Note a batch, in the transaction that is open or in one of its own."""
        series, earliest = (column.astype("<i8").tobytes() for column in earliest_by_series(points))
        self._database.execute("INSERT INTO change (series, earliest) VALUES (?, ?)", (series, earliest))

    def since(self, cursor: int) -> Changes:
        """Merge the batches noted after the cursor."""
        sql = "SELECT cursor, series, earliest FROM change WHERE cursor > ? ORDER BY cursor"
        rows = self._database.rows(sql, (cursor,))
        earliest: dict[int, int] = {}
        for _, series, seconds in rows:
            for number, second in zip(_int64(series), _int64(seconds), strict=True):
                earliest[number] = min(second, earliest.get(number, second))
        return Changes(rows[-1][0] if rows else cursor, earliest)

    def forget(self, cursor: int) -> None:
        """Delete up to the cursor; AUTOINCREMENT keeps later cursors greater than every earlier one."""
        self._database.execute("DELETE FROM change WHERE cursor <= ?", (cursor,))


def _int64(blob: bytes) -> list[int]:
    numbers: list[int] = np.frombuffer(blob, dtype="<i8").tolist()
    return numbers
