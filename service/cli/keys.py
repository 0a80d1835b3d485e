"""Keys: who may call the API, as what, for which tenant."""

from __future__ import annotations

import click

from service.cli.session import Session, pass_session
from service.cli.terminal import show_table
from service.domain.keys import EVERY_TENANT, Role
from service.usecases.keys import create_key, list_keys, revoke_key


@click.group()
def keys() -> None:
    """Create, list and revoke keys."""


@keys.command()
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What the key is for.")
@click.option("--tenant", required=True, help="Housing company whose places it may see.")
@click.option("--label", default="", help="Whose it is, for the list of keys.")
@pass_session
def create(session: Session, role: str, tenant: str, label: str) -> None:
    """Create a key and print its token, once; only a digest of it is kept."""
    key, token = create_key(session.ports, Role(role), tenant, label, actor=session.actor)
    if tenant != EVERY_TENANT and (unknown := session.why_unknown(tenant)):
        click.echo(f"Warning: {unknown}; check how it is written, or import its places", err=True)
    click.echo(f"Key {key.key_id}; its token is shown this once:", err=True)
    click.echo(token)


@keys.command(name="list")
@pass_session
def list_(session: Session) -> None:
    """List all keys, without their tokens."""
    headers = ("key", "role", "tenant", "label", "created", "revoked")
    show_table(headers, ((k.key_id, k.role, k.tenant, k.label, k.created, k.revoked) for k in list_keys(session.ports)))


@keys.command()
@click.argument("key_id")
@pass_session
def revoke(session: Session, key_id: str) -> None:
    """Revoke a key; its next request is refused."""
    key = revoke_key(session.ports, key_id, actor=session.actor)
    click.echo(f"Key {key.key_id} ({key.role}, {key.tenant}) is revoked")
