"""Mail by SMTP, encrypted unless the server is on this machine."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from service.domain.deliveries import Letter
from service.errors import MailError
from service.settings.mail import Mail, mail_password


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
        message = _message(letter, self._settings.sender)
        try:
            with self._connected() as server:
                server.send_message(message, self._settings.sender, [letter.address])
        except (smtplib.SMTPException, OSError) as error:
            where = f"{self._settings.host}:{self._settings.port}"
            raise MailError(f"the mail server {where} {_told(error)}; check [mail] in the settings") from None

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        mail = self._settings
        if mail.tls == "implicit":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                mail.host, mail.port, timeout=mail.timeout_seconds, context=self._trust()
            )
        else:
            connection = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout_seconds)
        with connection as server:
            if mail.tls == "starttls":
                server.starttls(context=self._trust())
            if mail.user:
                server.login(mail.user, mail_password(mail))
            yield server

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file or None)


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
    return "does not take the letter"
