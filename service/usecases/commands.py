"""Commands that other processes queue, because the scheduler alone changes state."""

from __future__ import annotations

from service.domain.state import Command
from service.errors import Conflict, TrappvaktError
from service.ports import Ports
from service.usecases.advance import advance
from service.usecases.promote import promote


def run_commands(ports: Ports) -> int:
    """Run all queued commands, oldest first; returns how many. A command that fails keeps its message.

    A fault of ours ends its command too, lest it be tried for ever before all others, and is raised for the log.
    """
    commands = ports.state.commands()
    for command in commands:
        try:
            _run(ports, command)
        except TrappvaktError as error:
            ports.state.finish(command.command_id, str(error))
        except Exception as error:
            ports.state.finish(command.command_id, f"it failed ({type(error).__name__}); the log has the details")
            raise
        else:
            ports.state.finish(command.command_id)
    return len(commands)


def _run(ports: Ports, command: Command) -> None:
    match command.name:
        case "promote":
            promote(ports, command.argument, command.actor)
        case "score":
            advance(ports)
        case _:
            raise Conflict(f"there is no command {command.name!r}")
