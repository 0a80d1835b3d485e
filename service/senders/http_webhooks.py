"""Webhooks by HTTPS: signed by Standard Webhooks, to hosts that may be called, within a time that is bounded.

A receiver's address is somebody else's word, so a name is looked up once, all its addresses are checked, and one of
these is what is connected to: no second look-up can lead elsewhere. Redirects are not followed, and of an answer no
more than its header is read.
"""

from __future__ import annotations

import base64
import hmac
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from importlib import metadata
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from urllib.parse import SplitResult, urlsplit, urlunsplit

from service.errors import WebhookError
from service.senders.look_up import Address, looked_up
from service.settings.mail import is_loopback
from service.settings.webhooks import Subscription, Webhooks, webhook_secrets

_PORTS = {"https": 443, "http": 80}
_NAT64 = ip_network("64:ff9b::/96")
_LOCAL = tuple(map(ip_network, ("fec0::/10", "64:ff9b:1::/48", "::/96", "192.0.0.0/24")))
"""Of a site (RFC 3879), a translator (RFC 8215), IPv4 of old (RFC 4291), a provider: some Pythons call them public."""
_SHORTEST_SECONDS = 0.001


class HttpWebhookSender:
    """Posts events, each over a connection of its own.

    What a receiver answers may hold anything, so only the number of its answer is told, and of its address the host.

    Parameters
    ----------
    settings
        How receivers are spoken to.
    """

    def __init__(self, settings: Webhooks) -> None:
        self._settings = settings

    def send(self, subscription: Subscription, event_id: str, content: bytes, time: datetime) -> None:
        """Post an event; raises WebhookError if its receiver does not answer 2xx in time."""
        timestamp = str(int(time.timestamp()))
        headers = {
            "Content-Type": "application/cloudevents+json; charset=utf-8",
            "User-Agent": f"Trappvakt/{metadata.version('trappvakt')}",
            "webhook-id": event_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(webhook_secrets(subscription), event_id, timestamp, content),
        }
        try:
            status = self._post(subscription.url, content, headers)
        except (OSError, HTTPException, UnicodeError) as error:
            raise WebhookError(f"{subscription.name}: {subscription.host} {_told(error)}") from None
        if not 200 <= status < 300:
            hint = "; redirects are not followed, name the address itself" if 300 <= status < 400 else ""
            raise WebhookError(f"{subscription.name}: {subscription.host} answers {status}{hint}")

    def _post(self, url: str, content: bytes, headers: dict[str, str]) -> int:
        """The number of the answer."""
        parts = urlsplit(url)
        deadline = monotonic() + self._settings.timeout_seconds
        connection = HTTPConnection(parts.netloc)
        connection.sock = sock = self._connected(parts, deadline)
        try:
            with _ended_at(deadline, sock):
                connection.request("POST", urlunsplit(("", "", parts.path or "/", parts.query, "")), content, headers)
                return connection.getresponse().status
        finally:
            connection.close()
            sock.close()  # a connection that is to be closed after the answer lets go of it

    def _connected(self, parts: SplitResult, deadline: float) -> socket.socket:
        """A socket to one of the host's addresses, encrypted unless the address is http."""
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        plain = _connect(self._permitted(host, port, deadline), deadline)
        if parts.scheme == "http":
            return plain
        try:
            return ssl.create_default_context(cafile=self._settings.ca_file or None).wrap_socket(
                plain, server_hostname=host
            )
        except BaseException:
            plain.close()
            raise

    def _permitted(self, host: str, port: int, deadline: float) -> list[Address]:
        """The addresses of a host, all of which may be called; raises _Refused if one may not."""
        found = looked_up(host, port, deadline)
        for _, address in found:
            if not may_call(str(address[0]), self._settings.private_networks, loopback=is_loopback(host)):
                raise _Refused
        return found


class _Refused(OSError):  # noqa: N818 - a state of the world, not an accident
    """A host may not be called, since it has an address that is not a public one."""


def sign(secrets: Sequence[bytes], event_id: str, timestamp: str, content: bytes) -> str:
    """The header ``webhook-signature``: for each secret, HMAC-SHA256 of id, time and body.

    Examples
    --------
    >>> sign([bytes(24)], "msg_1", "1614265330", b"{}")
    'v1,ONjOH+g8tKQOwBW/l2Ew8DI7ahP5iygTrq4r12BiJXg='

    References
    ----------
    Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    signed = b".".join((event_id.encode(), timestamp.encode(), content))
    digests = (hmac.digest(secret, signed, "sha256") for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def may_call(address: str, private_networks: Sequence[str], *, loopback: bool) -> bool:
    """Whether an IP address may be called: a public one, or one in a network that is named.

    Parameters
    ----------
    address
        The address that a host's name leads to.
    private_networks
        Networks that receivers may be in though they are not public.
    loopback
        Whether the host names this machine in so many words; then nothing else may be meant.

    Examples
    --------
    >>> may_call("93.184.215.14", [], loopback=False), may_call("10.1.2.3", [], loopback=False)
    (True, False)
    >>> may_call("10.1.2.3", ["10.1.0.0/16"], loopback=False), may_call("::ffff:169.254.169.254", [], loopback=False)
    (True, False)
    """
    meant = ip_address(address)
    if isinstance(meant, IPv6Address):
        meant = _wrapped(meant) or meant
    if loopback:
        return meant.is_loopback
    if any(meant in ip_network(one) for one in private_networks):
        return True
    return meant.is_global and not meant.is_multicast and not any(meant in one for one in _LOCAL)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, by 6to4, or by NAT64 (RFC 6052)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _connect(addresses: Sequence[Address], deadline: float) -> socket.socket:
    """A connection to the first address that takes one; raises what the last one said."""
    failed: OSError = TimeoutError()
    for family, address in addresses:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(max(deadline - monotonic(), _SHORTEST_SECONDS))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed


@contextmanager
def _ended_at(deadline: float, sock: socket.socket) -> Iterator[None]:
    """End a connection at a deadline, whatever trickles in meanwhile."""
    left = max(deadline - monotonic(), _SHORTEST_SECONDS)
    sock.settimeout(left)
    timer = threading.Timer(left, _shut, [sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, HTTPException):
        if monotonic() < deadline:
            raise
    finally:
        timer.cancel()
    if monotonic() >= deadline:  # an answer cut short may look whole
        raise TimeoutError


def _shut(sock: socket.socket) -> None:
    with suppress(OSError):  # it may be closed already
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # past TLS, which would wait for its peer


def _told(error: Exception) -> str:  # noqa: PLR0911 - a table
    """What went wrong, without a word of the receiver's."""
    match error:
        case _Refused():
            return (
                "leads into a private network or to this machine; if that is meant, name the network in "
                "webhooks.private_networks"
            )
        case ssl.SSLCertVerificationError(verify_message=why):
            return f"has a certificate that is not trusted ({why})"
        case ssl.SSLError(reason=why):
            return f"does not speak TLS as it should ({why})"
        case FileNotFoundError():
            return "cannot be trusted, since webhooks.ca_file is not there"
        case TimeoutError():
            return "does not answer in time"
        case ConnectionResetError() | BrokenPipeError() | HTTPException():
            return "closes the connection or answers no HTTP"
        case OSError(strerror=why):
            return f"cannot be reached ({why})"
    return "has a name that is none"
