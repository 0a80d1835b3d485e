"""Looking up names within a time that is bounded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any, TypeAlias, TypeVar

_T = TypeVar("_T")

Address: TypeAlias = tuple[socket.AddressFamily, Any]
"""A family, and an address as its sockets take it."""


def looked_up(host: str, port: int, deadline: float) -> list[Address]:
    """The addresses of a name; name servers that do not answer take the system minutes, which nobody waits for.

    Raises
    ------
    OSError
        If it has none, or is not known by the deadline, in seconds of `time.monotonic`.
    UnicodeError
        If it is no name.
    """
    found = _told(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), deadline)
    return [(family, address) for family, _, _, _, address in found]


def own_name(deadline: float) -> str:
    """The name of this machine as name servers have it, or else its short one; raises OSError as `looked_up` does."""
    return _told(socket.getfqdn, deadline)


def _told(ask: Callable[[], _T], deadline: float) -> _T:
    told: list[_T] = []
    failed: list[Exception] = []

    def listen() -> None:
        try:
            told.append(ask())
        except (OSError, UnicodeError) as error:
            failed.append(error)

    asking = threading.Thread(target=listen, daemon=True)
    asking.start()
    asking.join(max(deadline - monotonic(), 0.0))
    if failed:
        raise failed[0]
    if not told:
        raise TimeoutError
    return told[0]
