"""A forward proxy: passes requests for http on, and tunnels (CONNECT) for everything else.

Run: python proxy.py [CERTIFICATE], the PEM file of a certificate and its key, where the proxy itself speaks TLS. It
prints its port, then a line for each request.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Proxy(BaseHTTPRequestHandler):
    """One client."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Pass a request on and its answer back."""
        self._tell()
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = http.client.HTTPConnection(target.netloc)
        server.request("POST", f"{target.path}?{target.query}", body, dict(self.headers))
        answer = server.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_CONNECT(self) -> None:
        """Pass bytes in both directions until one side has no more."""
        self._tell()
        host, _, port = self.path.partition(":")
        with socket.create_connection((host, int(port))) as server:
            self.send_response(200)
            self.end_headers()
            threading.Thread(target=_pass, args=(server, self.connection), daemon=True).start()
            _pass(self.connection, server)
        self.close_connection = True

    def _tell(self) -> None:
        print(self.command, self.path, "with" if "Authorization" in self.headers else "without", "token", flush=True)

    def log_message(self, *_: object) -> None:
        """Say nothing else."""


def _pass(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(16_384):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:  # the other direction has ended first
        return


def main() -> None:
    """Serve until the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
