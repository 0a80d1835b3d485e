"""A real mail server on this machine, with encryption and logins, that keeps what it gets and refuses when told to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "trappvakt", "hemligt-losenord"


@dataclass
class Post:
    """What a server got, and what it answers: by address, or to every letter.

    Parameters
    ----------
    letters
        Recipients, whether the connection was encrypted, and the letter.
    refused
        Answer to a recipient, by address.
    answer
        To a letter.
    greetings
        What clients called themselves.
    parting
        Answer to a client that takes leave.
    stutters
        Whether the answer to a recipient never comes to its end.
    """

    letters: list[tuple[list[str], bool, EmailMessage]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answer: str = "250 OK"
    greetings: list[str] = field(default_factory=list)
    parting: str = "221 Bye"
    stutters: bool = False

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        while self.stutters:
            await server.push("250-wait")
            await asyncio.sleep(0.05)
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.greetings.append(str(session.host_name))
        if self.answer.startswith("250"):
            letter = message_from_bytes(envelope.content or b"", policy=default)
            self.letters.append((envelope.rcpt_tos, session.ssl is not None, letter))  # type: ignore[arg-type]
        return self.answer

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        return self.parting


class _OnAnyPort(Controller):
    """A server on a port that is free."""

    def _trigger_server(self) -> None:
        """Make the first connection, by which the controller knows that its server runs."""
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        socket.create_connection((self.hostname, self.port), 5).close()


@dataclass(frozen=True)
class MailHost:
    """A server that runs: where, what it got, and how it is trusted."""

    post: Post
    port: int
    ca_file: Path


@contextmanager
def mail_host(
    folder: Path, tls: str = "starttls", name: str = "localhost", *, login: bool = False
) -> Iterator[MailHost]:
    """Run a server; its certificate is for ``name``."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    encrypted = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "implicit": {"ssl_context": context},
        "none": {},
    }[tls]
    guarded = {"authenticator": _known, "auth_required": True, "auth_require_tls": tls == "starttls"} if login else {}
    post = Post()
    controller = _OnAnyPort(post, hostname="127.0.0.1", port=0, server_hostname=name, **encrypted, **guarded)
    controller.start()
    try:
        yield MailHost(post, controller.port, folder / "ca.pem")
    finally:
        controller.stop()


def _known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)
