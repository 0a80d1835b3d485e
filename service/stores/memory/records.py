"""Lists, keys and the audit log in memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from service.domain.hotspots import ListRecord, ListStatus
from service.domain.keys import AuditEntry, Key
from service.errors import Conflict, NotFound
from service.stores.keys import key_exists, key_not_found
from service.stores.lists import check_draft, list_exists, list_not_found


class MemoryHotspotListStore:
    """Lists in a dict by (tenant, id)."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], tuple[ListRecord, bytes]] = {}

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new list; raises Conflict if the id exists."""
        if (record.tenant, record.list_id) in self._lists:
            raise Conflict(list_exists(record.tenant, record.list_id))
        self._lists[record.tenant, record.list_id] = (record, canonical_json)

    def get(self, tenant: str, list_id: str) -> tuple[ListRecord, bytes]:
        """A list and what is decided about it; raises NotFound."""
        if (tenant, list_id) not in self._lists:
            raise NotFound(list_not_found(tenant, list_id))
        return self._lists[tenant, list_id]

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """A page of lists, newest first."""
        found = (
            record
            for (owner, list_id), (record, _) in sorted(self._lists.items(), reverse=True)
            if owner == tenant and record.status in statuses and (after is None or list_id < after)
        )
        return [record for record, _ in zip(found, range(limit), strict=False)]

    def approve(self, tenant: str, list_id: str, approved_by: str, approved: datetime) -> ListRecord:
        """Draft to approved, and the approved one before it to superseded."""
        record, document = self.get(tenant, list_id)
        check_draft(record)
        for key, (other, bytes_) in self._lists.items():
            if key[0] == tenant and other.status is ListStatus.APPROVED:
                self._lists[key] = (msgspec.structs.replace(other, status=ListStatus.SUPERSEDED), bytes_)
        record = msgspec.structs.replace(record, status=ListStatus.APPROVED, approved_by=approved_by, approved=approved)
        self._lists[tenant, list_id] = (record, document)
        return record


class MemoryKeyStore:
    """Keys in a dict by id."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def add(self, key: Key) -> None:
        """Store a new key; raises Conflict if there is one with its id or digest."""
        if key.key_id in self._keys or self.by_digest(key.digest):
            raise Conflict(key_exists(key.key_id))
        self._keys[key.key_id] = key

    def by_digest(self, digest: bytes) -> Key | None:
        """The key with this digest, revoked or not."""
        return next((key for key in self._keys.values() if key.digest == digest), None)

    def all(self) -> list[Key]:
        """All keys, oldest first."""
        return list(self._keys.values())

    def revoke(self, key_id: str, revoked: datetime) -> Key:
        """Revoke a key; the time of the first revocation stays."""
        if key_id not in self._keys:
            raise NotFound(key_not_found(key_id))
        key = self._keys[key_id]
        self._keys[key_id] = msgspec.structs.replace(key, revoked=key.revoked or revoked)
        return self._keys[key_id]


class MemoryAuditLog:
    """Entries in a list."""

    def __init__(self) -> None:
        self._entries: list[AuditEntry] = []

    def append(self, entry: AuditEntry) -> None:
        """Record one action."""
        self._entries.append(entry)

    def entries(self, tenant: str, limit: int = 100) -> list[AuditEntry]:
        """The newest entries of a tenant, newest first."""
        return [entry for entry in reversed(self._entries) if entry.tenant == tenant][:limit]
