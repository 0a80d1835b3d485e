"""Webhooks call those whom the settings name, and nobody inside; addresses and secrets stay where they are."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from time import monotonic

import pytest
from structlog.testing import capture_logs

from service.errors import SettingsError
from service.senders.http_webhooks import may_call
from service.settings import load_settings
from service.tick import Tick
from service.usecases.telling.publish import publish
from service.usecases.telling.webhooks import (
    send_events,
)
from tests.receivers import SECRET, Receiver, receiver
from tests.unit.webhooks.subscribing import event, failing, pass_time, ports_to, subscription


def test_redirects_are_not_followed(host: Receiver, tmp_path: Path) -> None:
    publish(ports := ports_to(tmp_path, host.address), event())
    host.answer = 307
    assert failing(ports) == "r1: localhost answers 307; redirects are not followed, name the address itself"
    assert len(host.got) == 1


def test_nothing_listens_there(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        publish(ports := ports_to(tmp_path, f"http://127.0.0.1:{unused.getsockname()[1]}"), event())
    assert failing(ports) == "r1: 127.0.0.1 cannot be reached (Connection refused)"


def test_a_receiver_over_tls_is_who_it_says(tmp_path: Path) -> None:
    """By an authority that is trusted, in the name that was called."""
    (tmp_path / "other").mkdir()
    with receiver(tmp_path) as good, receiver(tmp_path / "other", "elsewhere.example") as other:
        authority = {"webhooks__ca_file": str(tmp_path / "receivers.pem")}
        publish(ports := ports_to(tmp_path, good.address, **authority), event())
        assert send_events(ports) == 1
        for folder, wrong in (("data", {}), ("other", {"webhooks__ca_file": str(tmp_path / "other/receivers.pem")})):
            publish(ports := ports_to(tmp_path / folder, other.address, **wrong), event())
            assert "has a certificate that is not trusted" in failing(ports)
        assert (len(good.got), other.got) == (1, [])


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_not_called(
    host: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    """Also if only one of its addresses does."""
    with receiver(tmp_path, "hooks.example") as inside:
        port = int(inside.address.rpartition(":")[2])
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in ("93.184.215.14", address)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found[::-1])
        publish(ports := ports_to(tmp_path, f"https://hooks.example:{port}"), event())
        assert failing(ports).startswith("r1: hooks.example leads into a private network or to this machine")
        assert inside.got == []


def test_name_servers_that_do_not_answer_hold_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system asks each of them for half a minute and more."""
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: answer.wait(60) and [])
    publish(ports := ports_to(tmp_path, "https://hooks.example", webhooks__timeout_seconds=1), event())
    began = monotonic()
    assert failing(ports) == "r1: hooks.example does not answer in time"
    assert monotonic() - began < 30
    answer.set()


def test_a_network_of_ones_own_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a name that leads into it is called, at the address that was looked at."""
    with receiver(tmp_path, "hooks.example") as inside:
        port = int(inside.address.rpartition(":")[2])
        looked_up: list[object] = []

        def look_up(*asked: object, **_named: object) -> list[object]:
            looked_up.append(asked)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        known = {"webhooks__ca_file": str(tmp_path / "receivers.pem"), "webhooks__private_networks": ["127.0.0.0/8"]}
        publish(ports := ports_to(tmp_path, f"https://hooks.example:{port}", **known), event())
        assert send_events(ports) == 1
        assert looked_up == [("hooks.example", port)]
        assert inside.got[0][0]["Host"] == f"hooks.example:{port}"


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.168.1.1", "224.0.0.1"),
        *("0.1.2.3", "255.255.255.255", "::", "::1", "fe80::1%eth0", "fc00::1", "ff02::1"),
        *("::ffff:10.0.0.1", "::ffff:127.0.0.1", "2002:a00:1::", "64:ff9b::a9fe:a9fe"),
        *("fec0::1", "64:ff9b:1::a00:1", "::10.0.0.1", "192.0.0.8"),
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """However they are written."""
    assert not may_call(address, [], loopback=False)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_addresses_that_are_public(address: str) -> None:
    """These are no loopback either: a host that names this machine leads nowhere else."""
    assert may_call(address, [], loopback=False)
    assert not may_call(address, [], loopback=True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://hooks.example/a"}, "is http, but its host is another machine; use https"),
        ({"url": "https://anna:pw@hooks.example/a"}, "holds a user or a fragment"),
        ({"url": "https://hooks.example:99999/a"}, "is none: Port out of range"),
        ({"url": "https:///a"}, "names no host"),
        ({"url": "https://hooks.example/a b"}, "expected an address like https://"),
        ({"url": "ftp://hooks.example/"}, "expected an address like https://"),
        ({"events": []}, "length >= 1"),
        ({"events": ["trappvakt.episode.vanished"]}, "use one of trappvakt.episode.opened"),
        ({"name": "two words"}, "expected a letter or digit, and then"),
    ],
)
def test_a_subscription_that_is_odd_stops_the_start(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    odd = subscription(tmp_path, "https://hooks.example") | changes
    with pytest.raises(SettingsError, match=said):
        load_settings(environment={}, overrides={"webhooks.subscriptions": [odd]})


def test_names_are_given_once_and_networks_are_networks(tmp_path: Path) -> None:
    twice = [subscription(tmp_path, "https://hooks.example")] * 2
    with pytest.raises(SettingsError, match="are named 'r1'"):
        load_settings(environment={}, overrides={"webhooks.subscriptions": twice})
    with pytest.raises(SettingsError, match="private_networks"):
        load_settings(environment={}, overrides={"webhooks.private_networks": ["10.1.2.3/8"]})


def test_secret_and_address_are_neither_kept_nor_logged(host: Receiver, tmp_path: Path) -> None:
    """The address may hold a secret of its own."""
    ports = ports_to(tmp_path / "data", host.address)
    publish(ports, event())
    host.answer = 500
    with capture_logs() as lines:
        Tick(ports).run()
    pass_time(ports, minutes=2)
    host.answer = 200
    with capture_logs() as later:
        Tick(ports).run()
    assert [line.get("failed") for line in lines if line["event"] == "tick"] == [["webhooks"]]
    assert [line.get("webhooks_taken") for line in later if line["event"] == "tick"] == [1]
    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("*.db*"))
    assert b"r1" in kept
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "in-the-address"):
        assert secret.encode() not in kept
        assert secret not in f"{lines}{later}"
