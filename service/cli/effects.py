"""Whether something that was done at a stairwell changed anything."""

from __future__ import annotations

from datetime import datetime

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.usecases.trials.before_after import DEFAULT_WEEKS, FEWEST_WEEKS, MOST_WEEKS
from service.usecases.trials.before_after import before_after as compare

_WEEKS = click.IntRange(FEWEST_WEEKS, MOST_WEEKS)


@click.command(name="before-after")
@click.argument("stairwell")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day after.")
@click.option("--weeks-before", type=_WEEKS, default=DEFAULT_WEEKS, show_default=True, help="At most so many.")
@click.option("--weeks-after", type=_WEEKS, default=DEFAULT_WEEKS, show_default=True, help="At most so many.")
@tenant_option
@pass_session
def before_after(
    session: Session, stairwell: str, *, day: datetime, weeks_before: int, weeks_after: int, tenant: str | None
) -> None:
    """Tell how presences in a stairwell changed at a date, against stairwells like it."""
    found = compare(
        session.ports,
        session.tenant(tenant),
        stairwell,
        day.date(),
        weeks_before=weeks_before,
        weeks_after=weeks_after,
    )
    periods = [("before", found.before), ("after", found.after)]
    rows = ((name, one.start, one.end, one.presences, one.hours_heard) for name, one in periods)
    show_table(("period", "from", "to", "presences", "hours heard"), rows)
    click.echo(found.reason.en)
    click.echo(
        f"Of {found.placebos} stairwells where nothing is known to have been done, {found.p_value:.0%} changed as much "
        f"for their size; it was held against {', '.join(found.compared)}"
    )
