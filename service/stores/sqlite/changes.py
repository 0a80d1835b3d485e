"""The journal of what was appended to the counts, in counts.db."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from service.domain.counts import NANOSECONDS, Changes, CountPoints
from service.stores.sqlite.connection import SqliteStore
from service.stores.windows import earliest_of_each

_INT64 = np.dtype("<i8")


class ChangeJournal(SqliteStore):
    """One row a batch: the series it touched, and the earliest instant of each."""

    def note(self, points: CountPoints) -> None:
        """Note a batch, in the transaction that is open or in one of its own."""
        self._insert(*earliest_of_each(points.series, points.times // NANOSECONDS))

    def note_changes(self, earliest: Mapping[int, int]) -> None:
        """Note the earliest instant of each series, seconds UTC, as one batch."""
        if earliest:
            series, seconds = np.array(sorted(earliest.items()), dtype=np.int64).T
            self._insert(series, seconds)

    def _insert(self, series: NDArray[np.int64], earliest: NDArray[np.int64]) -> None:
        blobs = (series.astype(_INT64).tobytes(), earliest.astype(_INT64).tobytes())
        self._database.execute("INSERT INTO change (series, earliest) VALUES (?, ?)", blobs)

    def changes(self, cursor: int) -> Changes:
        """Merge the batches noted after the cursor."""
        sql = "SELECT cursor, series, earliest FROM change WHERE cursor > ? ORDER BY cursor"
        rows = self._database.rows(sql, (cursor,))
        series, earliest = earliest_of_each(_joined([row[1] for row in rows]), _joined([row[2] for row in rows]))
        last = rows[-1][0] if rows else cursor
        return Changes(last, dict(zip(series.tolist(), earliest.tolist(), strict=True)))

    def forget_changes(self, cursor: int) -> None:
        """Delete up to the cursor; AUTOINCREMENT keeps later cursors greater than every earlier one."""
        self._database.execute("DELETE FROM change WHERE cursor <= ?", (cursor,))


def _joined(blobs: list[bytes]) -> NDArray[np.int64]:
    return np.frombuffer(b"".join(blobs), dtype=_INT64).astype(np.int64)
