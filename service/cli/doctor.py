"""What is wrong with an installation, and what to do about it."""

from __future__ import annotations

import sys

import click
import msgspec

from service.bootstrap import build_installation
from service.cli.session import Session, pass_session
from service.cli.terminal import show_table, waiting
from service.errors import SettingsError
from service.usecases.doctor import Diagnosis, State, examine, failed, well


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@pass_session
def doctor(session: Session, as_json: bool) -> None:
    """Examine settings, files, stores, scheduler and what comes in; say what is wrong and what to do about it.

    The exit code is 1 if something does not work. Nothing is changed.
    """
    with waiting("Examining; databases are read from end to end"):
        diagnoses = _diagnoses(session)
    healthy = all(one.state is not State.FAILURE for one in diagnoses)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode({"healthy": healthy, "diagnoses": diagnoses})))
    else:
        rows = [(one.part, one.state, one.message, one.remedy) for one in diagnoses]
        show_table(("part", "state", "what is", "what to do"), rows)
    if not healthy:
        sys.exit(1)


def _diagnoses(session: Session) -> list[Diagnosis]:
    """What the doctor says; settings that stop start-up stop the examination as well."""
    try:
        ports, installation = session.ports, build_installation(session.settings)
    except SettingsError as error:
        return [failed("settings", str(error))]
    return [well("settings", "read"), *examine(ports, installation)]
