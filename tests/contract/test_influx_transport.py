"""InfluxDB behind TLS and behind a proxy: our client writes to what speaks InfluxDB's write protocol, our own API."""

from __future__ import annotations

import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import trustme
from urllib3.exceptions import InsecureRequestWarning

from service.domain.keys import Role
from service.errors import SettingsError, StoreError
from service.stores.influx import connection
from service.stores.influx.connection import InfluxConnection
from tests.api.conftest import Town, served
from tests.contract import proxy
from tests.contract.test_influx_unreachable import settings
from tests.worlds import sqlite_ports

pytestmark = pytest.mark.usefixtures("tried_again_at_once")

LINE = "presence,stairwell=a count=3i 1790812800000000000"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority that nobody else trusts."""
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(sqlite_ports(tmp_path / "data"))


@contextmanager
def encrypted(town: Town, authority: trustme.CA, name: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server with a certificate for this name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    with served(town.app, context) as address:
        yield address


@contextmanager
def proxied(certificate: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy in a process of its own, and what it was asked, once it has ended."""
    command = [sys.executable, proxy.__file__, *map(str, filter(None, [certificate]))]
    asked: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}", asked
        finally:
            process.terminate()
            asked += process.stdout.read().splitlines()


def write(town: Town, url: str, **changes: object) -> None:
    """Write one count as the store does."""
    reached = msgspec.structs.replace(settings(url), timeout_seconds=5, connect_timeout_seconds=5, **changes)
    InfluxConnection(reached, lambda: town.tokens[Role.INGEST]).write("counts", [LINE])


def stored(town: Town) -> list[int]:
    found: list[int] = town.ports.counts.read(1790812800, 1790816400, 3600).counts.tolist()
    return found


def test_a_server_with_an_authority_of_its_own_is_trusted_when_told(
    town: Town, authority: trustme.CA, ca_file: str
) -> None:
    with encrypted(town, authority) as address:
        write(town, address, ca_file=ca_file)
    assert stored(town) == [3]


def test_nothing_is_sent_to_a_server_that_is_not_trusted(town: Town, authority: trustme.CA, ca_file: str) -> None:
    """Neither to one of an unknown authority, nor to one with another name; the message says what to check."""
    with encrypted(town, authority) as address, pytest.raises(StoreError, match=r"\(SSLError\).*ca_file, verify_tls"):
        write(town, address)
    with encrypted(town, authority, "influx.example") as address, pytest.raises(StoreError, match="SSLError"):
        write(town, address, ca_file=ca_file)
    with pytest.raises(SettingsError, match=r"influxdb\.ca_file names .*none\.pem, which is no file"):
        write(town, address, ca_file=f"{ca_file}/none.pem")
    assert stored(town) == []


def test_a_test_server_is_not_asked_who_it_is_when_told_so(town: Town, authority: trustme.CA) -> None:
    """On the operator's own word, and every request reminds of it."""
    with encrypted(town, authority) as address, pytest.warns(InsecureRequestWarning):
        write(town, address, verify_tls=False)
    assert stored(town) == [3]


def test_a_proxy_passes_requests_on(town: Town) -> None:
    with served(town.app) as address, proxied() as (through, asked):
        write(town, address, proxy=through)
    assert stored(town) == [3]
    [line] = asked
    assert line.startswith(f"POST {address}/api/v2/write?")


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_what_is_encrypted_goes_through_a_tunnel(
    town: Town, authority: trustme.CA, ca_file: str, tmp_path: Path, tls: bool
) -> None:
    """The proxy, which may speak TLS itself, sees where to, and no token."""
    certificate = tmp_path / "proxy.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    with (
        encrypted(town, authority) as address,
        proxied(certificate if tls else None) as (through, asked),
    ):
        write(town, address, proxy=through, ca_file=ca_file)
    assert stored(town) == [3]
    assert asked == [f"CONNECT {address.removeprefix('https://')} without token"]


def test_a_proxy_that_is_away_is_told(town: Town) -> None:
    with pytest.raises(StoreError, match=r"cannot be reached \(ProxyError\); check .* influxdb\.url, proxy"):
        write(town, "http://127.0.0.1:9", proxy="http://127.0.0.1:9")


def test_a_thread_that_connects_slowly_does_not_bring_the_old_token_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It began with the token that another thread found refused; all later requests were, until a restart."""
    tokens, begun, refused = ["token-that-was-revoked"], threading.Event(), threading.Event()
    in_time = connection.open_client

    def slowly(*given: object, **more: object) -> object:
        if threading.current_thread() is slow and not refused.is_set():
            begun.set()
            refused.wait(5)
        return in_time(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(connection, "open_client", slowly)
    with served(town.app) as address:
        patient = msgspec.structs.replace(settings(address), timeout_seconds=5, connect_timeout_seconds=5)
        shared = InfluxConnection(patient, lambda: tokens[0])
        tokens[0] = town.tokens[Role.INGEST]

        def be_refused() -> None:
            with pytest.raises(StoreError, match=r"refused the token \(401\)"):
                shared.write("counts", [LINE])

        slow = threading.Thread(target=be_refused)
        slow.start()
        assert begun.wait(5)
        be_refused()
        refused.set()
        slow.join()
        shared.write("counts", [LINE])
    assert stored(town) == [3]
