"""Episodes: what is going on, and what somebody does about it."""

from __future__ import annotations

from datetime import timedelta

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.episodes import MuteReason
from service.usecases.findings.episodes import (
    EpisodeFilter,
    EpisodeView,
    acknowledge_episode,
    close_episode,
    find_episodes,
    mute_episode,
)

_SHOWN = 1000


@click.group()
def episodes() -> None:
    """Show what is not normal, told as one thing each; acknowledge, mute, close."""


@episodes.command(name="list")
@click.option("--stairwell", help="One stairwell only.")
@click.option("--open", "only_open", is_flag=True, help="Only those that go on.")
@click.option(
    "--common-cause/--no-common-cause",
    default=None,
    help="Only those while the whole town was out, or only those of the place itself.",
)
@click.option("--days", type=click.IntRange(1), default=14, show_default=True, help="How far back they opened.")
@tenant_option
@pass_session
def list_(
    session: Session,
    stairwell: str | None,
    tenant: str | None,
    *,
    only_open: bool,
    common_cause: bool | None,
    days: int,
) -> None:
    """List the episodes that opened in the last days, by start."""
    owner = session.tenant(tenant)
    if stairwell:
        session.ports.register.stairwell(owner, stairwell)  # misspelt, it would seem to be calm
    since = session.ports.clock.now() - timedelta(days=days)
    wanted = EpisodeFilter(
        stairwell=stairwell, start=since, open=only_open or None, common_cause=common_cause, limit=_SHOWN
    )
    found, more = find_episodes(session.ports, owner, wanted)
    show_table(("episode", "stairwell", "space", "start", "status", "decided", "why"), map(_cells, found))
    if more:
        click.echo(f"Only the first {_SHOWN}; ask for fewer days", err=True)


@episodes.command()
@click.argument("episode")
@tenant_option
@pass_session
def acknowledge(session: Session, episode: str, tenant: str | None) -> None:
    """Say that somebody has seen an episode."""
    acknowledge_episode(session.ports, session.tenant(tenant), episode, session.actor)
    click.echo(f"Episode {episode} is acknowledged")


@episodes.command()
@click.argument("episode")
@click.option("--days", type=click.IntRange(1, 366), required=True, help="For how long.")
@click.option("--reason", type=click.Choice([reason.value for reason in MuteReason]), required=True, help="Why.")
@tenant_option
@pass_session
def mute(session: Session, episode: str, days: int, reason: str, tenant: str | None) -> None:
    """Mark this and every further episode of its space as muted."""
    until = session.ports.clock.now() + timedelta(days=days)
    mute_episode(session.ports, session.tenant(tenant), episode, session.actor, until=until, reason=MuteReason(reason))
    click.echo(f"Episode {episode} and its space are muted until {until.isoformat(timespec='minutes')}")


@episodes.command()
@click.argument("episode")
@tenant_option
@pass_session
def close(session: Session, episode: str, tenant: str | None) -> None:
    """Close an episode, even if it goes on."""
    close_episode(session.ports, session.tenant(tenant), episode, session.actor)
    click.echo(f"Episode {episode} is closed")


def _cells(one: EpisodeView) -> tuple[object, ...]:
    decisions = {"acknowledged": one.acknowledged, "muted": one.muted_until, "closed": one.closed}
    decided = ", ".join(name for name, time in decisions.items() if time is not None)
    return one.episode, one.stairwell, one.space, one.start, one.status, decided, one.reason.en
