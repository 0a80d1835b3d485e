"""Mail by SMTP, encrypted unless the server is on this machine."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from time import monotonic
from typing import Any

from service.domain.deliveries import Letter
from service.errors import MailError
from service.senders.look_up import looked_up, own_name
from service.settings.mail import Mail, mail_password

_ANSWERS = 5  # a letter takes so many times mail.timeout_seconds at most
_AGAIN_SECONDS = 0.1


class SmtpMailServer:
    """A mail server that is asked to carry letters, each over a connection of its own.

    What the server answers may hold an address, so only the numbers of its answers are told.

    Parameters
    ----------
    settings
        Where it is and how it is spoken to.
    """

    def __init__(self, settings: Mail) -> None:
        self._settings = settings

    def send(self, letter: Letter) -> None:
        """Hand over a letter; raises MailError if it is not taken."""
        mail, message = self._settings, _message(letter, self._settings.sender)
        deadline = monotonic() + _ANSWERS * mail.timeout_seconds
        try:
            with _left_at_the_end(self._connected(deadline)) as server:
                if mail.tls == "starttls":
                    server.starttls(context=self._trust())
                if mail.user:
                    server.login(mail.user, mail_password(mail))
                server.send_message(message, mail.sender, [letter.address])
        except (smtplib.SMTPException, OSError, ValueError) as error:
            told = _told(TimeoutError() if monotonic() >= deadline else error)
            raise MailError(f"the mail server {mail.host}:{mail.port} {told}; check [mail] in the settings") from None

    def _connected(self, deadline: float) -> smtplib.SMTP:
        mail = self._settings
        if mail.tls == "implicit":
            return _HurriedOverTls(deadline, mail.host, mail.port, timeout=mail.timeout_seconds, context=self._trust())
        return _Hurried(deadline, mail.host, mail.port, timeout=mail.timeout_seconds)

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)


class _Hurried(smtplib.SMTP):
    """A client that is at its end at a deadline: smtplib waits for names, each address, and each byte of an answer."""

    def __init__(self, deadline: float, host: str, port: int, **more: Any) -> None:
        self._deadline, self._closed = deadline, threading.Event()
        super().__init__(host, port, local_hostname="", **more)
        self.local_hostname = self._introduced()

    def _introduced(self) -> str:
        """What we greet with: this machine's full name, or else its address, as RFC 5321 (4.1.4) asks."""
        with suppress(OSError, UnicodeError):
            if "." in (name := own_name(min(self._deadline, monotonic() + self.timeout))):
                return name
        own: str = self.sock.getsockname()[0].partition("%")[0]  # type: ignore[union-attr]
        return f"[IPv6:{own}]" if ":" in own else f"[{own}]"

    def connect(self, host: str = "", port: int = 0, source_address: Any = None) -> tuple[int, bytes]:
        """Connect, with the deadline in view."""
        threading.Thread(target=self._end_at_the_deadline, daemon=True).start()
        try:
            return super().connect(host, port, source_address)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._closed.set()
        super().close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """A connection to the first address that takes one; raises what the last one said."""
        failed: OSError = TimeoutError()
        for _, address in looked_up(host, port, self._deadline):
            if (left := self._deadline - monotonic()) <= 0.0:
                raise TimeoutError
            try:
                return super()._get_socket(address[0], port, min(timeout, left))  # type: ignore[misc,no-any-return]
            except OSError as error:
                failed = error
        raise failed

    def _end_at_the_deadline(self) -> None:
        """End the connection there is then; one that is just being encrypted is there a little later."""
        while not self._closed.wait(max(self._deadline - monotonic(), _AGAIN_SECONDS)):
            if isinstance(sock := self.sock, socket.socket):
                with suppress(OSError):  # it may be closed already
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)  # past TLS, which would wait for its peer


class _HurriedOverTls(_Hurried, smtplib.SMTP_SSL):
    """The same, encrypted from the beginning."""


@contextmanager
def _left_at_the_end(server: smtplib.SMTP) -> Iterator[smtplib.SMTP]:
    """Take leave of a server; what it says to that changes nothing of what it took or refused before."""
    try:
        yield server
    finally:
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
        server.close()


def _message(letter: Letter, sender: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = sender, letter.address
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(letter.date)
    message["Message-ID"] = f"<{letter.message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    kind, _, subtype = letter.media_type.partition("/")
    message.add_attachment(letter.content, maintype=kind, subtype=subtype, filename=letter.file_name)
    return message


def _told(error: Exception) -> str:  # noqa: PLR0911 - a table
    """What went wrong, without a word of the server's."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return f"refuses the recipient ({', '.join(str(code) for code, _ in recipients.values())})"
        case smtplib.SMTPSenderRefused(smtp_code=code):
            return f"refuses mail.sender ({code})"
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            return f"refuses mail.user and its password ({code})"
        case smtplib.SMTPResponseException(smtp_code=code):
            return f"refuses the letter ({code})"
        case smtplib.SMTPNotSupportedError():
            return "does not offer what is asked of it: encryption by STARTTLS, logging in, or addresses beyond ASCII"
        case smtplib.SMTPServerDisconnected():
            return "closed the connection"
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"has a certificate that is not trusted ({why})"
        case ssl.SSLError(reason=why):
            return f"does not encrypt as asked by mail.tls ({why})"
        case FileNotFoundError():
            return "cannot be trusted, since mail.ca_file is not there"
        case TimeoutError():
            return "does not answer"
        case OSError(strerror=why):
            return f"cannot be reached ({why})"
        case UnicodeError():
            return "has a name that is none"
    return "does not take the letter"
