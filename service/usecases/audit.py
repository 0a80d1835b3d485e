"""Audit: who did what, when, to what."""

from __future__ import annotations

from operator import attrgetter

import msgspec

from service.domain.keys import EVERY_TENANT, AuditEntry
from service.ports import Ports

SCHEDULER = "scheduler"
"""Who does what nobody ordered."""

_RECENT_ENTRIES = 200


def record(  # noqa: PLR0917 - in the order of the sentence: who, for whom, did what, to what
    ports: Ports, actor: str, tenant: str, action: str, subject: str, detail: str = ""
) -> None:
    """Write one action to the audit; ``actor`` is a key id or ``cli:<user>``, ``action`` is ``<noun>.<verb>``."""
    entry = AuditEntry(
        time=ports.clock.now(), actor=actor, tenant=tenant, action=action, subject=subject, detail=detail
    )
    ports.audit.append(entry)


def record_once(ports: Ports, entry: AuditEntry) -> None:
    """Write an entry of something recorded elsewhere, unless it was written before whoever writes it was cut short."""
    recent = ports.audit.entries(entry.tenant, _RECENT_ENTRIES)
    if entry not in (msgspec.structs.replace(one, entry=None) for one in recent):
        ports.audit.append(entry)


def read_audit(ports: Ports, tenant: str, limit: int, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
    """Entries that concern a tenant, its own and the whole service's, newest first; and where the next page goes on.

    Parameters
    ----------
    ports
        The audit.
    tenant
        Whose.
    limit
        Most entries.
    before
        The number of the last entry of the page before.
    """
    entries = [entry for one in (tenant, EVERY_TENANT) for entry in ports.audit.entries(one, limit + 1, before)]
    entries.sort(key=attrgetter("entry"), reverse=True)
    return entries[:limit], entries[limit - 1].entry if len(entries) > limit else None
