"""Operating: queued commands and the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from service.api.paging import Page, PageQuery
from service.api.routes import Routes
from service.domain.keys import AuditEntry, Key, Role
from service.errors import NotFound
from service.ports import Ports
from service.usecases.audit import read_audit
from service.usecases.versions.orders import CommandView, read_command

routes = Routes("Operating")
EntryNumber = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class AuditPage(Page[AuditEntry], frozen=True):
    """Audit entries, newest first."""


@routes.declare(
    "GET",
    "/v1/commands/{command}",
    roles=(Role.OPERATOR,),
    raises=(NotFound,),
    answered=CommandView(command=12, finished=True),
)
def read_queued_command(ports: Ports, key: Key, command: int) -> CommandView:
    """Tell what has become of a queued command."""
    return read_command(ports, key.tenant, command)


@routes.declare(
    "GET",
    "/v1/audit",
    roles=(Role.AUDITOR, Role.OPERATOR),
    answered=AuditPage(
        [
            AuditEntry(
                entry=318,
                time=datetime(2026, 11, 19, 6, tzinfo=UTC),
                actor="5f0c7a1e9b2d",
                tenant="demo",
                action="list.approve",
                subject="2026-11-19-001",
            )
        ]
    ),
)
def list_audit(ports: Ports, key: Key, query: PageQuery) -> AuditPage:
    """List who did what to the tenant's lists, keys and models, newest first."""
    return AuditPage.of(*read_audit(ports, key.tenant, query.limit, query.after(EntryNumber)))
