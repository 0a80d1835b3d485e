"""What is set, what answers, and what the API promises."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
import msgspec

from service.api.contract import openapi_json
from service.cli.session import Session, pass_session
from service.cli.terminal import show_table
from service.errors import SchedulerBusy
from service.ports import Ports
from service.scheduler import scheduler_lock
from service.settings import Settings
from service.usecases.health import read_progress, store_failures


@click.command()
@pass_session
def check(session: Session) -> None:
    """Check the settings and every store, and say what to do about what fails."""
    failures = store_failures(session.ports)
    show_table(("part", "state"), [(name, message or "answers") for name, message in failures.items()])
    if any(failures.values()):
        sys.exit(1)
    show_table(("part", "state"), [("scheduler", _scheduler_state(session.settings)), *_progress(session.ports)])


@click.command()
@pass_session
def settings(session: Session) -> None:
    """Print every setting in force as TOML-like lines; secrets are not among them."""
    for section, values in msgspec.to_builtins(session.settings).items():
        for key, value in values.items():
            click.echo(f"{section}.{key} = {msgspec.json.encode(value).decode()}")


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    click.echo(msgspec.json.format(openapi_json(), indent=2).decode())


def _scheduler_state(settings: Settings) -> str:
    try:
        with scheduler_lock(settings):
            return "does not run; start it with `trappvakt serve`"
    except SchedulerBusy:
        return "runs"


def _progress(ports: Ports) -> list[tuple[str, object]]:
    progress = read_progress(ports)
    watermark = "nothing is scored yet"
    if progress.watermark is not None:
        watermark = f"scored up to {datetime.fromtimestamp(progress.watermark, UTC).isoformat()}"
    return [("series", progress.series), ("windows", watermark), ("champion", progress.version)]
