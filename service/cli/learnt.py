"""What is learnt of a stairwell: its normal week, and shifts of its level."""

from __future__ import annotations

from collections.abc import Iterator

import click

from models.calendar import DAY_TYPES
from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.exports.wording import Language, day_name
from service.usecases.findings.level_shifts import level_shifts as find_level_shifts
from service.usecases.findings.profile import SpaceProfile, normal_week

_DAYS = (*(day_name(weekday, Language.EN) for weekday in range(7)), "holiday")


@click.command()
@click.argument("stairwell")
@tenant_option
@pass_session
def profile(session: Session, stairwell: str, tenant: str | None) -> None:
    """Show the normal week of a stairwell, in presences per window, and shifts of its level."""
    spaces = normal_week(session.ports, session.tenant(tenant), stairwell)
    show_table(("space", "weeks learnt", "time", *_DAYS), (row for space in spaces for row in _rows(space)))
    for space in spaces:
        if space.level_shift:
            click.echo(f"{space.space}: {space.level_shift.reason.en}")


@click.command(name="level-shifts")
@click.option("--weeks", type=click.IntRange(1, 52), default=4, show_default=True, help="How far back.")
@tenant_option
@pass_session
def level_shifts(session: Session, tenant: str | None, weeks: int) -> None:
    """List the spaces whose level shifted for good in the last weeks, the newest first."""
    found = find_level_shifts(session.ports, session.tenant(tenant), weeks)
    rows = ((one.stairwell, one.space, one.learnt, one.ratio, one.reason.en) for one in found)
    show_table(("stairwell", "space", "learnt", "ratio", "why"), rows)


def _rows(space: SpaceProfile) -> Iterator[tuple[object, ...]]:
    windows = len(space.expected[0])
    for window in range(windows):
        minutes = window * 24 * 60 // windows
        expected = (space.expected[day][window] for day in range(DAY_TYPES))
        yield space.space, space.evidence_weeks, f"{minutes // 60:02}:{minutes % 60:02}", *expected
