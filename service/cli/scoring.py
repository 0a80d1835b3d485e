"""One pass of scoring by hand."""

from __future__ import annotations

import click

from service.cli.changing import run_command
from service.cli.session import Session, pass_session
from service.cli.terminal import progress
from service.errors import SchedulerBusy, StateOutdated, VersionOutdated
from service.usecases.learning.advance import AdvanceReport, advance
from service.usecases.locks import scheduler_lock
from service.usecases.versions.promote import rebuild


@click.command()
@click.option("--to", "until", metavar="TIME", help="Score windows before this ISO 8601 time; default: all that ended.")
@pass_session
def score(session: Session, until: str | None) -> None:
    """Score the windows that wait, once; if a scheduler runs, it is asked to."""
    to = session.moment("--to", until) if until else None
    try:
        with scheduler_lock(session.settings), progress("Scoring windows") as bar:
            try:
                done = advance(session.ports, to, bar.update)
            except (StateOutdated, VersionOutdated) as outdated:
                click.echo(f"Warning: {outdated}", err=True)
                rebuild(session.ports, outdated)
                done = advance(session.ports, to, bar.update)
    except SchedulerBusy as error:
        if to:
            raise SchedulerBusy(f"{error}; it scores every window in its time, so stop it or leave out --to") from error
        run_command(session, "score")
        click.echo("The scheduler has scored the windows that waited")
    else:
        click.echo(_told(done))


def _told(done: AdvanceReport) -> str:
    if done.watermark is None:
        return "There are no counts yet; import some first"
    beyond = f" and {done.uncorrected} not, as counts from before are deleted" if done.uncorrected else ""
    return (
        f"{done.windows} windows scored: {done.verdicts} verdicts, {done.anomalous} anomalous, "
        f"{done.corrected} series corrected{beyond}; the watermark is {done.watermark.isoformat()}"
    )
