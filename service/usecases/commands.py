"""Commands that other processes queue, because the scheduler alone changes state."""

from __future__ import annotations

from service.domain.state import Command
from service.errors import Conflict, TrappvaktError
from service.ports import Ports
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import begin_promotion
from service.usecases.versions.prune import prune


def run_commands(ports: Ports) -> int:
    """Run all queued commands, oldest first; returns how many. A command that fails keeps its message.

    A fault of ours ends its command too, lest it be tried for ever before all others, and is raised for the log. A
    promotion is begun here; its command is finished once the version is in force.
    """
    underway = ports.state.promotion()
    commands = [one for one in ports.state.commands() if underway is None or one.command_id != underway.command]
    for command in commands:
        try:
            finished = _run(ports, command)
        except TrappvaktError as error:
            ports.state.finish(command.command_id, str(error))
        except Exception as error:
            ports.state.finish(command.command_id, f"it failed ({type(error).__name__}); the log has the details")
            raise
        else:
            if finished:
                ports.state.finish(command.command_id)
    return len(commands)


def _run(ports: Ports, command: Command) -> bool:
    """Run a command; whether it is finished by that."""
    match command.name:
        case "promote":
            version, _, override = command.argument.partition(" ")
            begin_promotion(ports, version, command.actor, override, command.command_id)
            return False
        case "prune":
            prune(ports, command.argument.split(), command.actor)
        case "score":
            advance(ports)
        case _:
            raise Conflict(f"there is no command {command.name!r}")
    return True
