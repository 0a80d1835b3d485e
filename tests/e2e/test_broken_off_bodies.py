"""Bodies that break off under way, as those of gateways do whose power is cut, or are no bodies at all."""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.e2e.programs import get, key, serving, written

SETTINGS = "[api]\nworkers = 1\nthreads = 2\n"
LINE = "presence,stairwell=kvarnen-3a,space=attic count=12i 1790848800000000000\n"
UP_TO_THE_COUNT = LINE.index("2i")
"""What is left says one presence, now."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """An address, and a key by role."""
    folder = tmp_path_factory.mktemp("service")
    options = ["--config", written(folder / "trappvakt.toml", SETTINGS), "--data", folder / "data"]
    keys = {role: key(folder / "data", role) for role in ("ingest", "reader")}
    with serving(*options, "serve", "--port", "0") as address:
        yield address, keys


@pytest.mark.parametrize(
    "framed",
    [
        f"Content-Length: {len(LINE)}\r\n\r\n{LINE[:UP_TO_THE_COUNT]}",
        f"Transfer-Encoding: chunked\r\n\r\n{UP_TO_THE_COUNT:x}\r\n{LINE[:UP_TO_THE_COUNT]}\r\n",
        "Transfer-Encoding: chunked\r\n\r\nno size\r\n",
        f"Transfer-Encoding: chunked\r\n\r\n{len(LINE):x}\r\n{LINE}no end",
    ],
    ids=["short", "a chunk short", "no chunk", "a chunk too long"],
)
def test_what_came_of_a_body_is_not_taken_for_all_of_it(served: tuple[str, dict[str, str]], framed: str) -> None:
    """Twelve presences would be one; nothing is kept, and it is no fault of ours."""
    address, keys = served
    head = f"POST /api/v2/write HTTP/1.1\r\nHost: x\r\nAuthorization: Token {keys['ingest']}\r\n"
    answer = _answer_to(address, head + framed)
    assert answer.startswith("HTTP/1.1 422 ")
    assert "send it again" in answer
    assert get(address, "/v1/places", keys["reader"])["items"] == []


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        ("garbage\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nAuthorization Bearer tv_secret\r\n\r\n", 400),
        (f"GET /{'a' * 5000} HTTP/1.1\r\n\r\n", 414),
        (f"GET / HTTP/1.1\r\nCookie: {'a' * 20_000}\r\n\r\n", 431),
        (f"GET / HTTP/1.1\r\n{''.join(f'X-{n}: a' + chr(13) + chr(10) for n in range(200))}\r\n", 431),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: cow\r\n\r\n", 501),
    ],
    ids=["garbage", "no colon", "long address", "long header", "many headers", "coding"],
)
def test_what_is_no_request_is_refused_with_a_problem(
    served: tuple[str, dict[str, str]], request_head: str, status: int
) -> None:
    """As whatever else fails, so that a program finds out in the one way it knows."""
    head, _, body = _answer_to(served[0], request_head).partition("\r\n\r\n")
    problem = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "Content-Type: application/problem+json" in head
    assert (problem["status"], problem["type"]) == (status, "about:blank")
    assert "tv_secret" not in body


def test_a_form_that_breaks_off_is_refused(served: tuple[str, dict[str, str]]) -> None:
    """Its last fields may be those that hold an entry back."""
    address = served[0]
    with urllib.request.urlopen(f"{address}/sign-in", timeout=60) as page:
        cookie = page.headers["Set-Cookie"].partition(";")[0]
        token = page.read().decode().partition('name="token" value="')[2].partition('"')[0]
    form = f"token={token}&key=tv_"
    head = f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form) + 9}"
    answer = _answer_to(address, f"POST /sign-in HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n{form}")
    assert answer.startswith("HTTP/1.1 400 ")


def _answer_to(address: str, request: str) -> str:
    """What is answered to a client that hangs up after this."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=60) as client:
        client.sendall(request.encode())
        client.shutdown(socket.SHUT_WR)
        return client.makefile(encoding="utf-8", newline="").read()
