"""Keys in register.db."""

from __future__ import annotations

from datetime import datetime

from service.domain.keys import Key
from service.stores.refusals import key_exists, key_not_found
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of, to_text

_SELECT = "SELECT id, digest, role, tenant, label, created, revoked FROM key"


class SqliteKeyStore(SqliteStore):
    """Keys by digest, and sessions that are ended by their nonce; the tokens themselves are nowhere."""

    def add(self, key: Key) -> None:
        """Store a new key; raises Conflict if there is one with its id or digest."""
        added = self._database.execute(
            "INSERT INTO key VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row_of(key)
        )
        if not added.rowcount:
            raise key_exists(key.key_id)

    def by_digest(self, digest: bytes) -> Key | None:
        """The key with this digest, revoked or not."""
        rows = self._database.rows(f"{_SELECT} WHERE digest = ?", (digest,))
        return struct_of(Key, rows[0]) if rows else None

    def by_id(self, key_id: str) -> Key | None:
        """The key with this id, revoked or not."""
        rows = self._database.rows(f"{_SELECT} WHERE id = ?", (key_id,))
        return struct_of(Key, rows[0]) if rows else None

    def all(self) -> list[Key]:
        """All keys, oldest first."""
        return [struct_of(Key, row) for row in self._database.rows(f"{_SELECT} ORDER BY rowid")]

    def revoke(self, key_id: str, revoked: datetime) -> Key:
        """Revoke a key; the time of the first revocation stays."""
        self._database.execute(
            "UPDATE key SET revoked = ? WHERE id = ? AND revoked IS NULL", (to_text(revoked), key_id)
        )
        revoked_key = self.by_id(key_id)
        if revoked_key is None:
            raise key_not_found(key_id)
        return revoked_key

    def end_session(self, nonce: str, ends: int, now: int) -> None:
        """Note that a session is ended; notes that are needed no longer go in the same transaction."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM ended_session WHERE ends <= ?", (now,))
            connection.execute("INSERT INTO ended_session VALUES (?, ?) ON CONFLICT DO NOTHING", (nonce, ends))

    def is_session_ended(self, nonce: str) -> bool:
        """Whether a session is noted as ended."""
        return bool(self._database.rows("SELECT 1 FROM ended_session WHERE nonce = ?", (nonce,)))
