"""Webhooks: who is told of what, what became of it, and sending it again."""

from __future__ import annotations

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.deliveries import DeliveryStatus
from service.usecases.telling.webhooks import list_subscriptions, list_webhooks, send_again, send_all_again


@click.group()
def webhooks() -> None:
    """Show what other systems are told of and what came in the way; send it again."""


@webhooks.command()
@tenant_option
@pass_session
def subscriptions(session: Session, tenant: str | None) -> None:
    """List who is told of what, and how much waits or was given up."""
    found = list_subscriptions(session.ports, session.tenant(tenant))
    show_table(
        ("subscription", "host", "events", "waiting", "given up"),
        ((one.name, one.host, ", ".join(one.events), one.waiting, one.given_up) for one in found),
    )


@webhooks.command()
@click.option("--subscription", help="One subscription only.")
@click.option(
    "--status", type=click.Choice([status.value for status in DeliveryStatus]), help="Only those of this status."
)
@tenant_option
@pass_session
def deliveries(session: Session, subscription: str | None, status: str | None, tenant: str | None) -> None:
    """List what waits, was sent or was given up; the scheduler sends."""
    wanted = DeliveryStatus(status) if status else None
    found = list_webhooks(session.ports, session.tenant(tenant), subscription=subscription, status=wanted)
    headers = ("delivery", "subscription", "event", "subject", "status", "attempts", "next attempt", "sent", "error")
    show_table(
        headers,
        (
            (d.delivery, d.subscription, d.type, d.subject, d.status, d.attempts, d.next_attempt, d.sent, d.error)
            for d in found
        ),
    )


@webhooks.command()
@click.argument("numbers", metavar="DELIVERY...", type=click.IntRange(1), nargs=-1)
@click.option("--subscription", help="Everything that was given up on a subscription.")
@tenant_option
@pass_session
def resend(session: Session, numbers: tuple[int, ...], subscription: str | None, tenant: str | None) -> None:
    """Queue deliveries anew, whatever became of them; the event and its id are the same."""
    if bool(numbers) == bool(subscription):
        raise click.UsageError("Name deliveries by their numbers, or everything given up on one by --subscription.")
    owner = session.tenant(tenant)
    if subscription:
        queued = send_all_again(session.ports, owner, subscription, session.actor)
    else:
        queued = len([send_again(session.ports, owner, number, session.actor) for number in numbers])
    click.echo(f"{queued} queued; the scheduler sends them with its next tick")
