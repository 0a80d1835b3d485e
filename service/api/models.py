"""Model versions: what there is, what would change, and putting one in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from service.api.paging import Page, PageQuery, page_of
from service.api.routes import JSON, Reply, Routes
from service.domain.keys import Key, Role
from service.domain.versions import BudgetKept
from service.errors import Conflict, GatesNotPassed, NotFound, VersionRefused
from service.ports import Ports
from service.usecases.versions.gates import Gate
from service.usecases.versions.orders import (
    MOST_REASON,
    CommandView,
    queue_promotion,
    queue_pruning,
    queue_rollback,
    read_pruning,
)
from service.usecases.versions.prune import DEFAULT_NEWEST, Kept, Pruned, Pruning
from service.usecases.versions.reading import (
    REPORT_HTML,
    Difference,
    RefusedVersion,
    TableDifference,
    VersionComparison,
    VersionDetails,
    VersionView,
    compare_versions,
    list_refused,
    list_versions,
    read_report,
    read_version,
)
from service.web.pages import HTML

routes = Routes("Model versions")

_READ = (NotFound, VersionRefused)
_LOCATION = {"Location": "Where to ask what has become of it."}
_QUEUED = CommandView(command=12, finished=False)
_MADE = datetime(2026, 11, 22, tzinfo=UTC)
_SAID: dict[str, Any] = {
    "version": "4",
    "champion": False,
    "parent": "3",
    "created": _MADE,
    "window": (datetime(2026, 5, 24, tzinfo=UTC), _MADE),
    "counts_digest": "9f2c1d",
    "metrics": {"log_loss_champion": 0.3127, "log_loss_challenger": 0.3098, "list_overlap": 0.85},
    "budgets": [BudgetKept(promised=2, achieved=1.9, first_week=9, last_week=None, stairwell_weeks=2152.4)],
    "gates": [
        Gate(
            name="overlap",
            passed=True,
            value=0.85,
            limit=0.6,
            reason="85% of the first places of the champion stay on the list, where 60% are asked for "
            "(gates.list_overlap)",
        )
    ],
}


class VersionPage(Page[VersionView], frozen=True):
    """Model versions, oldest first, and the folders that are not used."""

    refused: list[RefusedVersion] = msgspec.field(default_factory=list)


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why gates that were not passed do not matter."""

    override: Annotated[str, Meta(min_length=1, max_length=MOST_REASON, description="It goes into the audit.")]


class ComparisonQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"with_": "with"}):
    """Beside which version."""

    with_: Annotated[str, Meta(description="Another version.", max_length=100)]


class PruningQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is kept beside what is needed."""

    newest: Annotated[int, Meta(ge=0, le=1000, description="So many of the versions made last are kept.")] = (
        DEFAULT_NEWEST
    )


@routes.declare("GET", "/v1/models", roles=(Role.OPERATOR,), answered=VersionPage([VersionView(**_SAID)]))
def list_models(ports: Ports, query: PageQuery) -> VersionPage:
    """List the model versions and tell which is the champion.

    ``budgets`` has what each promises and what it kept in a simulated town without events: episodes opened per 100
    stairwell-weeks, by the weeks of evidence. ``gates`` has what its trial says of putting it in force. Folders that
    were altered or come from elsewhere are never used; ``refused`` tells why.
    """
    page = VersionPage.of(*page_of(list_versions(ports), _by_id, query))
    return msgspec.structs.replace(page, refused=list_refused(ports))


@routes.declare(
    "GET",
    "/v1/models/pruning",
    roles=(Role.OPERATOR,),
    answered=Pruning(
        frees_bytes=310_412,
        pruned=[Pruned(version="2", created=_MADE, size_bytes=310_412)],
        kept=[Kept(version="3", created=_MADE, reason="it is the champion")],
    ),
)
def read_model_pruning(ports: Ports, key: Key, query: PruningQuery) -> Pruning:
    """Read which versions pruning would delete, the room that frees, and why the others stay.

    Kept is whatever was ever in force, since verdicts and lists name it, with what it comes from.
    """
    return read_pruning(ports, key.tenant, query.newest)


@routes.declare(
    "POST",
    "/v1/models/prune",
    roles=(Role.OPERATOR,),
    status=202,
    produces={JSON: CommandView},
    headers=_LOCATION,
    answered=_QUEUED,
)
def prune_models(ports: Ports, key: Key, query: PruningQuery) -> Reply:
    """Queue the deletion of the versions that ``GET /v1/models/pruning`` tells of."""
    return _queued(queue_pruning(ports, key.tenant, query.newest, key.key_id))


@routes.declare(
    "POST",
    "/v1/models/rollback",
    roles=(Role.OPERATOR,),
    status=202,
    raises=(*_READ, Conflict),
    produces={JSON: CommandView},
    headers=_LOCATION,
    answered=_QUEUED,
)
def roll_back_model(ports: Ports, key: Key) -> Reply:
    """Queue the return to the champion before this one; the scheduler runs it as a promotion."""
    return _queued(queue_rollback(ports, key.tenant, key.key_id))


@routes.declare(
    "GET",
    "/v1/models/{version}",
    roles=(Role.OPERATOR,),
    raises=_READ,
    answered=VersionDetails(
        **_SAID,
        settings={"weeks": 26, "window_minutes": 60},
        packages={"trappvakt": "0.1.0", "numpy": "2.4.0"},
        files={"settings.json": "7d865e"},
        size_bytes=310_412,
    ),
)
def read_model(ports: Ports, version: str) -> VersionDetails:
    """Read all that the manifest of a model version says, once every file of it was checked."""
    return read_version(ports, version)


@routes.declare(
    "GET",
    "/v1/models/{version}/report",
    roles=(Role.OPERATOR,),
    raises=_READ,
    produces={JSON: dict[str, Any]},
    answered={"version": "4"},
)
def read_model_report(ports: Ports, key: Key, version: str) -> Reply:
    """Read what the trial of a version beside the champion found, and which places enter and leave the list."""
    return Reply(read_report(ports, key.tenant, version))


@routes.declare("GET", "/v1/models/{version}/report.html", roles=(Role.OPERATOR,), raises=_READ, produces={HTML: str})
def read_model_report_page(ports: Ports, key: Key, version: str) -> Reply:
    """Read the same as a page."""
    return Reply(read_report(ports, key.tenant, version, REPORT_HTML), media_type=HTML)


@routes.declare(
    "GET",
    "/v1/models/{version}/comparison",
    roles=(Role.OPERATOR,),
    raises=_READ,
    answered=VersionComparison(
        one="4",
        other="3",
        metrics=[Difference(name="log_loss_challenger", one=0.3098, other=0.3127)],
        settings=[Difference(name="hyperparameters.night_share", one=0.4, other=0.5)],
        tables=[TableDifference(name="level", largest=0.21, mean=0.03)],
    ),
)
def compare_models(ports: Ports, version: str, query: ComparisonQuery) -> VersionComparison:
    """Compare a version with another: metrics side by side, and what differs of settings and tables."""
    return compare_versions(ports, version, query.with_)


@routes.declare(
    "POST",
    "/v1/models/{version}/promote",
    roles=(Role.OPERATOR,),
    status=202,
    raises=(*_READ, GatesNotPassed),
    produces={JSON: CommandView},
    headers=_LOCATION,
    sent=Override("the recall was measured in the week of the fair"),
    answered=_QUEUED,
)
def promote_model(ports: Ports, key: Key, version: str, body: Override | None) -> Reply:
    """Queue the promotion of a model version; the scheduler runs it.

    Its state is learnt beside that of the champion, under which scoring goes on until both have come as far. No window
    is left out and none is scored twice. A version that does not pass its gates is refused, unless a reason to override
    them is given, which goes into the audit. Where there are several tenants, none of their keys may do this, since the
    champion is everybody's.
    """
    return _queued(queue_promotion(ports, key.tenant, version, key.key_id, body.override if body else ""))


def _by_id(version: VersionView) -> tuple[int]:
    return (int(version.version),)


def _queued(command: CommandView) -> Reply:
    return Reply(command, {"Location": f"/v1/commands/{command.command}"})
