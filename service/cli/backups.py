"""Backups: of a service that runs, and into a new data folder."""

from __future__ import annotations

from pathlib import Path

import click

from service.bootstrap import build_backups, build_ports
from service.cli.session import Session, pass_session
from service.cli.terminal import progress
from service.domain.backups import Backup
from service.usecases.backups import make_backup, restore_backup


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@pass_session
def backup(session: Session, target: Path) -> None:
    """Back up the data folder to a new folder, or to one file if TARGET ends in .tar, while the service runs.

    It holds places, counts, verdicts, lists, audit, state and model versions as they are at one moment, and API keys as
    digests. Settings and files of secrets are not in it.
    """
    with progress("Backing up") as bar:
        made = make_backup(session.ports, build_backups(session.settings), target, session.actor, bar.update)
    click.echo(f"{target} holds {_told(made)}")
    click.echo(f"SHA-256 of its manifest: {made.digest}")
    if made.manifest.store == "influxdb":
        click.echo(
            "Counts and verdicts are in InfluxDB: back up its buckets with `influx backup`, after this", err=True
        )


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--into", type=click.Path(path_type=Path), required=True, help="The new data folder: empty, or not there."
)
@click.option("--sha256", help="What `trappvakt backup` printed; any other backup is refused.")
@pass_session
def restore(session: Session, source: Path, into: Path, sha256: str | None) -> None:
    """Restore a backup into an empty folder, if every file of it is as it was written.

    Start the service on that folder: it scores on from where the backup was made.
    """
    settings = session.settings_with({"general.data_dir": str(into)})
    with progress("Restoring") as bar:
        restored = restore_backup(
            build_ports(settings), build_backups(settings), source, sha256, session.actor, bar.update
        )
    click.echo(f"{into} holds {_told(restored)}")
    if restored.manifest.store != settings.store.kind:
        click.echo(
            f"Its counts and verdicts were kept in {restored.manifest.store}: set store.kind = "
            f'"{restored.manifest.store}" before the service starts',
            err=True,
        )


def _told(backup: Backup) -> str:
    manifest = backup.manifest
    return (
        f"{len(manifest.files)} files, {manifest.size_bytes / 1e6:,.1f} MB, as they were at "
        f"{manifest.made.isoformat(timespec='seconds')}"
    )
