"""Sensors: which of them cannot be relied on, and what to do."""

from __future__ import annotations

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.sensors import SensorState
from service.usecases.sensors.reading import SensorFilter, SensorView, find_sensors

_SHOWN = 1000


@click.command()
@click.option("--state", type=click.Choice([state.value for state in SensorState]), help="Only those in this state.")
@click.option("--area", help="One area only.")
@click.option("--all", "everyone", is_flag=True, help="Those in order too.")
@tenant_option
@pass_session
def sensors(session: Session, state: str | None, area: str | None, tenant: str | None, *, everyone: bool) -> None:
    """Tell which sensors are silent, stuck or otherwise at fault, since when, why, and what to do."""
    wanted = SensorFilter(state=SensorState(state) if state else None, area=area, limit=_SHOWN)
    found, more = find_sensors(session.ports, session.tenant(tenant), wanted)
    shown = [one for one in found if state or everyone or one.states != [SensorState.OK]]
    show_table(
        ("id", "sensor", "stairwell", "space", "state", "last heard", "a day", "expected", "why and what to do"),
        map(_cells, shown),
    )
    click.echo(f"{len(shown)} of {len(found)} sensors are shown", err=True)
    if more:
        click.echo(f"Only the first {_SHOWN} were looked at; name an area", err=True)


def _cells(one: SensorView) -> tuple[object, ...]:
    told = " ".join(f"{fault.reason.en} {fault.action.en}" for fault in one.faults)
    return (
        one.id,
        one.sensor or "",
        one.stairwell,
        one.space,
        ", ".join(one.states),
        one.last_seen or "",
        "" if one.messages_per_day_observed is None else one.messages_per_day_observed,
        "" if one.messages_per_day_expected is None else one.messages_per_day_expected,
        told,
    )
