"""How lists go out by mail, and to whom: the one place where addresses of people stand."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.errors import SettingsError
from service.settings.sections import Positive

_PATTERN = r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+"
_EXAMPLE = "an address like office@norrbo.example"
_Address = Annotated[str, Meta(pattern=rf"^{_PATTERN}$(?!\n)", max_length=254, description=_EXAMPLE)]
_AddressIfAny = Annotated[
    str, Meta(pattern=rf"^({_PATTERN})?$(?!\n)", max_length=254, description=f"{_EXAMPLE}, or nothing")
]
SystemName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$(?!\n)",
        max_length=100,
        description="a letter or digit, and then letters, digits and . _ -",
    ),
]
"""Of an office or a system: what is kept and audited in the place of an address."""


class Recipient(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets which lists. The name, of an office rather than a person, is what is kept and audited."""

    name: SystemName
    address: _Address
    tenant: Annotated[str, Meta(min_length=1)]
    area: Annotated[str, Meta(min_length=1)] | None = None
    language: Literal["sv", "en"] = "sv"


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The mail server, what goes out and to whom; the password is no setting but a file."""

    host: str
    port: Annotated[int, Meta(ge=1, le=65_535)]
    tls: Literal["starttls", "implicit", "none"]
    ca_file: str
    user: str
    password_file: str
    sender: _AddressIfAny
    timeout_seconds: Positive
    every: Literal["week", "list"]
    give_up_hours: Positive
    recipients: tuple[Recipient, ...]


def check_mail(mail: Mail) -> None:
    """Check that what is set goes together.

    Raises
    ------
    SettingsError
        If it does not; above all, if lists would leave this machine unencrypted.
    """
    if mail.tls == "none" and mail.host and not is_loopback(mail.host):
        raise SettingsError(f"mail.tls is 'none', but {mail.host!r} is another machine; use 'starttls' or 'implicit'")
    if mail.recipients and not (mail.host and mail.sender):
        raise SettingsError("mail.recipients are named, so mail.host and mail.sender are needed too")
    if bool(mail.user) != bool(mail.password_file):
        raise SettingsError("mail.user and mail.password_file go together; set both or neither")
    if not mail.user.isascii():
        raise SettingsError("mail.user holds letters that a login does not carry; use ASCII")
    check_named_apart("mail.recipients", [one.name for one in mail.recipients])


def check_named_apart(key: str, names: Sequence[str]) -> None:
    """Check that no two have one name; raises SettingsError."""
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"two of {key} are named {twice[0]!r}; give each a name of its own")


def mail_password(mail: Mail) -> str:
    """The password, read whenever it is needed, so that it may be changed while the service runs.

    Raises
    ------
    SettingsError
        If the file cannot be read, is empty, or holds letters beyond ASCII.
    """
    try:
        password = Path(mail.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"mail.password_file cannot be read: {error}") from error
    if not password:
        raise SettingsError(f"mail.password_file {mail.password_file} is empty; write the password into it")
    if not password.isascii():
        raise SettingsError(
            f"mail.password_file {mail.password_file} holds letters that a login does not carry; use ASCII"
        )
    return password


def is_loopback(host: str) -> bool:
    """Whether a host names this machine in so many words, so that nothing said to it passes a network."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
