"""The demo: a simulated town from the first count to the first list, then the whole service over it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from service.cli.lists import show_entries
from service.cli.serving import port_option, supervise
from service.cli.session import Session, pass_session
from service.cli.terminal import progress, show_table
from service.demo import Demo, fill, left_out, prepare_folder
from service.domain.keys import Role
from service.settings import read_settings_file, settings_file

SHOWN_ENTRIES = 10


@click.command()
@port_option
@click.option("--serve/--no-serve", "and_serve", default=True, help="Serve the town, or end with the first list.")
@pass_session
def demo(session: Session, port: int | None, and_serve: bool) -> None:
    """Simulate a town, import it, score it, list its hot-spots, and serve it.

    Everything lies in the folder that --data names, or in a temporary one that is deleted at the end. A settings file
    tells how to work, but not where real data lies, nor whom to tell of it.
    """
    asked = _asked(session)
    with _folder(session.data) as folder:
        town = Session(config=prepare_folder(folder, asked))
        with progress("Simulating a town") as bar:
            made = fill(town.ports, folder, bar.step)
        _show(made)
        if and_serve:
            supervise(town, port, lambda address: _announce(address, made))


def _asked(session: Session) -> dict[str, Any]:
    """What the settings file says, if there is one; what the demo does not take of it is told."""
    chosen = settings_file(session.config)
    if chosen is None:
        return {}
    session.settings_with({})  # what is wrong with the file is said here, by its name
    asked = read_settings_file(chosen)
    if names := left_out(asked):
        click.echo(f"Not taken from {chosen}, as the demo's town stays by itself: {', '.join(names)}", err=True)
    return asked


@contextmanager
def _folder(named: Path | None) -> Iterator[Path]:
    if named:
        yield named
        return
    folder = Path(tempfile.mkdtemp(prefix="trappvakt-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _show(made: Demo) -> None:
    entries = made.hotspots.entries[:SHOWN_ENTRIES]
    click.echo(f"\nThe first list, of the last {made.hotspots.days} days:\n")
    show_entries(msgspec.structs.replace(made.hotspots, entries=entries))


def _announce(address: str, made: Demo) -> None:
    click.echo(f"\nTrappvakt listens on {address}\nWhat it answers is described on {address}/docs\n")
    show_table(("role", "key"), made.tokens.items())
    click.echo(
        f"\nOpen {address} in a browser: the operator's key approves lists, the police's reads them and says what was "
        "found, the reader's reads what is known of each place\n"
    )
    asking = f"curl -H 'Authorization: Bearer {made.tokens[Role.POLICE]}' {address}/v1/hotspots"
    click.echo(f"The list as the police read it:\n  {asking}\n")
