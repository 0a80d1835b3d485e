"""Model versions: retrain, compare, put in force, return."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np

from models.training.budget import achieved_budgets
from models.training.building import build_version0
from service.cli.changing import run_command
from service.cli.session import Session, pass_session
from service.cli.terminal import progress, show_table
from service.domain.versions import BudgetKept
from service.usecases.promote import previous_champion
from service.usecases.queries import list_versions, read_version
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
def show(session: Session, version: str) -> None:
    """Show a model version: where it comes from, its metrics, and what it keeps of its alarm budget.

    The budget is in episodes opened per 100 stairwell-weeks in a simulated town without events.
    """
    shown = read_version(session.ports, version)
    learnt = " to ".join(time.date().isoformat() for time in shown.window) if shown.window else "the simulated city"
    about = [("champion", "yes" if shown.champion else "no"), ("parent", shown.parent), ("created", shown.created)]
    show_table(("version", shown.version), [*about, ("learnt from", learnt), *sorted(shown.metrics.items())])
    click.echo()
    rows = ((_weeks(one), one.promised, one.achieved, one.stairwell_weeks) for one in shown.budgets)
    show_table(("weeks of evidence", "promised", "achieved", "stairwell-weeks"), rows)


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
    budgets = [asdict(one) for one in achieved_budgets(version, seed + 1)]
    (folder / "budgets.json").write_text(json.dumps(budgets, indent=1) + "\n", "utf-8")
    (folder / "version.json").write_text(json.dumps(version.to_settings(), indent=1) + "\n", "utf-8")
    click.echo(f"Version {version.id} is in {folder}")


def _weeks(one: BudgetKept) -> str:
    return f"{one.first_week} on" if one.last_week is None else f"{one.first_week} to {one.last_week}"
