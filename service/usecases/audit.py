"""Audit: who did what, when, to what."""

from __future__ import annotations

from operator import attrgetter

from service.domain.keys import AuditEntry
from service.ports import Ports

EVERY_TENANT = "*"
"""Tenant of actions that concern the whole service, such as the promotion of a model version."""


def record(  # noqa: PLR0917 - in the order of the sentence: who, for whom, did what, to what
    ports: Ports, actor: str, tenant: str, action: str, subject: str, detail: str = ""
) -> None:
    """Write one action to the audit; ``actor`` is a key id or ``cli:<user>``, ``action`` is ``<noun>.<verb>``."""
    entry = AuditEntry(
        time=ports.clock.now(), actor=actor, tenant=tenant, action=action, subject=subject, detail=detail
    )
    ports.audit.append(entry)


def read_audit(ports: Ports, tenant: str, limit: int) -> list[AuditEntry]:
    """The newest entries that concern a tenant, its own and those of the whole service, newest first."""
    entries = [*ports.audit.entries(tenant, limit), *ports.audit.entries(EVERY_TENANT, limit)]
    return sorted(entries, key=attrgetter("time"), reverse=True)[:limit]
