"""Encryption of mail: whom a letter is handed to, and whom not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from service.domain.deliveries import Letter
from service.errors import MailError, SettingsError
from service.senders import smtp
from service.senders.smtp import SmtpMailServer
from service.settings import load_settings
from service.settings.mail import Mail
from tests.mail import PASSWORD, USER, MailHost, Post, mail_host

NAME = "mail.example"
LETTER = Letter(
    address="span.sodra@polisen.example",
    message_id="2026-11-02-001.abc",
    date=datetime(2026, 11, 2, 8, tzinfo=UTC),
    subject="Hotspotlista\r\nBcc: all@polisen.example",
    text="Bladet är bifogat.\n",
    file_name="2026-11-02-001.xlsx",
    media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    content=b"\x00\xff",
)
ANYBODY = {"name": "a", "address": "a@polisen.example", "tenant": "norrbo"}


def mail(host: MailHost, tls: str, **more: object) -> Mail:
    known = {
        "host": "localhost",
        "port": host.port,
        "tls": tls,
        "ca_file": str(host.ca_file),
        "sender": "trappvakt@norrbo.example",
        "timeout_seconds": 5,
    }
    return load_settings(
        environment={}, overrides={f"mail.{name}": value for name, value in (known | more).items()}
    ).mail


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
def test_a_letter_is_handed_over(tmp_path: Path, tls: str) -> None:
    """Whole, and what stands in its subject adds no line to its head."""
    with mail_host(tmp_path, tls) as host:
        SmtpMailServer(mail(host, tls)).send(LETTER)
    [(recipients, encrypted, letter)] = host.post.letters
    assert (recipients, encrypted) == ([LETTER.address], tls == "starttls")
    assert (letter["Subject"], letter["Bcc"]) == ("Hotspotlista Bcc: all@polisen.example", None)
    assert letter.get_body().get_content().splitlines() == LETTER.text.splitlines()
    assert [part.get_content() for part in letter.iter_attachments()] == [LETTER.content]


@pytest.mark.parametrize("parting", ["421 too many connections", "250 OK", "good bye"])
def test_a_letter_that_was_taken_is_sent_whatever_the_server_says_at_parting(tmp_path: Path, parting: str) -> None:
    """It would go out again and again."""
    with mail_host(tmp_path) as host:
        host.post.parting = parting
        SmtpMailServer(mail(host, "starttls")).send(LETTER)
    assert len(host.post.letters) == 1


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
def test_a_server_that_never_comes_to_an_end_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    """As those do that keep senders of spam waiting, a line now and then; each of them comes in time."""
    monkeypatch.setattr(smtp, "_ANSWERS", 2)
    with mail_host(tmp_path, tls) as host:
        host.post.stutters = True
        with pytest.raises(MailError, match="does not answer"):
            SmtpMailServer(mail(host, tls, timeout_seconds=1)).send(LETTER)


def test_name_servers_that_do_not_answer_hold_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system asks each of them for half a minute and more."""
    answer = threading.Event()
    monkeypatch.setattr(smtp, "_ANSWERS", 2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: answer.wait(60) and [])
    assert_given_up(tmp_path)
    answer.set()


@pytest.mark.parametrize(("known", "greeting"), [("town.example", "town.example"), ("town", "[127.0.0.1]")])
def test_a_server_is_greeted_by_the_full_name_or_else_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str, greeting: str
) -> None:
    """A machine that name servers do not know has none; RFC 5321 wants the address it calls from then."""
    monkeypatch.setattr(socket, "getfqdn", lambda *_: known)
    with mail_host(tmp_path) as host:
        SmtpMailServer(mail(host, "starttls")).send(LETTER)
    assert host.post.greetings == [greeting]


def test_name_servers_that_do_not_know_this_machine_hold_no_letter_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server is known by its address: its letter goes after the time of one answer."""
    answer, began = threading.Event(), monotonic()
    monkeypatch.setattr(socket, "gethostbyaddr", lambda *_: answer.wait(60) and (NAME, [], []))
    with mail_host(tmp_path) as host:
        SmtpMailServer(mail(host, "starttls", timeout_seconds=1)).send(LETTER)
    answer.set()
    assert host.post.greetings == ["[127.0.0.1]"]
    assert monotonic() - began < 30


def test_many_addresses_that_do_not_answer_are_one_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a firewall each address of a large mail service is silent; each took the time of an answer."""
    look_up = socket.getaddrinfo
    monkeypatch.setattr(smtp, "_ANSWERS", 2)
    with full_listener() as silent:
        there = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", silent)] * 60
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *more, **named: there if host == NAME else look_up(host, *more, **named)
        )
        assert_given_up(tmp_path, port=silent[1])


def assert_given_up(folder: Path, port: int = 25) -> None:
    """A letter to a host that does not answer, with two seconds for it."""
    began, settings = monotonic(), mail(MailHost(Post(), port, folder), "starttls", timeout_seconds=1)
    with pytest.raises(MailError, match="does not answer"):
        SmtpMailServer(msgspec.structs.replace(settings, host=NAME)).send(LETTER)
    assert monotonic() - began < 30


@contextmanager
def full_listener() -> Iterator[tuple[str, int]]:
    """An address where connections are neither taken nor refused, as behind a firewall: nobody accepts them."""
    with socket.socket() as listener, ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()


def test_a_name_that_is_none_is_told(tmp_path: Path) -> None:
    nowhere = msgspec.structs.replace(mail(MailHost(Post(), 25, tmp_path), "starttls"), host="mail..example")
    with pytest.raises(MailError, match="has a name that is none"):
        SmtpMailServer(nowhere).send(LETTER)


def refused(folder: Path, server: dict[str, object], tls: str = "starttls", **changes: object) -> str:
    """What is said of a server that gets no letter."""
    with mail_host(folder, **server) as host, pytest.raises(MailError) as caught:
        SmtpMailServer(mail(host, tls, **changes)).send(LETTER)
    assert host.post.letters == []
    return str(caught.value)


def test_nothing_is_sent_unencrypted_to_a_server_that_does_not_encrypt(tmp_path: Path) -> None:
    """Not even on this machine, unless the settings say so."""
    assert "encryption by STARTTLS" in refused(tmp_path, {"tls": "none"})
    assert "does not encrypt as asked by mail.tls" in refused(tmp_path, {"tls": "none"}, tls="implicit")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_nothing_is_sent_to_a_server_that_is_not_trusted(tmp_path: Path, tls: str) -> None:
    """By an authority that nobody knows, or by a name that is another's."""
    assert "certificate that is not trusted" in refused(tmp_path, {"tls": tls}, tls, ca_file="")
    assert "certificate that is not trusted" in refused(tmp_path, {"tls": tls, "name": "other.example"}, tls)
    assert "mail.ca_file is not there" in refused(tmp_path, {"tls": tls}, tls, ca_file=str(tmp_path / "none.pem"))


def test_a_wrong_password_is_told_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("fel-losenord")
    told = refused(tmp_path, {"login": True}, user=USER, password_file=str(tmp_path / "password"))
    assert "refuses mail.user and its password (535)" in told
    assert "fel-losenord" not in told


def test_the_password_is_read_for_every_letter(tmp_path: Path) -> None:
    """So it can be changed while the service runs."""
    path = tmp_path / "password"
    with mail_host(tmp_path, login=True) as host:
        server = SmtpMailServer(mail(host, "starttls", user=USER, password_file=str(path)))
        for content in (None, "", "lösenord"):
            if content is not None:
                path.write_text(content)
            with pytest.raises(SettingsError, match=r"mail\.password_file"):
                server.send(LETTER)
        path.write_text(f"{PASSWORD}\n")
        server.send(LETTER)
    assert len(host.post.letters) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tls": "none", "host": "mail.norrbo.example"}, "mail.tls is 'none'"),
        ({"tls": "none", "host": "10.0.0.1"}, "another machine"),
        ({"tls": "none", "host": "localhost.norrbo.example"}, "another machine"),
        ({"tls": "sometimes"}, "mail.tls"),
        ({"recipients": [ANYBODY]}, "mail.host and mail.sender"),
        ({"host": "m", "sender": "a@b.example", "recipients": [ANYBODY, ANYBODY]}, "two of mail.recipients"),
        (
            {"host": "m", "sender": "a@b.example", "recipients": [ANYBODY | {"address": "a@b\nBcc: c@d"}]},
            "mail.recipients",
        ),
        ({"host": "m", "sender": "a@b.example", "recipients": [ANYBODY | {"phone": "1"}]}, "mail.recipients"),
        ({"user": "a"}, "go together"),
        ({"user": "å", "password_file": "p"}, "ASCII"),
        ({"sender": "nobody"}, "mail.sender"),
    ],
)
def test_settings_that_do_not_go_together_stop_the_start(changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(environment={}, overrides={f"mail.{name}": value for name, value in changes.items()})


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_on_this_machine_letters_may_go_as_they_are(host: str) -> None:
    assert load_settings(environment={}, overrides={"mail.tls": "none", "mail.host": host}).mail.host == host
