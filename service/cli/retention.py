"""How long what is stored is kept."""

from __future__ import annotations

from datetime import datetime

import click

from service.cli.session import Session, pass_session
from service.cli.terminal import show_table
from service.usecases.retention.reading import Retained, read_retention

_HEADERS = ("data", "setting", "days", "oldest held", "deleted before", "rows", "on", "what is to be said")


@click.command()
@pass_session
def retention(session: Session) -> None:
    """Show for each kind of data how long it is kept, the oldest held, and what was last deleted of it."""
    show_table(_HEADERS, map(_row, read_retention(session.ports)))


def _row(one: Retained) -> tuple[object, ...]:
    held = (one.kind, one.setting, one.days or "for good", _told(one.oldest))
    return (*held, _told(one.before), one.rows, _told(one.deleted), _remark(one))


def _told(time: datetime | None) -> str | None:
    return f"{time:%Y-%m-%d %H:%M}Z" if time else None


def _remark(one: Retained) -> str | None:
    if one.waits:
        return f"waits: {one.waits}"
    if one.store_disagrees:
        return f"the bucket deletes it by itself after {one.store_days} days"
    return "held longer than the setting says" if one.overdue else None
