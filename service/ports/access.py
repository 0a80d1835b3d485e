"""The ports of who may do what, how often, and who did."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from service.domain.keys import AuditEntry, Key


class KeyStore(Protocol):
    """Keys by digest, and which sessions that were begun with one are ended."""

    def add(self, key: Key) -> None:
        """Store a new key; raises Conflict if there is one with its id or digest."""

    def by_digest(self, digest: bytes) -> Key | None:
        """The key with this SHA-256 digest, revoked or not."""

    def by_id(self, key_id: str) -> Key | None:
        """The key with this id, revoked or not."""

    def all(self) -> list[Key]:
        """All keys, oldest first."""

    def revoke(self, key_id: str, revoked: datetime) -> Key:
        """Revoke a key; raises NotFound."""

    def end_session(self, nonce: str, ends: int, now: int) -> None:
        """Note, durably, that a session is ended before it ends by itself; again is no error.

        Times are seconds UTC. Notes of sessions that have ended by themselves, at ``now`` or before, are deleted.
        """

    def is_session_ended(self, nonce: str) -> bool:
        """Whether there is a note that the session with this nonce is ended."""


class RequestCounter(Protocol):
    """How often keys ask, over all processes. What it holds is worth a minute, and may be lost."""

    def count(self, key_id: str, policy: str, window: int) -> int:
        """Count one request of a key in a numbered window of time; how many there are in it, this one included."""


class SessionSecret(Protocol):
    """What the sessions of the pages are signed with. Who has it can be anybody, so it is in no backup."""

    def read(self) -> bytes:
        """The secret, made when it is first asked for, and then the same for all processes.

        Raises StoreError also if others than the service's user can read it.
        """

    def is_made(self) -> bool:
        """Whether it has been made; it is not made by asking. Raises StoreError if it is there and cannot be used."""


class AuditLog(Protocol):
    """Append-only record of who did what."""

    def append(self, entry: AuditEntry) -> None:
        """Record one action, durably."""

    def entries(self, tenant: str, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """Numbered, newest first; ``before`` is the number of the last entry of the page before."""
