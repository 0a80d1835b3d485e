"""Operating: model versions, queued commands and the audit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from service.api.paging import Page, PageQuery, decode_cursor, encode_cursor, page_of
from service.api.routes import Reply, Routes
from service.domain.keys import AuditEntry, Key, Role
from service.domain.versions import BudgetKept
from service.errors import NotFound, VersionRefused
from service.ports import Ports
from service.usecases.audit import read_audit
from service.usecases.queries import CommandView, VersionView, list_versions, queue_promotion, read_command

routes = Routes("Operating")
EntryNumber = Annotated[int, Meta(ge=1, le=2**63 - 1)]


class VersionPage(Page[VersionView], frozen=True):
    """Model versions, oldest first."""


class AuditPage(Page[AuditEntry], frozen=True):
    """Audit entries, newest first."""


@routes.declare(
    "GET",
    "/v1/models",
    roles=(Role.OPERATOR,),
    answered=VersionPage(
        [
            VersionView(
                version="0",
                champion=True,
                parent=None,
                created=datetime(2026, 11, 22, tzinfo=UTC),
                window=None,
                counts_digest="",
                metrics={},
                budgets=[
                    BudgetKept(promised=2, achieved=1.9, first_week=9, last_week=None, stairwell_weeks=2152.4),
                ],
            )
        ]
    ),
)
def list_models(ports: Ports, query: PageQuery) -> VersionPage:
    """List the model versions and tell which is the champion.

    ``budgets`` has what each promises and what it kept in a simulated town without events: episodes opened per 100
    stairwell-weeks, by the weeks of evidence.
    """
    return VersionPage(*page_of(list_versions(ports), _by_id, query, ports.settings.api.max_page))


def _by_id(version: VersionView) -> tuple[int]:
    return (int(version.version),)


@routes.declare(
    "POST",
    "/v1/models/{version}/promote",
    roles=(Role.OPERATOR,),
    status=202,
    raises=(NotFound, VersionRefused),
    produces={"application/json": CommandView},
    headers={"Location": "Where to ask what has become of it."},
    answered=CommandView(command=12, finished=False),
)
def promote_model(ports: Ports, key: Key, version: str) -> Reply:
    """Queue the promotion of a model version; the scheduler runs it.

    Until then scoring goes on under the champion. No window is left out and none is scored twice. Where there are
    several tenants, none of their keys may do this, since the champion is everybody's.
    """
    command = queue_promotion(ports, key.tenant, version, key.key_id)
    return Reply(command, {"Location": f"/v1/commands/{command.command}"})


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
    before = decode_cursor(query.cursor, EntryNumber)
    items, following = read_audit(ports, key.tenant, min(query.limit, ports.settings.api.max_page), before)
    return AuditPage(items, encode_cursor(following) if following else None)
