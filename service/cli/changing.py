"""Changes of state from the command line: by the scheduler if one runs, else by this process in its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from service.cli.session import Session
from service.cli.terminal import waiting
from service.errors import Conflict, SchedulerBusy
from service.ports import Ports
from service.usecases.commands import run_commands
from service.usecases.locks import scheduler_lock
from service.usecases.versions.promote import go_on

_LOOK_SECONDS = 0.2


def run_command(session: Session, name: str, argument: str = "") -> None:
    """Queue a command and return when it is done, whoever does it.

    Raises
    ------
    Conflict
        If it failed; the message is that of the failure.
    """
    ports = session.ports
    number = ports.state.enqueue(name, argument, session.actor)
    with waiting("Waiting for the scheduler to do it") as say:
        while not (outcome := ports.state.outcome(number))[0]:
            with suppress(SchedulerBusy), scheduler_lock(session.settings):
                _run_instead(ports, say)
            _say_share(ports, say)
            time.sleep(_LOOK_SECONDS)
    if error := outcome[1]:
        raise Conflict(error)


def _run_instead(ports: Ports, say: Callable[[str], None]) -> None:
    run_commands(ports)
    while go_on(ports):
        _say_share(ports, say)


def _say_share(ports: Ports, say: Callable[[str], None]) -> None:
    if promotion := ports.state.promotion():
        say(f"Learning what is normal under the new version: {promotion.share:.0%}")
