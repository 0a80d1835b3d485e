"""Hot-spot lists: make a draft, read it, approve it, hand it on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from service.cli.files import OutputFile
from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.hotspots import HeldBack, HotspotEntry, HotspotList, ListRecord, ListStatus
from service.exports.formats import FORMATS, export_list
from service.exports.wording import Language, day_name
from service.usecases.lists.reading import latest_list, list_records, read_list
from service.usecases.telling.deliver import list_deliveries, send_list_again

_SHOWN_LISTS = 50

list_argument = click.argument("list_id", required=False)
area_option = click.option("--area", help="The list confined to an area, instead of the whole tenant's.")


@click.group()
def lists() -> None:
    """Make, show, approve and export hot-spot lists."""


@lists.command()
@tenant_option
@click.option("--days", type=click.IntRange(2, 366), help="Length of the period.  [default: hotspots.days]")
@click.option("--top", type=click.IntRange(1, 10_000), help="Most entries.  [default: hotspots.top]")
@area_option
@pass_session
def make(session: Session, tenant: str | None, days: int | None, top: int | None, area: str | None) -> None:
    """Make a draft of a list from what is scored."""
    from service.usecases.lists.hotspots import make_list  # noqa: PLC0415 - 0.3 s, for those who make one

    made = make_list(session.ports, session.tenant(tenant), days, top, area=area, actor=session.actor)
    click.echo(f"List {made.list_id} is a draft; `trappvakt lists approve {made.list_id}` lets the police see it")
    show_entries(made)


@lists.command(name="list")
@tenant_option
@pass_session
def list_(session: Session, tenant: str | None) -> None:
    """List the newest lists and what is decided about them."""
    owner = session.tenant(tenant)
    records, _ = list_records(session.ports, owner, approved_only=False, after=None, limit=_SHOWN_LISTS)
    headers = ("list", "area", "made", "status", "approved by", "approved", "held back", "deleted")
    show_table(
        headers,
        (
            (r.list_id, r.area, r.made, r.status, r.approved_by, r.approved, _ranks(r.held_back), r.expired)
            for r in records
        ),
    )


@lists.command()
@list_argument
@tenant_option
@area_option
@pass_session
def show(session: Session, list_id: str | None, tenant: str | None, area: str | None) -> None:
    """Show a list, by default the newest."""
    record, content = _read(session, list_id, tenant, area)
    shown = msgspec.json.decode(content, type=HotspotList)
    made = record.made.isoformat(timespec="minutes")
    click.echo(f"List {record.list_id}, {record.status}, made {made} by model version {shown.version}")
    show_entries(shown)


@lists.command()
@click.argument("list_id")
@tenant_option
@click.option(
    "--hold-back",
    type=(click.IntRange(1), str),
    multiple=True,
    metavar="RANK REASON",
    help="An entry that the police are not to see, and why; may be given several times.",
)
@pass_session
def approve(session: Session, list_id: str, tenant: str | None, hold_back: tuple[tuple[int, str], ...]) -> None:
    """Approve a draft; the police see it from now on, without the entries held back."""
    from service.usecases.lists.hotspots import approve_list  # noqa: PLC0415 - it stands beside what makes one

    held_back = [HeldBack(rank=rank, reason=reason) for rank, reason in hold_back]
    record = approve_list(session.ports, session.tenant(tenant), list_id, session.actor, held_back)
    without = f", without {_ranks(held_back)}" if held_back else ""
    click.echo(f"List {record.list_id} is {record.status}{without}")


@lists.command()
@list_argument
@tenant_option
@area_option
@click.option(
    "--format",
    "suffix",
    type=click.Choice(list(FORMATS)),
    help="What to write.  [default: as --out ends; csv if it has no ending]",
)
@click.option(
    "--language",
    type=click.Choice([one.value for one in Language]),
    default="sv",
    show_default=True,
    help="Of words in tables and pages.",
)
@click.option("--out", type=OutputFile(), help="File to write.  [default: standard output]")
@pass_session
def export(  # noqa: PLR0917 - click calls it by name
    session: Session,
    list_id: str | None,
    tenant: str | None,
    area: str | None,
    suffix: str | None,
    language: str,
    out: Path | None,
) -> None:
    """Write a list, by default the newest, as CSV, XLSX, GeoJSON, a page to print, or its canonical JSON."""
    form = FORMATS[suffix or _suffix_of(out)]
    record, content = _read(session, list_id, tenant, area)
    exported = export_list(content, form, Language(language), draft=record.status is ListStatus.DRAFT)
    if out:
        out.write_bytes(exported)
    else:
        click.echo(exported, nl=False)


@lists.command()
@list_argument
@tenant_option
@pass_session
def deliveries(session: Session, list_id: str | None, tenant: str | None) -> None:
    """Show which lists went by mail to whom, and what waits; the scheduler sends them."""
    found = list_deliveries(session.ports, session.tenant(tenant), list_id)
    headers = ("list", "area", "recipient", "status", "attempts", "next attempt", "sent", "error")
    show_table(
        headers,
        ((d.list_id, d.area, d.recipient, d.status, d.attempts, d.next_attempt, d.sent, d.error) for d in found),
    )


@lists.command()
@click.argument("list_id")
@tenant_option
@pass_session
def resend(session: Session, list_id: str, tenant: str | None) -> None:
    """Queue a list's letters anew that were given up, if they are still wanted."""
    queued = send_list_again(session.ports, session.tenant(tenant), list_id, session.actor)
    click.echo(f"{queued} queued; the scheduler sends them with its next tick")


def show_entries(shown: HotspotList) -> None:
    """Print the entries of a list: where and when to go, and why; and what is not among them."""
    headers = ("rank", "since", "address", "stairwell", "space", "when", "observed", "expected", "on days", "why")
    show_table(
        headers,
        (
            (
                entry.rank if entry.significant else f"({entry.rank})",
                entry.change,
                entry.address,
                entry.stairwell,
                entry.space,
                _when(entry),
                entry.observed,
                entry.expected,
                entry.days,
                f"{entry.kind}, warming up" if entry.warming_up else entry.kind,
            )
            for entry in shown.entries
        ),
    )
    click.echo("Ranks in brackets are just below significance")
    if shown.gone:
        click.echo(f"Gone since {shown.previous}: {', '.join(entry.stairwell for entry in shown.gone)}")
    if shown.suppressed:
        click.echo(f"Left out, because few live there: {shown.suppressed}")
    if shown.unknown_places:
        click.echo(f"Unknown, because nothing was heard there: {shown.unknown_places} of {shown.places} stairwells")


def _when(entry: HotspotEntry) -> str:
    """Every block, best first."""
    blocks = (
        f"{' '.join(day_name(day, Language.EN) for day in block.weekdays)} {block.from_hour:02}-{block.to_hour:02}"
        for block in entry.blocks()
    )
    return ", ".join(blocks)


def _suffix_of(out: Path | None) -> str:
    """The format that a file's name tells; one that tells of another kind of file would be opened in vain."""
    ending = out.suffix.removeprefix(".").lower() if out else ""
    if ending and ending not in FORMATS:
        raise click.UsageError(f"a list is not written as .{ending}; name a file ending in .{', .'.join(FORMATS)}")
    return ending or "csv"


def _ranks(held_back: Sequence[HeldBack]) -> str:
    return ", ".join(str(one.rank) for one in held_back)


def _read(session: Session, list_id: str | None, tenant: str | None, area: str | None) -> tuple[ListRecord, bytes]:
    owner = session.tenant(tenant)
    if list_id:
        return read_list(session.ports, owner, list_id, approved_only=False, actor=session.actor)
    return latest_list(session.ports, owner, approved_only=False, actor=session.actor, area=area)
