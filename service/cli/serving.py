"""Commands that stay: the whole service, or the API alone."""

from __future__ import annotations

from collections.abc import Callable

import click

from service.bootstrap import build_ports, check_schemas
from service.cli.session import Session, pass_session
from service.logs import configure_logging
from service.metrics import FOLDER_VARIABLE
from service.server import metrics_folder, serve_api
from service.supervisor import Program, Supervisor, follow_supervisor, listen

port_option = click.option("--port", type=click.IntRange(0, 65_535), help="Instead of api.port; 0 takes a free one.")


@click.command()
@port_option
@pass_session
def serve(session: Session, port: int | None) -> None:
    """Run the API and the one scheduler; what dies is started again."""
    supervise(session, port, lambda address: click.echo(f"Trappvakt listens on {address}"))


@click.command()
@port_option
@click.option("--descriptor", type=int, hidden=True, help="A listening socket inherited from the supervisor.")
@pass_session
def api(session: Session, port: int | None, descriptor: int | None) -> None:
    """Run the API alone; somewhere a scheduler must run on the same data."""
    follow_supervisor()
    settings = session.settings_with({} if port is None else {"api.port": port})
    configure_logging(settings.log)
    check_schemas(settings)
    if descriptor is not None:
        serve_api(settings, descriptor)
        return
    with listen(settings.api.host, settings.api.port) as opened:
        serve_api(settings, opened.fileno())


def supervise(session: Session, port: int | None, announce: Callable[[str], None]) -> None:
    """Run API and scheduler until asked to end; ``announce`` gets the address as soon as it can be called."""
    settings = session.settings_with({} if port is None else {"api.port": port})
    configure_logging(settings.log)
    check_schemas(settings)  # what is wrong with these or with settings is said here, once, before anything starts
    build_ports(settings)
    with listen(settings.api.host, settings.api.port) as opened, metrics_folder() as metrics:
        host, number = opened.getsockname()[:2]
        descriptor = opened.fileno()
        programs = [
            Program("api", [*session.command, "api", "--descriptor", str(descriptor)], [descriptor]),
            Program("scheduler", [*session.command, "scheduler"]),
        ]
        Supervisor(programs, {FOLDER_VARIABLE: metrics}).run(lambda: announce(f"http://{_bracketed(host)}:{number}"))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
