"""Model versions: retrain, compare, put in force, return."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from models.building import build_version0
from service.cli.changing import run_command
from service.cli.session import Session, pass_session
from service.cli.terminal import progress, show_table
from service.usecases.promote import previous_champion
from service.usecases.queries import list_versions
from service.usecases.retrain import retrain as retrain_version

SHIPPED_SEED = 20260101
"""The seed of the version that ships: building it anew gives the same tables, byte for byte in one environment."""


@click.command()
@click.option("--weeks", type=click.IntRange(min=1), help="Weeks of counts to learn from; by default half a year.")
@pass_session
def retrain(session: Session, weeks: int | None) -> None:
    """Fit a new model version to the stored counts; scoring goes on under the champion."""
    with progress("Retraining") as bar:
        version = retrain_version(session.ports, weeks, bar.step)
    click.echo(f"Model version {version.version_id} is ready; `trappvakt models promote {version.version_id}` uses it")
    show_table(("metric", "value"), sorted(version.metrics.items()))


@click.group()
def models() -> None:
    """List model versions, promote one, roll back."""


@models.command(name="list")
@pass_session
def list_(session: Session) -> None:
    """List all model versions; one is the champion."""
    versions = list_versions(session.ports)
    headers = ("version", "champion", "parent", "created", *sorted({name for v in versions for name in v.metrics}))
    rows = (
        (v.version, "yes" if v.champion else "", v.parent, v.created, *(v.metrics.get(name) for name in headers[4:]))
        for v in versions
    )
    show_table(headers, rows)


@models.command()
@click.argument("version")
@pass_session
def promote(session: Session, version: str) -> None:
    """Put a model version in force from the next window on."""
    run_command(session, "promote", version)
    click.echo(f"Model version {version} is the champion")


@models.command()
@pass_session
def rollback(session: Session) -> None:
    """Return to the champion before this one."""
    version = previous_champion(session.ports)
    run_command(session, "promote", version)
    click.echo(f"Model version {version} is the champion again")


@models.command(name="build-version0")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--seed", type=int, default=SHIPPED_SEED, show_default=True, help="Of the simulated city.")
def build_version0_(folder: Path, seed: int) -> None:
    """Build version 0 from a simulated city, some minutes' work; FOLDER is models/version0 in the source."""
    with progress("Simulating and calibrating") as bar:
        version = build_version0(seed, progress=lambda share: bar.update(share, 1.0))
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in version.to_tables().items():
        np.save(folder / f"{name}.npy", table, allow_pickle=False)
    (folder / "version.json").write_text(json.dumps(version.to_settings(), indent=1) + "\n", "utf-8")
    click.echo(f"Version {version.id} is in {folder}")
