"""Keys: created once, shown once, kept as a digest; revocation acts on the next request."""

from __future__ import annotations

import hashlib
import secrets

from service.domain.keys import EVERY_TENANT, Key, Role
from service.errors import InvalidInput, NotAuthenticated
from service.ports import Ports
from service.usecases.audit import record

PREFIX = "tv_"
"""Every token starts with it, so that a leaked one is recognised by people and by secret scanners."""
_SECRET_BYTES = 32
_COMMAND_LINE = "cli"


def create_key(ports: Ports, role: Role, tenant: str, label: str, *, actor: str = _COMMAND_LINE) -> tuple[Key, str]:
    """A new key and its token, which is not stored and cannot be shown again.

    Raises
    ------
    InvalidInput
        If the tenant is empty, or every tenant and the role is not the police's.
    """
    if not tenant.strip():
        raise InvalidInput("a key needs a tenant: name the housing company whose places it may see")
    if tenant == EVERY_TENANT and role is not Role.POLICE:
        raise InvalidInput(f"only a police key may be for {EVERY_TENANT!r}, to read joint lists; name one tenant")
    token = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    key = Key(
        key_id=secrets.token_hex(6),
        digest=_digest(token),
        role=role,
        tenant=tenant,
        label=label,
        created=ports.clock.now(),
    )
    ports.keys.add(key)
    record(ports, actor, tenant, "key.create", key.key_id, f"{role}: {label}")
    return key, token


def authenticate(ports: Ports, token: str) -> Key:
    """The key that a token belongs to.

    A look-up by digest takes no time that depends on the secret, and none is cached, so that revocation acts at once.

    Raises
    ------
    NotAuthenticated
        If the token is unknown or its key is revoked; the message does not tell which.
    """
    key = ports.keys.by_digest(_digest(token))
    if key is None or key.revoked is not None:
        raise NotAuthenticated("the key is unknown or revoked; ask an operator of your tenant for a new one")
    return key


def key_in_use(ports: Ports, key_id: str) -> Key:
    """The key of somebody who has shown its token before.

    Raises
    ------
    NotAuthenticated
        If it has been revoked since, or there is none.
    """
    key = ports.keys.by_id(key_id)
    if key is None or key.revoked is not None:
        raise NotAuthenticated("the key has been revoked; ask an operator of your tenant for a new one")
    return key


def list_keys(ports: Ports) -> list[Key]:
    """All keys, revoked ones too, oldest first."""
    return ports.keys.all()


def revoke_key(ports: Ports, key_id: str, *, actor: str = _COMMAND_LINE) -> Key:
    """Revoke a key for good.

    Raises
    ------
    NotFound
        If there is no such key.
    """
    key = ports.keys.revoke(key_id, ports.clock.now())
    record(ports, actor, key.tenant, "key.revoke", key.key_id)
    return key


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
