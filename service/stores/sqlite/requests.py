"""How often keys ask, in requests.db, which all processes of one machine share."""

from __future__ import annotations

from service.stores.sqlite.connection import SqliteStore

_COUNT = """
    INSERT INTO request (key, policy, window, n) VALUES (?, ?, ?, 1)
    ON CONFLICT DO UPDATE SET n = CASE window WHEN excluded.window THEN n + 1 ELSE 1 END, window = excluded.window
    RETURNING n
"""


class SqliteRequestCounter(SqliteStore):
    """One row for each key and policy, counted in one statement; a new window begins at one.

    Parameters
    ----------
    database
        A file whose commits need not be synced.
    """

    def count(self, key_id: str, policy: str, window: int) -> int:
        """Count one request; returns how many there are in its window."""
        with self._database.transaction() as connection:
            counted: int = connection.execute(_COUNT, (key_id, policy, window)).fetchone()[0]
        return counted
