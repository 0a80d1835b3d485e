"""Annotations: what people know of places and times, one by one or from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import click

from service.cli.importing import file_argument, tell_of_rows
from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import show_table
from service.domain.annotations import PLACE_FIELDS, Annotation, AnnotationKind, AnnotationRow, PatrolVisit
from service.errors import InvalidInput
from service.ingest.calendar_files import read_calendar
from service.ingest.struct_rows import read_struct_rows
from service.usecases.learning.annotations import (
    AnnotationFilter,
    import_annotations,
    import_calendar,
    import_visits,
    list_annotations,
    make_annotation,
    retract_annotation,
)

_SHOWN = 1000
_CALENDAR_DAYS = 366  # before and after today: as far as occurrences of a calendar's events are read

Command = Callable[..., Any]
_KINDS = click.Choice([kind.value for kind in AnnotationKind])


def place_options(command: Command) -> Command:
    """Options for every level of places."""
    options = [click.option(f"--{name}", help=f"Id of the {name}.") for name in reversed(PLACE_FIELDS)]
    return reduce(lambda decorated, option: option(decorated), options, command)


@click.group()
def annotation_commands() -> None:
    """Say what is known of places and times: works, moving days, patrols, or that all is normal."""


@annotation_commands.command()
@click.option("--kind", type=_KINDS, required=True, help="What is known.")
@click.option("--from", "start", metavar="TIME", required=True, help="First moment, ISO 8601.")
@click.option("--to", "end", metavar="TIME", required=True, help="End, exclusive, ISO 8601.")
@place_options
@tenant_option
@pass_session
def add(session: Session, /, kind: str, start: str, end: str, tenant: str | None, **places: str | None) -> None:
    """Annotate an interval; it holds wherever all places named are true."""
    row = AnnotationRow(
        kind=AnnotationKind(kind),
        start=session.moment("--from", start),
        end=session.moment("--to", end),
        **places,
    )
    made = make_annotation(session.ports, session.tenant(tenant), row, session.actor)
    click.echo(
        f"Annotation {made.annotation} holds; what it touches is replayed with the next tick or `trappvakt score`"
    )


@annotation_commands.command(name="list")
@tenant_option
@pass_session
def list_(session: Session, tenant: str | None) -> None:
    """List the annotations in force."""
    found, more = list_annotations(session.ports, session.tenant(tenant), AnnotationFilter(limit=_SHOWN))
    show_table(("annotation", "kind", "from", "to", "where", "made by", "made"), map(_cells, found))
    if more:
        click.echo(f"Only the first {_SHOWN}; the API lists all", err=True)


@annotation_commands.command()
@click.argument("annotation")
@tenant_option
@pass_session
def retract(session: Session, annotation: str, tenant: str | None) -> None:
    """Take an annotation back; what it touched is replayed as if it had never been made."""
    retract_annotation(session.ports, session.tenant(tenant), annotation, session.actor)
    click.echo(f"Annotation {annotation} is retracted")


@annotation_commands.command(name="import")
@file_argument
@click.option("--kind", type=_KINDS, default="renovation", show_default=True, help="Of events without a category.")
@place_options
@tenant_option
@pass_session
def import_(session: Session, /, file: Path, kind: str, tenant: str | None, **places: str | None) -> None:
    """Import annotations from CSV, or works from an iCalendar file (.ics).

    CSV has the columns kind, start, end and, as needed, area, property, building, stairwell, space and annotation. An
    event of a calendar is where its location says, a stairwell, a building or an address, or where the options say.
    Importing a file again changes what was changed in it.
    """
    owner, timezone = session.tenant(tenant), session.settings.general.timezone
    named = {name: place for name, place in places.items() if place is not None}
    if file.suffix.lower() == ".ics":
        now = session.ports.clock.now()
        span = (now - timedelta(days=_CALENDAR_DAYS), now + timedelta(days=_CALENDAR_DAYS))
        events = read_calendar(file.read_bytes(), timezone, AnnotationKind(kind), span)
        report = import_calendar(session.ports, owner, events, named, session.actor)
    else:
        if named:
            raise InvalidInput("a table says of each row where it is; leave the options of places to calendars")
        with file.open("rb") as stream:
            rows = read_struct_rows(stream, timezone, AnnotationRow)
            report = import_annotations(session.ports, owner, rows, session.actor)
    tell_of_rows("annotations", report)


@annotation_commands.command()
@file_argument
@tenant_option
@pass_session
def visits(session: Session, file: Path, tenant: str | None) -> None:
    """Import patrol visits from CSV: stairwell, arrived and, as needed, left and space."""
    owner = session.tenant(tenant)
    with file.open("rb") as stream:
        rows = read_struct_rows(stream, session.settings.general.timezone, PatrolVisit)
        report = import_visits(session.ports, owner, rows, session.actor)
    tell_of_rows("patrol visits", report)


def _cells(one: Annotation) -> Sequence[object]:
    where = ", ".join(f"{name} {value}" for name, value in one.places().items())
    return one.annotation, one.kind, one.start, one.end, where, one.made_by, one.made
