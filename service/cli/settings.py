"""What is set."""

from __future__ import annotations

import click
import msgspec

from service.cli.session import Session, pass_session


@click.command()
@pass_session
def settings(session: Session) -> None:
    """Print every setting in force as TOML-like lines; secrets are not among them."""
    for section, values in msgspec.to_builtins(session.settings).items():
        for key, value in values.items():
            click.echo(f"{section}.{key} = {msgspec.json.encode(value).decode()}")
