"""The command ``trappvakt``: its global options, and one way to fail."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoSuchCommand

from service.errors import InvalidInput, TrappvaktError

SHOWN_PROBLEMS = 20
"""Bad rows printed one by one; the rest are counted."""

COMMANDS = {
    "demo": ("demo:demo", "Simulate a town, score it, list its hot-spots, and serve it."),
    "serve": ("serving:serve", "Run API, pages and scheduler; what dies is started again."),
    "api": ("serving:api", "Run API and pages alone."),
    "scheduler": ("scheduling:scheduler", "Run the scheduler alone, one for each data folder."),
    "places": ("importing:places", "Import and list places."),
    "import": ("importing:import_counts", "Import counts (CSV), or presences from a spreadsheet."),
    "score": ("scoring:score", "Score the windows that wait, once."),
    "replay": ("replay:replay", "Score a CSV file of counts without storing anything."),
    "backtest": ("backtest:backtest", "Try other settings or another version on stored counts."),
    "lists": ("lists:lists", "Make, show, approve and export hot-spot lists."),
    "outcomes": ("outcomes:outcomes", "Say and show what was found at listed places."),
    "annotations": ("annotations:annotation_commands", "Say what is known of places and times: works, moving days."),
    "episodes": ("episodes:episodes", "Show what is not normal; acknowledge, mute, close."),
    "profile": ("learnt:profile", "Show the normal week of a stairwell."),
    "level-shifts": ("learnt:level_shifts", "List the spaces that became busier or quieter for good."),
    "sensors": ("sensors:sensors", "Tell which sensors are silent, stuck or otherwise at fault."),
    "before-after": ("effects:before_after", "Tell how presences in a stairwell changed at a date."),
    "evaluate": ("evaluation:evaluate", "Tell how good the newest approved lists were."),
    "webhooks": ("webhooks:webhooks", "Show what other systems are told, and tell them again."),
    "retrain": ("retraining:retrain", "Fit a new model version and judge it beside the champion."),
    "models": ("models:models", "List and compare model versions, put one in force, go back."),
    "calibration": ("calibration:calibration", "Tell whether p-values and episodes keep what they promise."),
    "keys": ("keys:keys", "Create, list and revoke keys."),
    "influx": ("influx:influx", "Make InfluxDB ready, and find what came late there."),
    "backup": ("backups:backup", "Back up the data folder while the service runs."),
    "restore": ("backups:restore", "Restore a backup into an empty folder."),
    "retention": ("retention:retention", "Show how long data is kept, and what was deleted."),
    "doctor": ("doctor:doctor", "Tell what is wrong with the installation and what to do."),
    "settings": ("settings:settings", "Print every setting in force; secrets are not among them."),
    "openapi": ("openapi:openapi", "Print the OpenAPI document of the API."),
}
"""Where each command is, and a line that fits beside its name. It is imported when it is called: all take 0.8 s."""


class CommandLine(click.Group):
    """A group whose commands fail in one line, without a traceback: on our own errors, and on files that fail."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands, in the order people need them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(f"service.cli.{module}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; a slip of the pen is told with the commands it is like."""
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            raise NoSuchCommand(args[0], possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The commands beside their lines; none is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

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
    from service.cli.session import Session  # noqa: PLC0415 - help needs none of what it stands on: 0.2 s

    context.obj = Session(config, data)
