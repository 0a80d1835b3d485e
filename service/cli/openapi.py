"""What the API promises."""

from __future__ import annotations

import click
import msgspec

from service.api.contract import openapi_json


@click.command()
def openapi() -> None:
    """Print the OpenAPI document of the API."""
    click.echo(msgspec.json.format(openapi_json(), indent=2).decode())
