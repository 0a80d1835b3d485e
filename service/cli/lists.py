"""Hot-spot lists: make a draft, read it, approve it, hand it on."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from service.cli.files import OutputFile
from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.hotspots import HotspotList, ListRecord, ListStatus
from service.usecases.export import list_csv
from service.usecases.hotspots import approve_list, latest_list, make_list, read_list

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SHOWN_LISTS = 50

list_argument = click.argument("list_id", required=False)


@click.group()
def lists() -> None:
    """Make, show, approve and export hot-spot lists."""


@lists.command()
@tenant_option
@click.option("--days", type=click.IntRange(2, 366), help="Length of the period.  [default: hotspots.days]")
@click.option("--top", type=click.IntRange(1, 10_000), help="Most entries.  [default: hotspots.top]")
@pass_session
def make(session: Session, tenant: str | None, days: int | None, top: int | None) -> None:
    """Make a draft of a list from what is scored."""
    made = make_list(session.ports, session.tenant(tenant), days, top)
    click.echo(f"List {made.list_id} is a draft; `trappvakt lists approve {made.list_id}` lets the police see it")
    show_entries(made)


@lists.command(name="list")
@tenant_option
@pass_session
def list_(session: Session, tenant: str | None) -> None:
    """List the newest lists and what is decided about them."""
    records = session.ports.lists.records(session.tenant(tenant), tuple(ListStatus), limit=_SHOWN_LISTS)
    headers = ("list", "made", "status", "approved by", "approved")
    show_table(headers, ((r.list_id, r.made, r.status, r.approved_by, r.approved) for r in records))


@lists.command()
@list_argument
@tenant_option
@pass_session
def show(session: Session, list_id: str | None, tenant: str | None) -> None:
    """Show a list, by default the newest."""
    record, content = _read(session, list_id, tenant)
    shown = msgspec.json.decode(content, type=HotspotList)
    click.echo(f"List {record.list_id}, {record.status}, made {record.made.isoformat(timespec='minutes')}")
    show_entries(shown)


@lists.command()
@click.argument("list_id")
@tenant_option
@pass_session
def approve(session: Session, list_id: str, tenant: str | None) -> None:
    """Approve a draft; the police see it from now on."""
    record = approve_list(session.ports, session.tenant(tenant), list_id, session.actor)
    click.echo(f"List {record.list_id} is {record.status}")


@lists.command()
@list_argument
@tenant_option
@click.option(
    "--format", "kind", type=click.Choice(["csv", "json"]), default="csv", show_default=True, help="What to write."
)
@click.option("--out", type=OutputFile(), help="File to write.  [default: standard output]")
@pass_session
def export(session: Session, list_id: str | None, tenant: str | None, kind: str, out: Path | None) -> None:
    """Write a list, by default the newest, as CSV or as its canonical JSON."""
    _, content = _read(session, list_id, tenant)
    exported = content if kind == "json" else list_csv(content)
    if out:
        out.write_bytes(exported)
    else:
        click.echo(exported, nl=False)


def show_entries(shown: HotspotList) -> None:
    """Print the entries of a list: where and when to go, and why."""
    headers = ("rank", "address", "stairwell", "space", "days", "hours", "observed", "expected", "on days", "why")
    show_table(
        headers,
        (
            (
                entry.rank if entry.significant else f"({entry.rank})",
                entry.address,
                entry.stairwell,
                entry.space,
                " ".join(_WEEKDAYS[day] for day in entry.weekdays),
                f"{entry.from_hour:02}-{entry.to_hour:02}",
                entry.observed,
                entry.expected,
                entry.days,
                entry.kind,
            )
            for entry in shown.entries
        ),
    )
    click.echo("Ranks in brackets are just below significance")


def _read(session: Session, list_id: str | None, tenant: str | None) -> tuple[ListRecord, bytes]:
    owner = session.tenant(tenant)
    if list_id:
        return read_list(session.ports, owner, list_id, approved_only=False)
    return latest_list(session.ports, owner, approved_only=False)
