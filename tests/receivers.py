"""A real receiver of webhooks on this machine, that keeps what it gets and answers as it is told to, or does not."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import trustme

SECRET = "whsec_" + "c2VjcmV0IG9mIGEgcmVjZWl2ZXIsIDMyIGJ5dGVz"


@dataclass
class Receiver:
    """What it got, and how it behaves.

    Parameters
    ----------
    address
        Where it is.
    answer
        Status of every answer.
    manner
        ``promptly``; ``silently``: no answer; ``slowly``: an answer that never comes to its end; ``dropping``: the
        connection is closed; ``noisily``: an answer that is no HTTP.
    refused
        Types of events that are answered 500.
    got
        Headers and bodies of the requests, whatever was answered.
    released
        Set when those that wait are to end.
    """

    address: str = ""
    answer: int = 200
    manner: str = "promptly"
    refused: set[str] = field(default_factory=set)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events it got."""
        return [msgspec.json.decode(body) for _, body in self.got]


@contextmanager
def receiver(folder: Path | None = None, name: str = "localhost") -> Iterator[Receiver]:
    """Run one; with a folder over TLS, whose authority is put there as ``receivers.pem``."""
    kept = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(kept))
    server.daemon_threads = True
    if folder is not None:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.cert_pem.write_to_path(folder / "receivers.pem")
        authority.issue_cert(name).configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    kept.address = f"{'https' if folder else 'http'}://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        kept.released.set()
        server.shutdown()
        server.server_close()


def _handler(kept: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.got.append((dict(self.headers), body))
            match kept.manner:
                case "silently":
                    kept.released.wait()
                case "slowly":
                    self._trickle()
                case "noisily":
                    self.wfile.write(b"220 this is a mail server\r\n")
                case "promptly":
                    self._answer(msgspec.json.decode(body)["type"])

        def _answer(self, kind: str) -> None:
            self.send_response(500 if kind in kept.refused else kept.answer)
            self.send_header("Location", f"{kept.address}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _trickle(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
            while not kept.released.wait(0.05):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    return Handler
