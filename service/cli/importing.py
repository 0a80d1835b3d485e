"""Places and counts from files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.cli.session import Session, pass_session, tenant_option
from service.cli.terminal import progress, rows_text, show_table
from service.domain.keys import EVERY_TENANT
from service.ingest.csv_counts import read_counts_csv
from service.ingest.places_files import read_places_csv, read_places_json
from service.ingest.xlsx_presences import read_presences_xlsx
from service.usecases.intake.ingest import ingest_counts
from service.usecases.intake.places import import_places
from service.usecases.rows import RowsReport

file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group()
def places() -> None:
    """Import and list places."""


@places.command(name="import")
@file_argument
@pass_session
def import_(session: Session, file: Path) -> None:
    """Add or update places from a CSV file, or a JSON file ({"places": [...]}).

    A row is a space and at most one of its sensors. Columns are tenant, area, property, building, stairwell, space and,
    as needed, kind, address, latitude, longitude, dwellings, sensor, valid_from, valid_to, semantics, liveness. Address
    and position are the stairwell's, dwellings those of the whole building. What a row leaves empty stays as it is.
    """
    timezone = session.settings.general.timezone
    with file.open("rb") as stream:
        json = file.suffix.lower() == ".json"
        rows = read_places_json(stream.read(), timezone) if json else read_places_csv(stream, timezone)
        report = import_places(session.ports, rows)
    tell_of_rows("places", report)


@places.command(name="list")
@tenant_option
@pass_session
def list_(session: Session, tenant: str | None) -> None:
    """List a tenant's stairwells and their spaces."""
    headers = ("area", "property", "building", "address", "stairwell", "space", "kind", "sensors")
    rows = (
        (
            stairwell.building.area,
            stairwell.building.property,
            stairwell.building.building,
            stairwell.building.address,
            stairwell.stairwell,
            space.space,
            space.kind,
            " ".join(sensor.sensor for sensor in space.sensors),
        )
        for stairwell in session.ports.register.stairwells(session.tenant(tenant))
        for space in stairwell.spaces
    )
    show_table(headers, rows)


@click.command(name="import")
@file_argument
@tenant_option
@click.option("--new-tenant", is_flag=True, help="Begin with a housing company that is not known yet.")
@pass_session
def import_counts(session: Session, file: Path, tenant: str | None, *, new_tenant: bool) -> None:
    """Import counts from a CSV file, or presences from a spreadsheet (XLSX).

    The columns of a CSV file are time, stairwell, count and, as needed, space, kind, sensor, and date where time is the
    clock alone; those of a spreadsheet tell when a presence started, how long it was, and the stairwell and space, or
    the sensor. Columns may have Swedish names: tid, trapphus, antal, utrymme, typ, sensor, datum. Rows imported again
    replace themselves, so an import that was interrupted is simply repeated.
    """
    owner = session.tenant(tenant) if new_tenant and tenant != EVERY_TENANT else session.known_tenant(tenant)
    presences = file.suffix.lower() == ".xlsx"
    with file.open("rb") as stream, progress("Importing") as bar:
        read = read_presences_xlsx if presences else read_counts_csv
        report = ingest_counts(session.ports, owner, read(stream, session.settings.general.timezone, bar.update))
    tell_of_rows("presences" if presences else "counts", report)


def tell_of_rows(what: str, report: RowsReport) -> None:
    """Say what became of the rows; with bad ones among them the exit code is 1, though the good ones are kept."""
    click.echo(f"{rows_text(report.accepted)} of {what} imported")
    if not report.rejected:
        return
    click.echo(f"Error: {rows_text(report.rejected)} refused; correct the file and import it again", err=True)
    for problem in report.problems:
        click.echo(f"  {problem}", err=True)
    if (more := report.rejected - len(report.problems)) > 0:
        click.echo(f"  and {more} more", err=True)
    sys.exit(1)
