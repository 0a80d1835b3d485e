"""Lists, keys and the audit log in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from service.domain.hotspots import ListRecord, ListStatus
from service.domain.keys import AuditEntry, Key
from service.stores.lists import check_draft, check_kept
from service.stores.refusals import key_exists, key_not_found, list_exists, list_not_found, never_approved


@dataclass
class _StoredList:
    record: ListRecord
    document: bytes
    approved_document: bytes | None = None


class MemoryHotspotListStore:
    """Lists in a dict by (tenant, id)."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str], _StoredList] = {}

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new list; raises Conflict if the id or the number exists."""
        numbers = {one.record.number for one in self._of(record.tenant)}
        if (record.tenant, record.list_id) in self._lists or record.number in numbers:
            raise list_exists(record.tenant, record.list_id)
        self._lists[record.tenant, record.list_id] = _StoredList(record, canonical_json)

    def get(self, tenant: str, list_id: str, *, approved: bool = False) -> tuple[ListRecord, bytes]:
        """A list and what is decided about it; raises NotFound, Gone."""
        stored = self._stored(tenant, list_id)
        content = stored.approved_document if approved else stored.document
        if content is None:
            raise never_approved(stored.record)
        check_kept(stored.record)
        return stored.record, content

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """A page of lists, newest first."""
        last = self._lists.get((tenant, after)) if after else None
        before = last.record.number if last else 0
        found = (
            stored.record
            for stored in self._of(tenant)
            if stored.record.status in statuses and (after is None or stored.record.number < before)
        )
        return [record for record, _ in zip(found, range(limit), strict=False)]

    def newest(self, tenant: str, area: str | None, statuses: Sequence[ListStatus]) -> ListRecord | None:
        """The newest list of one area, or of none."""
        records = (stored.record for stored in self._of(tenant))
        return next((record for record in records if record.area == area and record.status in statuses), None)

    def approve(self, decided: ListRecord, approved_json: bytes) -> None:
        """Draft to approved, and the approved one before it to superseded."""
        stored = self._stored(decided.tenant, decided.list_id)
        check_kept(stored.record)
        before = self.newest(decided.tenant, stored.record.area, [ListStatus.APPROVED])
        check_draft(stored.record, before)
        if before is not None:
            superseded = msgspec.structs.replace(before, status=ListStatus.SUPERSEDED)
            self._stored(before.tenant, before.list_id).record = superseded
        stored.record, stored.approved_document = decided, approved_json

    def expire(self, made_before: datetime, expired: datetime) -> list[ListRecord]:
        """Empty the documents of lists made before a time."""
        due = [one for one in self._lists.values() if one.record.made < made_before and one.record.expired is None]
        for stored in due:
            stored.record = msgspec.structs.replace(stored.record, expired=expired)
            stored.document, stored.approved_document = b"", None if stored.approved_document is None else b""
        return sorted((stored.record for stored in due), key=lambda record: (record.tenant, record.number))

    def _stored(self, tenant: str, list_id: str) -> _StoredList:
        if (tenant, list_id) not in self._lists:
            raise list_not_found(tenant, list_id)
        return self._lists[tenant, list_id]

    def _of(self, tenant: str) -> list[_StoredList]:
        mine = (stored for (owner, _), stored in self._lists.items() if owner == tenant)
        return sorted(mine, key=lambda stored: -stored.record.number)


class MemoryKeyStore:
    """Keys in a dict by id, and when sessions that are ended would have ended, by nonce."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._ended_sessions: dict[str, int] = {}

    def add(self, key: Key) -> None:
        """Store a new key; raises Conflict if there is one with its id or digest."""
        if key.key_id in self._keys or self.by_digest(key.digest):
            raise key_exists(key.key_id)
        self._keys[key.key_id] = key

    def by_digest(self, digest: bytes) -> Key | None:
        """The key with this digest, revoked or not."""
        return next((key for key in self._keys.values() if key.digest == digest), None)

    def by_id(self, key_id: str) -> Key | None:
        """The key with this id, revoked or not."""
        return self._keys.get(key_id)

    def all(self) -> list[Key]:
        """All keys, oldest first."""
        return list(self._keys.values())

    def revoke(self, key_id: str, revoked: datetime) -> Key:
        """Revoke a key; the time of the first revocation stays."""
        if key_id not in self._keys:
            raise key_not_found(key_id)
        key = self._keys[key_id]
        self._keys[key_id] = msgspec.structs.replace(key, revoked=key.revoked or revoked)
        return self._keys[key_id]

    def end_session(self, nonce: str, ends: int, now: int) -> None:
        """Note that a session is ended, and forget those that are over by themselves."""
        self._ended_sessions = {one: end for one, end in self._ended_sessions.items() if end > now} | {nonce: ends}

    def is_session_ended(self, nonce: str) -> bool:
        """Whether a session is noted as ended."""
        return nonce in self._ended_sessions


class MemoryAuditLog:
    """Entries in a dict by number."""

    def __init__(self) -> None:
        self._entries: dict[int, AuditEntry] = {}
        self._numbered = 0

    def append(self, entry: AuditEntry) -> None:
        """Record one action."""
        self._numbered += 1
        self._entries[self._numbered] = msgspec.structs.replace(entry, entry=self._numbered)

    def entries(self, tenant: str, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """The newest entries of a tenant, newest first."""
        found = (one for number, one in reversed(self._entries.items()) if before is None or number < before)
        return [one for one in found if one.tenant == tenant][:limit]

    def dated(self) -> Iterator[tuple[int, str, int]]:
        """Time in seconds UTC, tenant and number of every entry."""
        return ((int(one.time.timestamp()), one.tenant, number) for number, one in self._entries.items())

    def drop(self, numbers: Collection[object]) -> None:
        """Delete entries by their numbers."""
        self._entries = {number: one for number, one in self._entries.items() if number not in numbers}
