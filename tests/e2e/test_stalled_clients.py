"""Clients that stand still in the middle of a request, as gateways do whose network is gone."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.e2e.programs import key, serving, written

SETTINGS = "[api]\nworkers = 1\nthreads = 2\nstalled_seconds = 1\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """An address, and a key that sends counts."""
    folder = tmp_path_factory.mktemp("service")
    options = ["--config", written(folder / "trappvakt.toml", SETTINGS), "--data", folder / "data"]
    token = key(folder / "data", "ingest")
    with serving(*options, "serve", "--port", "0") as address:
        yield address, token


@pytest.mark.parametrize("stall_in_the_body", [False, True])
def test_clients_that_stand_still_keep_no_thread(served: tuple[str, str], stall_in_the_body: bool) -> None:
    """Four of them have more than all threads; the next one who asks is answered all the same."""
    address, token = served
    begun = f"POST /v1/counts HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nAuthorization: Bearer {token}\r\n"
    if stall_in_the_body:
        begun += 'Content-Type: application/json\r\n\r\n{"counts": '
    with ExitStack() as stalled:
        where = urlsplit(address)
        for _ in range(4):
            client = stalled.enter_context(socket.create_connection((where.hostname, where.port)))
            client.sendall(begun.encode())
        with urllib.request.urlopen(f"{address}/health/live", timeout=60) as response:
            assert response.status == 200
