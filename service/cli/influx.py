"""InfluxDB: made ready for Trappvakt, and searched for counts that others wrote too late."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from service.cli.session import Session, pass_session
from service.cli.terminal import progress
from service.disk_files import OWNER_ALONE, new_file
from service.errors import InvalidInput
from service.settings import checked_token
from service.settings.sections import InfluxDB
from service.stores.influx.provisioning import provision
from service.usecases.intake.reconcile import reconcile as find_differing


@click.group()
def influx() -> None:
    """Make InfluxDB ready, and reconcile what others wrote there."""


@influx.command()
@click.option("--admin-token-file", type=click.Path(path_type=Path), help="File with a token that may make buckets.")
@click.option("--token-file", type=click.Path(path_type=Path), help="New file for the new token, for your eyes alone.")
@click.option("--read-only", is_flag=True, help="A token that cannot write, for dashboards.")
@pass_session
def setup(session: Session, admin_token_file: Path | None, token_file: Path | None, read_only: bool) -> None:
    """Make the two buckets and a token for them alone, and print what to put where.

    Address, organisation and names of the buckets are those of the settings. The admin token is asked for unless a file
    holds it; it is neither kept nor shown. Without --token-file the new token is printed, once.
    """
    settings = session.settings.influxdb
    if token_file and token_file.exists():
        raise InvalidInput(f"{token_file} exists; name a new file with --token-file, or delete this one")
    token = _admin_token(admin_token_file)
    with _new_secret(token_file) if token_file else nullcontext() as kept:
        done = provision(settings, token, session.settings.retention, read_only=read_only)
        if kept:
            kept.write(f"{done.token}\n".encode())
    for bucket in dict.fromkeys((settings.counts_bucket, settings.verdicts_bucket)):
        click.echo(f"Bucket {bucket} {'is made' if bucket in done.made else 'was there and stays as it is'}", err=True)
    if read_only:
        where = f"is in {token_file}" if token_file else "is shown this once"
        click.echo(f"The token, which cannot write, {where}; give it to the dashboards, not to the service", err=True)
    elif token_file:
        click.echo(f"The token is in {token_file}; let the service read it. Put into the settings:\n", err=True)
        click.echo(_as_settings(settings, str(token_file.absolute())))
    else:
        click.echo("Put these into the settings, and the token, shown this once, into a file of that name:\n", err=True)
        click.echo(_as_settings(settings, "/run/secrets/influxdb"), err=True)
    if not token_file:
        click.echo(done.token)


@influx.command()
@click.option("--days", type=click.IntRange(1), help="Days before the watermark to search; influxdb.reconcile_days.")
@pass_session
def reconcile(session: Session, days: int | None) -> None:
    """Find counts that others wrote past the lateness now, and further back than the scheduler looks."""
    chosen = days or session.settings.influxdb.reconcile_days or 1
    with progress("comparing counts with those judged") as bar:
        differing = find_differing(session.ports, chosen, bar.update)
    click.echo(f"{differing} series differ; the scheduler corrects them with its next tick")


def _admin_token(file: Path | None) -> str:
    token = file.read_text("utf-8", "replace") if file else click.prompt("Admin token", hide_input=True, err=True)
    return checked_token(str(token).strip(), str(file or "what was typed"))


@contextmanager
def _new_secret(path: Path) -> Iterator[BinaryIO]:
    """A new file with room for a secret, before there is one to be lost; gone again if none comes."""
    with new_file(path, OWNER_ALONE) as file:
        try:
            os.posix_fallocate(file.fileno(), 0, 1)
            yield file
        except BaseException:
            path.unlink()
            raise


def _as_settings(settings: InfluxDB, token_file: str) -> str:
    names = ("url", "org", "counts_bucket", "verdicts_bucket")
    values = {name: getattr(settings, name) for name in names} | {"token_file": token_file}
    lines = [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in values.items()]
    return "\n".join(['[store]\nkind = "influxdb"\n\n[influxdb]', *lines])
