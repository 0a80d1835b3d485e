"""Clients that stand still in the middle of a request, as gateways do whose network is gone."""

from __future__ import annotations

import socket
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.programs import run, serving, written

SETTINGS = "[api]\nworkers = 1\nthreads = 2\nstalled_seconds = 1\n"


@pytest.mark.parametrize("stall_in_the_body", [False, True])
def test_clients_that_stand_still_keep_no_thread(tmp_path: Path, stall_in_the_body: bool) -> None:
    """Four of them have more than all threads; the next one who asks is answered all the same."""
    options = ["--config", written(tmp_path / "trappvakt.toml", SETTINGS), "--data", tmp_path / "data"]
    token = run(*options, "keys", "create", "--role", "ingest", "--tenant", "norrbo").stdout.strip()
    begun = f"POST /v1/counts HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nAuthorization: Bearer {token}\r\n"
    if stall_in_the_body:
        begun += 'Content-Type: application/json\r\n\r\n{"counts": '
    with serving(*options, "serve", "--port", "0") as address, ExitStack() as stalled:
        where = urlsplit(address)
        for _ in range(4):
            client = stalled.enter_context(socket.create_connection((where.hostname, where.port)))
            client.sendall(begun.encode())
        with urllib.request.urlopen(f"{address}/health/live", timeout=60) as response:
            assert response.status == 200
