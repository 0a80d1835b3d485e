"""Retraining from the command line, and as the process of a job."""

from __future__ import annotations

import click

from service.cli.session import Session, pass_session
from service.cli.terminal import progress, show_table
from service.errors import Conflict, GatesNotPassed
from service.logs import configure_logging
from service.trainer import run_job_process
from service.usecases.versions.gates import check_gates
from service.usecases.versions.retraining import FEWEST_WEEKS
from service.usecases.versions.retraining import retrain as retrain_version


@click.command()
@click.option(
    "--weeks", type=click.IntRange(min=FEWEST_WEEKS), help="Weeks of counts to learn from; by default retraining.weeks."
)
@click.option("--job", type=int, hidden=True, help="Be the process of a queued job.")
@pass_session
def retrain(session: Session, weeks: int | None, job: int | None) -> None:
    """Fit a new model version to the stored counts and judge it; scoring goes on under the champion."""
    if job is not None:
        _run_job(session, job)
        return
    with progress("Retraining") as bar:
        version = retrain_version(session.ports, weeks, lambda step, done, _left: bar.tell(step, done))
    try:
        check_gates(session.ports, version)
        promotion = f"`trappvakt models promote {version.version_id}` puts it in force"
    except GatesNotPassed as refused:
        promotion = str(refused)
    click.echo(f"Model version {version.version_id} is ready; its report tells what would change")
    click.echo(promotion)
    show_table(("metric", "value"), sorted(version.metrics.items()))


def _run_job(session: Session, number: int) -> None:
    ports = session.ports
    configure_logging(session.settings.log)
    done = run_job_process(ports, number)
    if done.error:
        raise Conflict(done.error)
