"""Looking up names within a time that is bounded."""

from __future__ import annotations

import socket
import threading
from time import monotonic
from typing import Any, TypeAlias

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
    found: list[Any] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            found.append(error)

    asking = threading.Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(max(deadline - monotonic(), 0.0))
    match found:
        case []:
            raise TimeoutError
        case [Exception() as error]:
            raise error
    return [(family, address) for family, _, _, _, address in found[0]]
