"""Orders: what is asked of the scheduler, which alone changes state, and what has become of it.

Model versions serve every tenant: where there are several, none of their keys may order anything about them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from service.errors import InvalidInput, NotPermitted
from service.ports import Ports
from service.usecases.versions.gates import check_gates
from service.usecases.versions.promote import previous_champion
from service.usecases.versions.prune import Pruning, plan_pruning

MOST_REASON = 500
"""Characters of the reason why gates are overridden."""


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """What has become of a queued command; ``error`` says why it failed."""

    command: int
    finished: bool
    error: str | None = None
    progress: Annotated[float, Meta(ge=0, le=1, description="How much is done, of what takes its time.")] | None = None


def promotion_argument(ports: Ports, version_id: str, override: str = "") -> str:
    """The argument of a command that promotes a version, once there is nothing to say against it.

    Raises
    ------
    NotFound, VersionRefused
        If there is no such version, or any of its files was altered.
    GatesNotPassed
        If its trial does not show what it has to, and no reason is given to override that.
    InvalidInput
        If the reason is too long.
    """
    reason = " ".join(override.split())
    if len(reason) > MOST_REASON:
        raise InvalidInput(f"the reason has {len(reason)} characters; say it in {MOST_REASON}")
    check_gates(ports, ports.registry.verify(version_id), reason)
    return f"{version_id} {reason}".strip()


def queue_promotion(ports: Ports, tenant: str, version_id: str, actor: str, override: str = "") -> CommandView:
    """Order a version to be put in force.

    Raises as `promotion_argument`, and NotPermitted if there are other tenants.
    """
    check_alone(ports, tenant)
    return _queued(ports, "promote", promotion_argument(ports, version_id, override), actor)


def queue_rollback(ports: Ports, tenant: str, actor: str) -> CommandView:
    """Order the champion before this one to be put in force again.

    Raises
    ------
    Conflict
        If there was none, or a version is being put in force.
    NotFound, VersionRefused
        If its folder is gone or was altered.
    NotPermitted
        If there are other tenants.
    """
    check_alone(ports, tenant)
    return _queued(ports, "promote", promotion_argument(ports, previous_champion(ports)), actor)


def read_pruning(ports: Ports, tenant: str, newest: int) -> Pruning:
    """What pruning would delete and keep; raises NotPermitted if there are other tenants."""
    check_alone(ports, tenant)
    return plan_pruning(ports, newest)


def queue_pruning(ports: Ports, tenant: str, newest: int, actor: str) -> CommandView:
    """Order what `read_pruning` tells of to be deleted; raises NotPermitted if there are other tenants."""
    plan = read_pruning(ports, tenant, newest)
    return _queued(ports, "prune", pruning_argument(plan), actor)


def pruning_argument(plan: Pruning) -> str:
    """The argument of a command that prunes what a plan names."""
    return " ".join(one.version for one in plan.pruned)


def read_command(ports: Ports, tenant: str, command_id: int) -> CommandView:
    """What has become of a command.

    Raises
    ------
    NotFound
        If there is no such command.
    NotPermitted
        If there are other tenants.
    """
    check_alone(ports, tenant)
    promotion = ports.state.promotion()
    share = promotion.share if promotion and promotion.command == command_id else None
    finished, error = ports.state.outcome(command_id)
    return CommandView(command=command_id, finished=finished, error=error, progress=None if finished else share)


def _queued(ports: Ports, name: str, argument: str, actor: str) -> CommandView:
    return CommandView(command=ports.state.enqueue(name, argument, actor), finished=False)


def check_alone(ports: Ports, tenant: str) -> None:
    """Raise NotPermitted if there are other tenants: a champion is everybody's, and a report names all places."""
    if any(one.tenant != tenant for one in ports.register.series()):
        raise NotPermitted(
            "model versions serve several tenants here, so no tenant's key may change them; "
            "run `trappvakt models` where the service runs"
        )
