"""Who is told of what by webhook: addresses and where their secrets lie, which stand here and nowhere else."""

from __future__ import annotations

import base64
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from service.domain.events import EventType
from service.errors import SettingsError
from service.settings.mail import SystemName, check_named_apart, is_loopback
from service.settings.sections import Positive

SECRET_PREFIX = "whsec_"  # noqa: S105 - what a secret begins with, by Standard Webhooks
_SECRET_BYTES = range(24, 65)


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is told of what; the name, of a system rather than a person, is what is kept and audited."""

    name: SystemName
    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[!-~]+$(?!\n)", max_length=2000, description="an address like https://norrbo.example/in"
        ),
    ]
    tenant: Annotated[str, Meta(min_length=1)]
    events: Annotated[tuple[EventType, ...], Meta(min_length=1)]
    secret_file: Annotated[str, Meta(min_length=1)]

    @property
    def host(self) -> str:
        """The host of the address, which may be told; the rest of it may hold a secret."""
        return urlsplit(self.url).hostname or ""


class Webhooks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom events are sent to and how; secrets are no settings but files."""

    source: Annotated[
        str, Meta(pattern=r"^[!-~]+$(?!\n)", max_length=200, description="a name or address in ASCII, without spaces")
    ]
    timeout_seconds: Positive
    give_up_hours: Positive
    keep_days: Annotated[int, Meta(ge=8)]
    ca_file: str
    private_networks: tuple[str, ...]
    subscriptions: tuple[Subscription, ...]


def check_webhooks(webhooks: Webhooks) -> None:
    """Check that what is set goes together.

    Raises
    ------
    SettingsError
        If it does not; above all, if events would leave this machine unencrypted.
    """
    for network in webhooks.private_networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise SettingsError(f"webhooks.private_networks: {error}; write networks such as 10.1.0.0/16") from error
    for one in webhooks.subscriptions:
        if fault := _fault(one.url):
            raise SettingsError(f"the url of webhooks.subscriptions {one.name!r} {fault}")
    check_named_apart("webhooks.subscriptions", [one.name for one in webhooks.subscriptions])


def webhook_secrets(subscription: Subscription) -> list[bytes]:
    """The secrets a message is signed with, read whenever they are needed, so that they may be changed at any time.

    A line each; two while one takes the other's place.

    Raises
    ------
    SettingsError
        If the file cannot be read or does not hold secrets; the message does not show what it holds.
    """
    where = f"the secret_file of webhooks.subscriptions {subscription.name!r}"
    try:
        lines = Path(subscription.secret_file).read_text("utf-8", errors="replace").split()
    except OSError as error:
        raise SettingsError(
            f"{where} cannot be read: {subscription.secret_file}: {error.strerror}; name one that the service may read"
        ) from None
    try:
        secrets = [base64.b64decode(line.removeprefix(SECRET_PREFIX), validate=True) for line in lines]
    except ValueError:  # binascii's own among them, and what is not ASCII
        secrets = []
    if not secrets or not all(len(secret) in _SECRET_BYTES for secret in secrets):
        raise SettingsError(
            f"{where} holds no secret; write {SECRET_PREFIX} and 24 to 64 random bytes in base64 into it, "
            "for instance by: echo whsec_$(head -c 32 /dev/urandom | base64)"
        )
    return secrets


def _fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        return f"is none: {error}"
    if not host:
        return "names no host"
    if parts.scheme == "http" and not is_loopback(host):
        return "is http, but its host is another machine; use https"
    if parts.username is not None or parts.fragment:
        return "holds a user or a fragment, which is not sent; leave it out"
    return None
