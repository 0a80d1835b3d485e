"""Keys: who may do what, for which tenant."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

EVERY_TENANT = "*"
"""Stands for all tenants where there is one for each: of police keys, joint lists, and actions on the whole service."""


class Role(StrEnum):
    """What a key is for."""

    INGEST = "ingest"
    READER = "reader"
    POLICE = "police"
    OPERATOR = "operator"
    AUDITOR = "auditor"


LIST_READERS = frozenset({Role.READER, Role.POLICE, Role.OPERATOR})
"""Read approved lists, and what was found where they led."""
FINDING_READERS = frozenset({Role.READER, Role.OPERATOR})
"""Read places, sensors, verdicts, episodes and normal weeks."""
VISITORS = frozenset({Role.POLICE, Role.OPERATOR})
"""Tell what they found."""
DECIDERS = frozenset({Role.OPERATOR})
"""See drafts, approve them, and decide about episodes."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored: the secret itself is shown once, only its SHA-256 digest is kept."""

    key_id: str
    digest: bytes
    role: Role
    tenant: str
    label: str
    created: datetime
    revoked: datetime | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who did what, when, to what. ``actor`` is a key id or ``cli:<user>``; the log numbers its entries."""

    entry: int | None = None
    time: datetime
    actor: str
    tenant: str
    action: str
    subject: str
    detail: str = ""
