"""The command ``trappvakt``: its global options, and one way to fail."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from service.cli.session import Session
from service.errors import InvalidInput, TrappvaktError

SHOWN_PROBLEMS = 20
"""Bad rows printed one by one; the rest are counted."""

COMMANDS = {
    "demo": "demo:demo",
    "serve": "serving:serve",
    "api": "serving:api",
    "scheduler": "serving:scheduler",
    "places": "importing:places",
    "import": "importing:import_counts",
    "score": "scoring:score",
    "replay": "replay:replay",
    "backtest": "backtest:backtest",
    "lists": "lists:lists",
    "outcomes": "outcomes:outcomes",
    "annotations": "annotations:annotation_commands",
    "episodes": "episodes:episodes",
    "profile": "learnt:profile",
    "level-shifts": "learnt:level_shifts",
    "sensors": "sensors:sensors",
    "before-after": "effects:before_after",
    "evaluate": "evaluation:evaluate",
    "webhooks": "webhooks:webhooks",
    "retrain": "retraining:retrain",
    "models": "models:models",
    "calibration": "calibration:calibration",
    "keys": "keys:keys",
    "influx": "influx:influx",
    "backup": "backups:backup",
    "restore": "backups:restore",
    "retention": "retention:retention",
    "doctor": "checking:doctor",
    "settings": "checking:settings",
    "openapi": "checking:openapi",
}
"""Where each command is; it is imported when it is called, because scikit-learn alone takes a second."""


class CommandLine(click.Group):
    """A group whose commands fail in one line, without a traceback: on our own errors, and on files that fail."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(f"service.cli.{module}"), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of the tree, or of a file, becomes exit code 1."""
        try:
            return super().invoke(ctx)
        except TrappvaktError as error:
            tell(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # click knows what to do when the reader of a pipe has gone
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(
                f"Error: {where}{error.strerror or error}; check the path, its rights and the room left", err=True
            )
        sys.exit(1)


def tell(error: TrappvaktError) -> None:
    """Print an error and the rows it is about on standard error."""
    click.echo(f"Error: {error}", err=True)
    if isinstance(error, InvalidInput):
        for problem in error.problems[:SHOWN_PROBLEMS]:
            click.echo(f"  {problem}", err=True)
        if (more := len(error.problems) - SHOWN_PROBLEMS) > 0:
            click.echo(f"  and {more} more", err=True)


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML); also TRAPPVAKT_CONFIG.")
@click.option("--data", type=click.Path(path_type=Path), help="Data folder, instead of general.data_dir.")
@click.version_option(package_name="trappvakt")
@click.pass_context
def main(context: click.Context, config: Path | None, data: Path | None) -> None:
    """Learn what is normal in every stairwell, and tell where and when it is not."""
    context.obj = Session(config, data)
