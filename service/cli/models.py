"""Model versions: compare, put in force, return."""

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
from service.usecases.versions.orders import promotion_argument, pruning_argument
from service.usecases.versions.promote import previous_champion
from service.usecases.versions.prune import DEFAULT_NEWEST, plan_pruning
from service.usecases.versions.reading import (
    VersionView,
    adopt_version,
    champion_of,
    compare_versions,
    list_refused,
    list_versions,
    read_version,
)

SHIPPED_SEED = 20260101
"""The seed of the version that ships: building it anew gives the same tables, byte for byte in one environment."""


@click.group()
def models() -> None:
    """List and compare model versions, put one in force, roll back, prune."""


@models.command(name="list")
@pass_session
def list_(session: Session) -> None:
    """List all model versions; one is the champion. Folders that are not used are told with the reason."""
    versions = list_versions(session.ports)
    headers = ("version", "champion", "gates", "parent", "created", *sorted({n for v in versions for n in v.metrics}))
    rows = (
        (v.version, "yes" if v.champion else "", _gates(v), v.parent, v.created, *map(v.metrics.get, headers[5:]))
        for v in versions
    )
    show_table(headers, rows)
    for refused in list_refused(session.ports):
        click.echo(f"Version {refused.version} is not used: {refused.reason}", err=True)


@models.command()
@click.argument("version")
@pass_session
def show(session: Session, version: str) -> None:
    """Show a model version: where it comes from, its metrics and gates, and what it keeps of its alarm budget.

    The budget is in episodes opened per 100 stairwell-weeks in a simulated town without events.
    """
    shown = read_version(session.ports, version)
    learnt = " to ".join(time.date().isoformat() for time in shown.window) if shown.window else "the simulated city"
    about: dict[str, object] = {
        "champion": "yes" if shown.champion else "no",
        "parent": shown.parent,
        "created": shown.created,
        "learnt from": learnt,
        "counts digest": shown.counts_digest,
        "size in bytes": shown.size_bytes,
    }
    said = (part for named in (shown.settings, shown.packages, shown.metrics) for part in sorted(named.items()))
    show_table(("version", shown.version), [*about.items(), *said])
    if shown.gates:
        click.echo()
        show_table(("gate", "passed", "found"), ((g.name, "yes" if g.passed else "no", g.reason) for g in shown.gates))
    click.echo()
    rows = ((_weeks(one), one.promised, one.achieved, one.stairwell_weeks) for one in shown.budgets)
    show_table(("weeks of evidence", "promised", "achieved", "stairwell-weeks"), rows)


@models.command()
@click.argument("version")
@click.argument("other", required=False)
@pass_session
def compare(session: Session, version: str, other: str | None) -> None:
    """Compare a model version with another, by default the champion: metrics, and what differs."""
    compared = compare_versions(session.ports, version, other or champion_of(session.ports))
    headers = (f"version {compared.one}", f"version {compared.other}")
    show_table(("metric", *headers), ((one.name, one.one, one.other) for one in compared.metrics))
    click.echo()
    show_table(("setting", *headers), ((one.name, one.one, one.other) for one in compared.settings))
    click.echo()
    rows = ((one.name, one.largest, one.mean) for one in compared.tables)
    show_table(("table", "largest difference", "mean difference"), rows)


@models.command()
@click.argument("version")
@click.option("--override", default="", metavar="REASON", help="Why gates that are not passed do not matter; audited.")
@pass_session
def promote(session: Session, version: str, override: str) -> None:
    """Put a model version in force from the next window on, once it has passed its gates."""
    run_command(session, "promote", promotion_argument(session.ports, version, override))
    click.echo(f"Model version {version} is the champion")


@models.command()
@pass_session
def rollback(session: Session) -> None:
    """Return to the champion before this one."""
    version = previous_champion(session.ports)
    run_command(session, "promote", promotion_argument(session.ports, version))
    click.echo(f"Model version {version} is the champion again")


@models.command()
@click.option(
    "--keep", type=click.IntRange(min=0), default=DEFAULT_NEWEST, show_default=True, help="Newest versions to keep."
)
@click.option("--dry-run", is_flag=True, help="Only tell what would be deleted.")
@pass_session
def prune(session: Session, keep: int, dry_run: bool) -> None:
    """Delete model versions that nothing names, and tell the room that frees."""
    plan = plan_pruning(session.ports, keep)
    rows = [
        *((one.version, one.created, f"kept: {one.reason}") for one in plan.kept),
        *((one.version, one.created, f"deleted: {one.size_bytes} bytes") for one in plan.pruned),
    ]
    show_table(("version", "created", "what becomes of it"), rows)
    if plan.pruned and not dry_run:
        run_command(session, "prune", pruning_argument(plan))
    verb = "would be freed" if dry_run else "are freed"
    click.echo(f"{len(plan.pruned)} versions, {plan.frees_bytes} bytes {verb}")


@models.command()
@click.argument("version")
@pass_session
def adopt(session: Session, version: str) -> None:
    """Record a version's folder that was copied here from elsewhere, so that it is used.

    Its files have to be what its own manifest says. Whoever made it could run code when it is retrained from, so adopt
    only what you know.
    """
    adopt_version(session.ports, version, session.actor)
    click.echo(f"Model version {version} is recorded, and may be promoted")


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


def _gates(one: VersionView) -> str:
    """What its trial says of putting it in force, in a word."""
    failed = [gate.name for gate in one.gates if not gate.passed]
    return f"not passed: {', '.join(failed)}" if failed else "" if one.champion else "passed"


def _weeks(one: BudgetKept) -> str:
    return f"{one.first_week} on" if one.last_week is None else f"{one.first_week} to {one.last_week}"
