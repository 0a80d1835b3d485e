"""The scheduler as a command: it alone needs what ticks; nothing of the API is loaded with it."""

from __future__ import annotations

import click

from service.bootstrap import build_ports, check_schemas
from service.cli.session import Session, pass_session
from service.logs import configure_logging
from service.scheduler import run_scheduler
from service.supervisor import follow_supervisor
from service.trainer import Trainer


@click.command()
@pass_session
def scheduler(session: Session) -> None:
    """Run the scheduler alone; there is one for each data folder."""
    follow_supervisor()
    configure_logging(session.settings.log)
    check_schemas(session.settings)
    ports = build_ports(session.settings)
    run_scheduler(ports, Trainer(ports, [*session.command, "retrain", "--job"]))
