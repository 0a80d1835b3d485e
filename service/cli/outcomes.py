"""Outcomes: what was found at listed places."""

from __future__ import annotations

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.outcomes import Finding, OutcomeReport
from service.usecases.lists.outcomes import read_outcomes, report_outcome


@click.group()
def outcomes() -> None:
    """Say and show what was found at listed places; lists are evaluated by it, nothing is trained."""


@outcomes.command()
@click.argument("list_id")
@click.argument("rank", type=click.IntRange(1))
@click.option("--visited", metavar="TIME", required=True, help="When, ISO 8601.")
@click.option(
    "--found",
    type=click.Choice([finding.value for finding in Finding]),
    multiple=True,
    required=True,
    help="What was found; may be given several times.",
)
@tenant_option
@pass_session
def add(  # noqa: PLR0917 - click calls it by name
    session: Session, list_id: str, rank: int, visited: str, found: tuple[str, ...], tenant: str | None
) -> None:
    """Say what a visit to an entry of an approved list found."""
    report = OutcomeReport(visited=session.moment("--visited", visited), found=[Finding(one) for one in found])
    outcome = report_outcome(session.ports, session.tenant(tenant), list_id, rank, report, session.actor)
    click.echo(f"Recorded for entry {rank} of list {list_id}, {outcome.stairwell}")


@outcomes.command(name="list")
@click.argument("list_id")
@tenant_option
@pass_session
def list_(session: Session, list_id: str, tenant: str | None) -> None:
    """List what was found at the entries of a list."""
    rows = read_outcomes(session.ports, session.tenant(tenant), list_id)
    headers = ("rank", "stairwell", "visited", "found", "reported by")
    show_table(headers, ((one.rank, one.stairwell, one.visited, ", ".join(one.found), one.reported_by) for one in rows))
