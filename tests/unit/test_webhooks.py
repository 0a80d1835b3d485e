"""Events go out as webhooks, to a real receiver: signed, once, in order, tried again, and sent anew when asked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs

from service.domain.deliveries import Delivery, DeliveryStatus
from service.domain.events import Event, EventType
from service.domain.hotspots import HeldBack
from service.errors import Conflict, NotFound, SettingsError, WebhookError
from service.ports import Ports
from service.scheduler import Tick
from service.senders.http_webhooks import may_call, sign
from service.settings import load_settings
from service.usecases.lists.hotspots import approve_list
from service.usecases.telling.publish import publish
from service.usecases.telling.webhooks import (
    NO_LONGER_SUBSCRIBED,
    list_subscriptions,
    list_webhooks,
    send_again,
    send_all_again,
    send_events,
)
from tests.api.drafts import add, entry
from tests.receivers import SECRET, Receiver, receiver
from tests.worlds import TENANT, sqlite_ports

NOW = datetime.now(UTC).replace(microsecond=0)
LIST = "2026-11-02-001"
ALL = [kind.value for kind in EventType]


@pytest.fixture
def host() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def ports_to(folder: Path, *addresses: str, **more: object) -> Ports:
    """Ports over SQLite, with a subscription to everything at each address: ``r1``, ``r2`` and so on."""
    folder.mkdir(exist_ok=True)
    (folder / "secret").write_text(f"{SECRET}\n")
    named = [subscription(folder, address, f"r{number}") for number, address in enumerate(addresses, start=1)]
    return sqlite_ports(folder, now=NOW, **({"webhooks__subscriptions": named, "webhooks__timeout_seconds": 1} | more))


def subscription(folder: Path, address: str, name: str = "r1", **more: object) -> dict[str, object]:
    known = {"name": name, "url": f"{address}/hook?token=in-the-address", "tenant": TENANT, "events": ALL}
    return known | {"secret_file": str(folder / "secret")} | more


def event(key: str = "1", **more: object) -> Event:
    known = {
        "type": EventType.SENSOR_SILENT,
        "tenant": TENANT,
        "key": key,
        "subject": "hp-17",
        "time": NOW,
        "data": {"sensor": "hp-17", "space": "källare"},
    }
    return Event(**(known | more))


def pass_time(ports: Ports, **time: float) -> None:
    ports.clock.time += timedelta(**time)  # type: ignore[attr-defined]


def only(ports: Ports) -> Delivery:
    [delivery] = ports.deliveries.find()
    return delivery


def failing(ports: Ports) -> str:
    """Send, and tell what the one receiver that fails says."""
    with pytest.raises(ExceptionGroup) as caught:
        send_events(ports)
    [error] = caught.value.exceptions
    assert isinstance(error, WebhookError | SettingsError)
    return str(error)


def test_an_event_goes_to_each_subscription_once(host: Receiver, tmp_path: Path) -> None:
    """However often it is published and the scheduler ticks."""
    ports = ports_to(tmp_path, host.address, host.address)
    for _ in range(2):
        publish(ports, event())
    assert send_events(ports) == 2
    publish(ports, event())
    assert send_events(ports) == 0
    assert len(host.got) == 2
    assert {told["id"] for told in host.events} == {event().event_id}


def test_what_is_sent_is_a_cloud_event_in_structured_mode(host: Receiver, tmp_path: Path) -> None:
    """The required attributes, and names of extensions that CloudEvents allows."""
    publish(ports := ports_to(tmp_path, host.address), event(sequence=3))
    send_events(ports)
    [(headers, body)] = host.got
    assert headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert msgspec.json.decode(body) == {
        "specversion": "1.0",
        "id": event().event_id,
        "source": "trappvakt",
        "type": "trappvakt.sensor.silent",
        "subject": "hp-17",
        "time": NOW.isoformat().replace("+00:00", "Z"),
        "tenant": TENANT,
        "sequence": "000003",
        "datacontenttype": "application/json",
        "data": {"sensor": "hp-17", "space": "källare"},
    }


def test_the_signature_is_that_of_standard_webhooks(host: Receiver, tmp_path: Path) -> None:
    """By the library for receivers, by hand, and not with another secret or body."""
    publish(ports := ports_to(tmp_path, host.address), event())
    send_events(ports)
    [(headers, body)] = host.got
    Webhook(SECRET).verify(body, headers)
    signed = f"{event().event_id}.{int(NOW.timestamp())}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    by_hand = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    sent = {name.lower(): value for name, value in headers.items()}
    assert (sent["webhook-id"], sent["webhook-signature"]) == (event().event_id, f"v1,{by_hand}")
    for secret, altered in (("whsec_" + "AAAA" * 8, body), (SECRET, body + b" ")):
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(secret).verify(altered, headers)


def test_the_published_example_of_the_convention_is_met() -> None:
    """Svix' documentation of how to verify by hand."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_is_exchanged_while_the_service_runs(host: Receiver, tmp_path: Path) -> None:
    """While there are two, either is good."""
    ports, new = ports_to(tmp_path, host.address), "whsec_" + base64.b64encode(bytes(range(32))).decode()
    for key, lines in enumerate((f"{SECRET}\n{new}\n", f"{new}\n")):
        (tmp_path / "secret").write_text(lines)
        publish(ports, event(str(key)))
        send_events(ports)
    (both, body), (one, last) = host.got
    Webhook(SECRET).verify(body, both)
    Webhook(new).verify(body, both)
    Webhook(new).verify(last, one)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(SECRET).verify(last, one)


@pytest.mark.parametrize("content", [None, "", "whsec_", "whsec_c2hvcnQ=", "hemligt-losenord!", "whsec_å"])
def test_without_a_good_secret_nothing_is_sent(host: Receiver, tmp_path: Path, content: str | None) -> None:
    """What the file holds is not told; the event waits until the file is right."""
    ports = ports_to(tmp_path, host.address)
    (tmp_path / "secret").unlink()
    if content is not None:
        (tmp_path / "secret").write_text(content, "utf-8")
    publish(ports, event())
    told = failing(ports)
    assert "secret_file of webhooks.subscriptions 'r1'" in told
    assert not content or content.removeprefix("whsec_") == "" or content not in told
    assert host.got == []
    (tmp_path / "secret").write_text(SECRET)
    pass_time(ports, minutes=2)
    assert send_events(ports) == 1


def test_events_go_to_those_who_subscribe_to_them(host: Receiver, tmp_path: Path) -> None:
    """By type and by tenant; what concerns everybody goes to everybody, as theirs."""
    named = [
        subscription(tmp_path, host.address, "promotions", events=["trappvakt.model.promoted"]),
        subscription(tmp_path, host.address, "neighbours", tenant="grannbolaget"),
    ]
    ports = ports_to(tmp_path, webhooks__subscriptions=named)
    publish(ports, event())
    assert ports.deliveries.find() == []
    publish(ports, event(type=EventType.MODEL_PROMOTED, tenant=None))
    assert send_events(ports) == 2
    assert sorted(told["tenant"] for told in host.events) == ["grannbolaget", TENANT]


def test_old_news_is_none(host: Receiver, tmp_path: Path) -> None:
    """So a subscription that is new is not told of what was; nor is what was forgotten told anew."""
    ports = ports_to(tmp_path, host.address)
    publish(ports, event("old", time=NOW - timedelta(days=7, seconds=1)))
    publish(ports, event())
    assert send_events(ports) == 1
    pass_time(ports, days=31)
    assert send_events(ports) == 0
    assert ports.deliveries.find() == []
    publish(ports, event())
    assert ports.deliveries.find() == []


def test_an_approved_list_is_told_of_without_its_places(host: Receiver, tmp_path: Path) -> None:
    """Where to read it, and the digest of what was approved; whoever may read it does so with a key."""
    ports = ports_to(tmp_path, host.address)
    add(ports, LIST, entry(), entry(rank=2, stairwell="linden-1", address="Linden 1"))
    pass_time(ports, seconds=5)
    approve_list(ports, TENANT, LIST, "anna", [HeldBack(rank=2, reason="flytt")])
    send_events(ports)
    [told] = host.events
    digest = hashlib.sha256(ports.lists.get(TENANT, LIST, approved=True)[1]).hexdigest()
    assert (told["type"], told["subject"]) == ("trappvakt.list.approved", LIST)
    assert told["data"] == {
        "list_id": LIST,
        "number": 1,
        "area": None,
        "approved": told["time"],
        "digest": digest,
        "held_back": 1,
        "tenants": [],
        "path": f"/v1/hotspot-lists/{LIST}",
    }
    with pytest.raises(Conflict):
        approve_list(ports, TENANT, LIST, "anna")
    assert len(ports.deliveries.find()) == 1


def test_an_approval_and_its_event_are_one(host: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it cannot be told, the list stays a draft."""
    ports = ports_to(tmp_path, host.address)
    add(ports, LIST, entry())

    def full(_delivery: Delivery) -> None:
        raise OSError("no room")

    monkeypatch.setattr(ports.deliveries, "put", full)
    with pytest.raises(OSError, match="no room"):
        approve_list(ports, TENANT, LIST, "anna")
    assert ports.lists.get(TENANT, LIST)[0].approved is None


def test_a_joint_list_is_told_to_those_who_subscribe_to_joint_lists(host: Receiver, tmp_path: Path) -> None:
    """The company's own is told to the company."""
    named = [subscription(tmp_path, host.address, "own"), subscription(tmp_path, host.address, "joint", tenant="*")]
    ports = ports_to(tmp_path, webhooks__subscriptions=named, hotspots__share_with_police=[TENANT])
    add(ports, LIST, entry())
    approve_list(ports, TENANT, LIST, "anna")
    assert send_events(ports) == 2
    assert sorted((told["tenant"], told["data"]["tenants"]) for told in host.events) == [("*", [TENANT]), (TENANT, [])]


def test_attempts_come_ever_more_seldom_until_it_is_a_dead_letter(host: Receiver, tmp_path: Path) -> None:
    """Each wait up to half as long again, differently for each; what is sent is the same event."""
    ports = ports_to(tmp_path, host.address, webhooks__give_up_hours=24)
    publish(ports, event())
    host.answer, waits = 503, []
    while only(ports).status is DeliveryStatus.WAITING:
        assert failing(ports) == "r1: localhost answers 503"
        assert send_events(ports) == 0, "not before its time"
        if upcoming := only(ports).next_attempt:
            waits.append((upcoming - ports.clock.now()).total_seconds() / 60)
            ports.clock.time = upcoming  # type: ignore[attr-defined]
    doubled = [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    longer = [wait / least for wait, least in zip(waits, doubled, strict=False)]
    assert len(waits) >= 9
    assert all(1 <= each < 1.5 for each in longer)
    assert len({round(each, 3) for each in longer}) > 5
    assert len({body for _, body in host.got}) == 1
    assert (only(ports).status, only(ports).error) == (DeliveryStatus.GIVEN_UP, "r1: localhost answers 503")
    host.answer = 200
    pass_time(ports, hours=10)
    assert send_events(ports) == 0


def test_a_dead_letter_is_sent_again_when_a_person_says_so(host: Receiver, tmp_path: Path) -> None:
    """Under the same id, signed anew; it is in the audit who asked."""
    ports = ports_to(tmp_path, host.address, webhooks__give_up_hours=1)
    for key in "ab":
        publish(ports, event(key, subject=key))
    host.answer = 500
    for _ in range(2):
        failing(ports)
        failing(ports)
        pass_time(ports, hours=1)
    dead = list_webhooks(ports, TENANT, status=DeliveryStatus.GIVEN_UP)
    assert [one.subject for one in dead] == ["a", "b"]
    [shown] = list_subscriptions(ports, TENANT)
    assert (shown.name, shown.host, shown.waiting, shown.given_up) == ("r1", "localhost", 0, 2)
    host.answer, before = 204, len(host.got)
    assert send_again(ports, TENANT, dead[1].delivery, "anna").status is DeliveryStatus.WAITING
    assert send_events(ports) == 1
    assert send_all_again(ports, TENANT, "r1", "anna") == 1
    assert send_events(ports) == 1
    assert [told["subject"] for told in host.events[before:]] == ["b", "a"]
    assert [body for _, body in host.got[before:]] == [body for _, body in host.got[1::-1]]
    audit = [(one.actor, one.action, one.detail) for one in ports.audit.entries(TENANT)]
    assert audit == [("anna", "webhook.send-again", "to r1")] * 2
    assert send_all_again(ports, TENANT, "r1", "anna") == 0
    assert send_again(ports, TENANT, dead[0].delivery, "anna").attempts == 0, "also what was taken"


def test_what_is_not_there_cannot_be_sent_again(host: Receiver, tmp_path: Path) -> None:
    """Nor another tenant's, nor what is no longer subscribed to."""
    ports = ports_to(tmp_path, host.address)
    publish(ports, event())
    number = only(ports).number
    with pytest.raises(NotFound):
        send_again(ports, "grannbolaget", number, "anna")
    with pytest.raises(NotFound):
        send_all_again(ports, "grannbolaget", "r1", "anna")
    unsubscribed = ports_to(tmp_path)
    assert send_events(unsubscribed) == 0
    assert (only(ports).status, only(ports).error) == (DeliveryStatus.GIVEN_UP, NO_LONGER_SUBSCRIBED)
    with pytest.raises(Conflict):
        send_again(unsubscribed, TENANT, number, "anna")
    assert send_all_again(ports, TENANT, "r1", "anna") == 1
    assert send_events(ports) == 1


def test_events_about_one_subject_keep_their_order(host: Receiver, tmp_path: Path) -> None:
    """A later one waits for the one that is not taken; those of other subjects do not."""
    ports = ports_to(tmp_path, host.address)
    host.refused = {"trappvakt.episode.opened"}
    publish(ports, event("1", type=EventType.EPISODE_OPENED, subject="7-1", sequence=1))
    publish(ports, event("2", type=EventType.EPISODE_CLOSED, subject="7-1", sequence=2))
    publish(ports, event("3", subject="hp-17"))
    failing(ports)
    assert send_events(ports) == 1
    assert host.events[-1]["subject"] == "hp-17"
    host.refused = set()
    pass_time(ports, minutes=2)
    assert send_events(ports) == 2
    assert [told["sequence"] for told in host.events[-2:]] == ["000001", "000002"]


def test_one_receiver_that_fails_holds_up_no_other(host: Receiver, tmp_path: Path) -> None:
    """Neither in its round nor in its order."""
    with receiver() as away:
        away.manner = "silently"
        ports = ports_to(tmp_path, away.address, host.address)
        for key in "abc":
            publish(ports, event(key, subject=key))
        assert failing(ports) == "r1: localhost does not answer in time"
        assert [told["subject"] for told in host.events] == ["a", "b", "c"]
        assert len(away.got) == 1, "the first failure ends its round"


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ("slowly", "does not answer in time"),
        ("dropping", "closes the connection or answers no HTTP"),
        ("noisily", "closes the connection or answers no HTTP"),
    ],
)
def test_a_receiver_that_misbehaves_costs_no_more_than_the_time_out(
    host: Receiver, tmp_path: Path, manner: str, said: str
) -> None:
    """Not even one that sends a byte now and then; over TLS too."""
    with receiver(tmp_path) as secure:
        host.manner = secure.manner = manner
        for one in (host, secure):
            ports = ports_to(
                tmp_path / str(len(one.address)), one.address, webhooks__ca_file=str(tmp_path / "receivers.pem")
            )
            publish(ports, event())
            assert failing(ports) == f"r1: localhost {said}"
            assert len(one.got) == 1


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
        ({"url": "https://hooks.example/a b"}, "matching regex"),
        ({"url": "ftp://hooks.example/"}, "matching regex"),
        ({"events": []}, "length >= 1"),
        ({"events": ["trappvakt.episode.vanished"]}, "nvalid"),
        ({"name": "two words"}, "matching regex"),
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


@pytest.mark.parametrize(("when", "waits", "got"), [("queued", 0, 1), ("before", 2, 1), ("after", 2, 2)])
def test_a_killed_process_loses_no_event(host: Receiver, tmp_path: Path, when: str, waits: int, got: int) -> None:
    """Not between commit and sending, nor after; what may come twice has the same id."""
    ports = ports_to(tmp_path, host.address)
    if (child := os.fork()) == 0:
        publish_and_die(ports, when)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    if waits:
        assert send_events(ports) == 0, "an attempt that was begun is not repeated at once"
        pass_time(ports, minutes=waits)
    assert send_events(ports) == 1
    assert len(host.got) == got
    assert {told["id"] for told in host.events} == {event().event_id}


def publish_and_die(ports: Ports, when: str) -> None:
    """Once the event is queued, before it is handed over, or after."""

    class Deadly:
        def send(self, *what: Any) -> None:
            if when == "after":
                ports.webhooks.send(*what)
            os.kill(os.getpid(), signal.SIGKILL)

    publish(ports, event())
    if when != "queued":
        send_events(replace(ports, webhooks=Deadly()))
    os.kill(os.getpid(), signal.SIGKILL)
